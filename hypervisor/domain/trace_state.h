/*
 * The trace's own state, for the files domain/trace*.c only; others use trace.h.
 *
 * trace.c records, trace_switch.c says what is recorded and for whom, trace_drain.c
 * hands records on.
 */
#ifndef DOMAIN_TRACE_STATE_H
#define DOMAIN_TRACE_STATE_H

#include "domain/timer_types.h"
#include "domain/trace.h"
#include "domain/trace_ring.h"
#include "lib/lock.h"
#include "mm/layout.h"

/* trace_reader: who gets the records; a domain's number, or */
#define TRACE_READER_LINE 0
#define TRACE_READER_NONE 0xffff

struct trace_cpu {
	struct trace_ring ring;
	struct spinlock reader; /* who reads holds it; a leaf */
	u64 running;            /* this CPU only: as in a record of a switch */
	u64 since_ns;           /* this CPU only: of that */
	bool running_wanted;    /* this CPU only: its end is recorded */
	struct timer again;     /* this CPU only: looks whether more can be sent */
} aligned_to(64);

extern struct trace_cpu trace_cpus[HV_MAX_CPUS];
extern u16 trace_reader;        /* a */
extern u32 trace_default_kinds; /* a: of all domains, and of the hypervisor itself */

/* The number by which a record of a switch names a vCPU, NULL: none. */
u64 trace_running_id(const struct vcpu *v);

/*
 * The next reader shall hear nothing of what was recorded or lost for the last one. While
 * nothing is recorded.
 */
void trace_forget(void);

/* This CPU's timer has fired: more may be sent now. */
void trace_drain_again(void *unused);

#endif
