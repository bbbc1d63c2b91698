/*
 * Event channels: ports on which a domain is told that something happened, and
 * nothing more. A port is a bit in shared_info; the hypervisor sets it, the
 * guest clears it.
 *
 * Read next: grant_table.h, how two domains share the data behind an event.
 */
#ifndef PARLEY_EVENT_CHANNEL_H
#define PARLEY_EVENT_CHANNEL_H

/* abigen:begin numbers */
/* Made from abi/abi.json by `make abi`: change the numbers there. */

/* Operations of event_channel_op: its argument op, and the structure of each. */
#define PV_EVTCHNOP_bind_interdomain 0  /* pv_evtchn_bind_interdomain */
#define PV_EVTCHNOP_bind_virq        1  /* pv_evtchn_bind_virq */
#define PV_EVTCHNOP_bind_pirq        2  /* pv_evtchn_bind_pirq */
#define PV_EVTCHNOP_close            3  /* pv_evtchn_close */
#define PV_EVTCHNOP_send             4  /* pv_evtchn_send */
#define PV_EVTCHNOP_status           5  /* pv_evtchn_status */
#define PV_EVTCHNOP_alloc_unbound    6  /* pv_evtchn_alloc_unbound */
#define PV_EVTCHNOP_bind_ipi         7  /* pv_evtchn_bind_ipi */
#define PV_EVTCHNOP_bind_vcpu        8  /* pv_evtchn_bind_vcpu */
#define PV_EVTCHNOP_unmask           9  /* pv_evtchn_unmask */
#define PV_EVTCHNOP_reset            10 /* pv_evtchn_reset */
#define PV_EVTCHNOP_init_control     11 /* not offered */
#define PV_EVTCHNOP_expand_array     12 /* not offered */
#define PV_EVTCHNOP_set_priority     13 /* not offered */

/* pv_evtchn_status.status */
#define PV_EVTCHNSTAT_closed      0
#define PV_EVTCHNSTAT_unbound     1
#define PV_EVTCHNSTAT_interdomain 2
#define PV_EVTCHNSTAT_pirq        3
#define PV_EVTCHNSTAT_virq        4
#define PV_EVTCHNSTAT_ipi         5

/* pv_evtchn_bind_pirq.flags */
#define PV_BIND_PIRQ__WILL_SHARE 1

/* Virtual interrupts: sources inside the hypervisor. */
#define PV_VIRQ_TIMER      0 /* per vCPU: the one-shot timer */
#define PV_VIRQ_DEBUG      1 /* per vCPU: "print your state" */
#define PV_VIRQ_CONSOLE    2 /* input on the machine's console */
#define PV_VIRQ_DOM_EXC    3 /* a domain changed its state */
#define PV_VIRQ_TBUF       4
#define PV_VIRQ_DEBUGGER   6
#define PV_VIRQ_XENOPROF   7
#define PV_VIRQ_CON_RING   8
#define PV_VIRQ_PCPU_STATE 9
#define PV_VIRQ_MEM_EVENT  10
#define PV_VIRQ_ARGO       11
#define PV_VIRQ_ENOMEM     12
#define PV_VIRQ_XENPMU     13 /* per vCPU */
#define PV_VIRQ_ARCH_0     16 /* machine checks */

/* abigen:end numbers */

/* Ports of the two-level interface: 1 .. PV_EVTCHN_2L_NR_CHANNELS - 1. */
#define PV_EVTCHN_2L_NR_CHANNELS 4096

/* Numbers of virtual interrupts are below this. */
#define PV_NR_VIRQS   24
#define PV_VIRQ_COUNT PV_NR_VIRQS

/* The FIFO interface: known, not offered (init_control refuses). */
#define PV_EVTCHN_FIFO_PRIORITY_MAX     0
#define PV_EVTCHN_FIFO_PRIORITY_DEFAULT 7
#define PV_EVTCHN_FIFO_PRIORITY_MIN     15
#define PV_EVTCHN_FIFO_MAX_QUEUES       16
#define PV_EVTCHN_FIFO_CONTROL_SIZE     72 /* bytes of a control block */

#ifndef __ASSEMBLER__
#include <parley/types.h>

typedef uint32_t pv_evtchn_port_t;

/* Xen public ABI, structure evtchn_alloc_unbound. */
struct pv_evtchn_alloc_unbound {
	pv_domid_t dom;        /* (in) whose port; PV_DOMID_SELF */
	pv_domid_t remote_dom; /* (in) who may bind to it */
	pv_evtchn_port_t port; /* (out) */
};

/* Xen public ABI, structure evtchn_bind_interdomain. */
struct pv_evtchn_bind_interdomain {
	pv_domid_t remote_dom;        /* (in) */
	pv_evtchn_port_t remote_port; /* (in) unbound, and meant for us */
	pv_evtchn_port_t local_port;  /* (out) */
};

