/*
 * callback_op: where the hypervisor enters the guest kernel.
 *
 * Read next: trap.h.
 */
#ifndef PARLEY_CALLBACK_H
#define PARLEY_CALLBACK_H

/* abigen:begin numbers */
/* Made from abi/abi.json by `make abi`: change the numbers there. */

/* Operations of callback_op: its argument op, and the structure of each. */
#define PV_CALLBACKOP_register   0 /* pv_callback_register */
#define PV_CALLBACKOP_unregister 1 /* pv_callback_unregister */

/*
 * pv_callback_register.type
 *  - PV_CALLBACK_event: an event is pending
 *  - PV_CALLBACK_failsafe: a segment could not be loaded
 *  - PV_CALLBACK_syscall: SYSCALL in 64-bit user mode
 *  - PV_CALLBACK_sysenter: SYSENTER in user mode
 *  - PV_CALLBACK_syscall32: SYSCALL in 32-bit code, of programs or of the
 *    kernel itself
 */
#define PV_CALLBACK_event               0
#define PV_CALLBACK_failsafe            1
#define PV_CALLBACK_syscall             2
#define PV_CALLBACK_sysenter_deprecated 3
#define PV_CALLBACK_nmi                 4
#define PV_CALLBACK_sysenter            5
#define PV_CALLBACK_syscall32           7

/* pv_callback_register.flags */
#define PV_CALLBACKF_mask_events 0x1 /* enter with upcalls masked */

/* abigen:end numbers */

#ifndef __ASSEMBLER__
#include <parley/types.h>

/* Xen public ABI, structure callback_register. */
struct pv_callback_register {
	uint16_t type;    /* (in) PV_CALLBACK_* */
	uint16_t flags;   /* (in) PV_CALLBACKF_* */
	uint64_t address; /* (in) RIP of the entry */
};

/* Xen public ABI, structure callback_unregister. */
struct pv_callback_unregister {
	uint16_t type; /* (in) PV_CALLBACK_* */
	uint16_t _unused;
};

_Static_assert(sizeof(struct pv_callback_register) == 16, "register layout");
_Static_assert(sizeof(struct pv_callback_unregister) == 4, "unregister layout");

#endif /* __ASSEMBLER__ */
#endif
