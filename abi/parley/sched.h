/*
 * sched_op: what a vCPU asks of the scheduler, and how a domain ends.
 *
 * Read next: vcpu.h.
 */
#ifndef PARLEY_SCHED_H
#define PARLEY_SCHED_H

/* abigen:begin numbers */
/* Made from abi/abi.json by `make abi`: change the numbers there. */

/* Operations of sched_op: its argument op, and the structure of each. */
#define PV_SCHEDOP_yield           0
#define PV_SCHEDOP_block           1 /* unmask and sleep until an event */
#define PV_SCHEDOP_shutdown        2 /* pv_sched_shutdown */
#define PV_SCHEDOP_poll            3 /* pv_sched_poll */
#define PV_SCHEDOP_remote_shutdown 4 /* pv_sched_remote_shutdown */
#define PV_SCHEDOP_shutdown_code   5 /* not offered */
#define PV_SCHEDOP_watchdog        6 /* pv_sched_watchdog */
#define PV_SCHEDOP_pin_override    7 /* pv_sched_pin_override */

/* pv_sched_shutdown.reason */
#define PV_SHUTDOWN_poweroff   0
#define PV_SHUTDOWN_reboot     1
#define PV_SHUTDOWN_suspend    2
#define PV_SHUTDOWN_crash      3
#define PV_SHUTDOWN_watchdog   4
#define PV_SHUTDOWN_soft_reset 5

/* abigen:end numbers */

#define PV_SHUTDOWN_MAX 5

#define PV_SCHED_POLL_MAX_PORTS 128 /* most ports of one poll */

#ifndef __ASSEMBLER__
#include <parley/types.h>

/* Xen public ABI, structure sched_shutdown. */
struct pv_sched_shutdown {
	uint32_t reason; /* (in) PV_SHUTDOWN_* */
};

/* Xen public ABI, structure sched_poll. */
struct pv_sched_poll {
	uint64_t ports;    /* (in) guest address of u32 ports */
	uint32_t nr_ports; /* (in) 0 .. PV_SCHED_POLL_MAX_PORTS */
	uint64_t timeout;  /* (in) absolute ns; 0: for ever */
};

/* Xen public ABI, structure sched_remote_shutdown. */
struct pv_sched_remote_shutdown {
	pv_domid_t domain_id;
	uint32_t reason;
};

/* Xen public ABI, structure sched_watchdog. */
struct pv_sched_watchdog {
	uint32_t id;      /* (in) 0: a new one */
	uint32_t timeout; /* (in) seconds; 0: stop it */
};

/* Xen public ABI, structure sched_pin_override. */
struct pv_sched_pin_override {
	int32_t pcpu; /* (in) negative: as before */
};

_Static_assert(sizeof(struct pv_sched_shutdown) == 4, "shutdown layout");
_Static_assert(sizeof(struct pv_sched_poll) == 24, "poll layout");
_Static_assert(sizeof(struct pv_sched_remote_shutdown) == 8, "remote_shutdown layout");
_Static_assert(sizeof(struct pv_sched_watchdog) == 8, "watchdog layout");
_Static_assert(sizeof(struct pv_sched_pin_override) == 4, "pin_override layout");

#endif /* __ASSEMBLER__ */
#endif