/* Xen public ABI, structure evtchn_bind_virq. */
struct pv_evtchn_bind_virq {
	uint32_t virq;         /* (in) PV_VIRQ_* */
	uint32_t vcpu;         /* (in) 0 for those that are not per vCPU */
	pv_evtchn_port_t port; /* (out) */
};

/* Xen public ABI, structure evtchn_bind_pirq. */
struct pv_evtchn_bind_pirq {
	uint32_t pirq;         /* (in) */
	uint32_t flags;        /* (in) PV_BIND_PIRQ__* */
	pv_evtchn_port_t port; /* (out) */
};

/* Xen public ABI, structure evtchn_bind_ipi. */
struct pv_evtchn_bind_ipi {
	uint32_t vcpu;         /* (in) who is told */
	pv_evtchn_port_t port; /* (out) */
};

/* Xen public ABI, structure evtchn_close. */
struct pv_evtchn_close {
	pv_evtchn_port_t port; /* (in) */
};

/* Xen public ABI, structure evtchn_send. */
struct pv_evtchn_send {
	pv_evtchn_port_t port; /* (in) the local port */
};

/* Xen public ABI, structure evtchn_status. */
struct pv_evtchn_status {
	pv_domid_t dom;        /* (in) whose port; PV_DOMID_SELF */
	pv_evtchn_port_t port; /* (in) */
	uint32_t status;       /* (out) PV_EVTCHNSTAT_* */
	uint32_t vcpu;         /* (out) who is told */
	union {
		struct {
			pv_domid_t dom; /* who may bind */
		} unbound;
		struct {
			pv_domid_t dom;
			pv_evtchn_port_t port;
		} interdomain;
		uint32_t pirq;
		uint32_t virq;
	} u; /* (out) by status */
};

/* Xen public ABI, structure evtchn_bind_vcpu. */
struct pv_evtchn_bind_vcpu {
	pv_evtchn_port_t port; /* (in) */
	uint32_t vcpu;         /* (in) who is told from now on */
};

/* Xen public ABI, structure evtchn_unmask. */
struct pv_evtchn_unmask {
	pv_evtchn_port_t port; /* (in) */
};

/* Xen public ABI, structure evtchn_reset. */
struct pv_evtchn_reset {
	pv_domid_t dom; /* (in) PV_DOMID_SELF */
};

/* Xen public ABI, structure evtchn_init_control. */
struct pv_evtchn_init_control {
	uint64_t control_gfn; /* (in) mfn of the control block's page */
	uint32_t offset;      /* (in) in it */
	uint32_t vcpu;        /* (in) */
	uint8_t link_bits;    /* (out) */
	uint8_t _pad[7];
};

/* Xen public ABI, structure evtchn_expand_array. */
struct pv_evtchn_expand_array {
	uint64_t array_gfn; /* (in) mfn of another page of event words */
};

/* Xen public ABI, structure evtchn_set_priority. */
struct pv_evtchn_set_priority {
	pv_evtchn_port_t port; /* (in) */
	uint32_t priority;     /* (in) 0 is first */
};

/* Xen public ABI, structure evtchn_op: what event_channel_op_compat takes. */
struct pv_evtchn_op {
	uint32_t cmd;  /* (in) PV_EVTCHNOP_* */
	uint32_t u[6]; /* the operation's structure, as long as that is */
};

_Static_assert(sizeof(struct pv_evtchn_op) == 28, "evtchn_op layout");
_Static_assert(sizeof(struct pv_evtchn_alloc_unbound) == 8, "alloc_unbound layout");
_Static_assert(sizeof(struct pv_evtchn_bind_interdomain) == 12, "bind_interdomain layout");
_Static_assert(sizeof(struct pv_evtchn_bind_virq) == 12, "bind_virq layout");
_Static_assert(sizeof(struct pv_evtchn_bind_pirq) == 12, "bind_pirq layout");
_Static_assert(sizeof(struct pv_evtchn_bind_ipi) == 8, "bind_ipi layout");
_Static_assert(sizeof(struct pv_evtchn_close) == 4, "close layout");
_Static_assert(sizeof(struct pv_evtchn_send) == 4, "send layout");
_Static_assert(sizeof(struct pv_evtchn_status) == 24, "status layout");
_Static_assert(sizeof(struct pv_evtchn_bind_vcpu) == 8, "bind_vcpu layout");
_Static_assert(sizeof(struct pv_evtchn_unmask) == 4, "unmask layout");
_Static_assert(sizeof(struct pv_evtchn_reset) == 2, "reset layout");
_Static_assert(sizeof(struct pv_evtchn_init_control) == 24, "init_control layout");
_Static_assert(sizeof(struct pv_evtchn_expand_array) == 8, "expand_array layout");
_Static_assert(sizeof(struct pv_evtchn_set_priority) == 8, "set_priority layout");

#endif /* __ASSEMBLER__ */
#endif
