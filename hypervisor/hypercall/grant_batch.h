/* The operations of grant_table_op that take a list. Read next: grant_batch.c. */
#ifndef HYPERCALL_GRANT_BATCH_H
#define HYPERCALL_GRANT_BATCH_H

#include "lib/types.h"

/*
 * Operation cmd, one of those in grant_table_op.c, on `count` elements at a guest
 * address: what the hypercall returns. It may restart with the elements that are left.
 */
long grant_batch(u32 cmd, u64 list, u64 count);

#endif
