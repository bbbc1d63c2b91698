/*
 * The exception table: places in ring 0 that may fault for a guest's fault, and
 * where to go on then. An entry is two 32-bit offsets, each relative to its own
 * address. Assembly in C uses EX_TABLE(from, to); entry.S has its own macro.
 */
#ifndef CPU_EXTABLE_H
#define CPU_EXTABLE_H

#include "lib/types.h"

#define EX_TABLE(from, to)                     \
	".pushsection .ex_table, \"a\"\n\t"    \
	".balign 4\n\t"                        \
	".long " #from " - ., " #to " - .\n\t" \
	".popsection\n\t"

/* Where to go on after a fault at rip, or 0: nobody expected one there. */
u64 extable_find(u64 rip);

#endif
