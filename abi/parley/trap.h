/*
 * Traps and segments: the table a guest registers for its exceptions, the
 * selectors it finds in every GDT, and the segment bases.
 *
 * A guest's code runs in ring 3 always. When the hypervisor enters the guest
 * kernel it pushes, from low to high: RCX, R11, [error code], RIP,
 * CS | mask << 32, RFLAGS, RSP, SS, on a stack aligned to 16 before the push.
 *
 * Read next: vcpu.h.
 */
#ifndef PARLEY_TRAP_H
#define PARLEY_TRAP_H

#include <parley/types.h>

/* Selectors of the hypervisor's flat segments, in page 14 of each GDT. */
#define PV_FLAT_RING3_CS32 0xe023
#define PV_FLAT_RING3_CS64 0xe033
#define PV_FLAT_RING3_DS32 0xe02b
#define PV_FLAT_RING3_DS64 0x0000
#define PV_FLAT_RING3_SS32 0xe02b
#define PV_FLAT_RING3_SS64 0xe02b
#define PV_FLAT_KERNEL_CS  PV_FLAT_RING3_CS64
#define PV_FLAT_KERNEL_DS  PV_FLAT_RING3_DS64
#define PV_FLAT_KERNEL_SS  PV_FLAT_RING3_SS64
#define PV_FLAT_USER_CS32  PV_FLAT_RING3_CS32
#define PV_FLAT_USER_SS32  PV_FLAT_RING3_SS32
#define PV_FLAT_USER_CS    PV_FLAT_RING3_CS64
#define PV_FLAT_USER_DS    PV_FLAT_RING3_DS64
#define PV_FLAT_USER_SS    PV_FLAT_RING3_SS64

/* The guest's part of the GDT ends where the hypervisor's begins. */
#define PV_FIRST_RESERVED_GDT_PAGE  14
#define PV_FIRST_RESERVED_GDT_BYTE  (PV_FIRST_RESERVED_GDT_PAGE * 4096)
#define PV_FIRST_RESERVED_GDT_ENTRY (PV_FIRST_RESERVED_GDT_BYTE / 8)
#define PV_GDT_ENTRIES_PER_FRAME    512
#define PV_LDT_ENTRIES_MAX          8192

/* abigen:begin numbers */
/* Made from abi/abi.json by `make abi`: change the numbers there. */

/* Operations of set_segment_base: its argument which. */
#define PV_SEGBASE_FS          0
#define PV_SEGBASE_GS_USER     1
#define PV_SEGBASE_GS_KERNEL   2
#define PV_SEGBASE_GS_USER_SEL 3 /* load a selector, not a base */

/* pv_trap_info.flags; below bit 2 the lowest privilege that may INT n. */
#define PV_TRAP_DPL_MASK    3 /* lowest privilege that may INT n */
#define PV_TRAP_MASK_EVENTS 4 /* enter with upcalls masked */

/* abigen:end numbers */

#define PV_TRAP_VECTORS 256

/* set_debugreg and get_debugreg: what DR6 and DR7 hold at first. */
#define PV_DEBUGREG_COUNT 8
#define PV_DR6_DEFAULT    PV_U64(0xffff0ff0)
#define PV_DR7_DEFAULT    PV_U64(0x400)

#ifndef __ASSEMBLER__

/* Xen public ABI, structure trap_info. */
struct pv_trap_info {
	uint8_t vector;   /* (in) 0 .. 255 */
	uint8_t flags;    /* (in) PV_TRAP_* */
	uint16_t cs;      /* (in) code selector of the handler */
	uint64_t address; /* (in) of the handler; 0 ends a list */
};

#define PV_TI_GET_DPL(ti) ((ti)->flags & PV_TRAP_DPL_MASK)
#define PV_TI_GET_IF(ti)  ((ti)->flags & PV_TRAP_MASK_EVENTS)

_Static_assert(sizeof(struct pv_trap_info) == 16, "trap_info layout");

#endif /* __ASSEMBLER__ */
#endif
