/* A domain's event channels. Rules: evtchn.h. */
#ifndef CHANNEL_EVTCHN_TYPES_H
#define CHANNEL_EVTCHN_TYPES_H

#include "lib/types.h"

#define EVTCHN_PORTS        4096 /* two-level ABI, 64-bit guest */
#define EVTCHN_BUCKET_PORTS 128
#define EVTCHN_BUCKETS      (EVTCHN_PORTS / EVTCHN_BUCKET_PORTS)

struct domain;

enum evtchn_state {
	EVTCHN_FREE = 0,
	EVTCHN_RESERVED,
	EVTCHN_UNBOUND, /* waits for remote_domid */
	EVTCHN_INTERDOMAIN,
	EVTCHN_VIRQ,
	EVTCHN_IPI,
	EVTCHN_HYPERVISOR, /* the other end is in the hypervisor: console */
};

struct evtchn {
	u8 state; /* enum evtchn_state */
	u8 virq;
	u16 remote_domid;
	u32 remote_port;
	u32 vcpu;                  /* notified vCPU */
	struct domain *remote;     /* EVTCHN_INTERDOMAIN: alive while the pair is */
	void (*notify)(void *arg); /* EVTCHN_HYPERVISOR: the guest sent */
	void *arg;
};

/* evtchn_table.watchers: vCPUs in sched_op poll by number, and the trace */
#define EVTCHN_WATCHER_POLLERS 0xffffffffUL
#define EVTCHN_WATCHER_TRACE   (1UL << 32)

struct evtchn_table {
	struct evtchn *buckets[EVTCHN_BUCKETS]; /* heap, grown on demand */
	u32 port_limit;                         /* ports below it have a bucket; published last */
	u32 free_hint;                          /* no port below it is free */
	u32 reset_next;                         /* where a reset that was preempted goes on */
	bool closed;  /* evtchn_fini began: no port is given out any more */
	u64 watchers; /* a: who wants to know of each event, EVTCHN_WATCHER_* */
};

#endif
