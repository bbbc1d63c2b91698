/* Names for addresses of the hypervisor's code, from the table that tools/symtab puts into the image. */
#ifndef CPU_SYMBOLS_H
#define CPU_SYMBOLS_H

#include "lib/types.h"

/* True if the address lies in the hypervisor's code. */
bool symbol_is_code(u64 address);

/* The function an address lies in and how far, or NULL. */
const char *symbol_name(u64 address, u64 *offset);

#endif
