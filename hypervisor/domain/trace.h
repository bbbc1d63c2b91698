/*
 * TOUR(18) The trace: what guests and hypervisor do, as records (abi/parley/trace.h) in a
 * ring for each CPU. This is what the places that record see of it, and how it is
 * switched.
 *
 * Which kinds are recorded is domain.trace_kinds, and a copy for each of its vCPUs,
 * vcpu.trace, which changes on the vCPU's own CPU only; so a place that records
 * looks at one byte pair of a structure that it has at hand. A vCPU whose entries
 * are traced has the path VCPU_PATH_IN_C: entry.S then leaves everything to C,
 * and its short paths know nothing of tracing. Events are found by a bit of
 * evtchn_table.watchers. Off, the short paths cost what they did, all else one
 * branch that is predicted.
 *
 * Records may be written with locks held; the functions take none. Not from an NMI
 * and not from a function that ipi_call_cpus() runs.
 *
 * Read next: trace.c, trace_ring.h, ../hypercall/traced.c, ../pv/traced.c.
 */
#ifndef DOMAIN_TRACE_H
#define DOMAIN_TRACE_H

#include <parley/control_op.h>
#include <parley/trace.h>

#include "domain/domain.h"

#define TRACE_BIT(kind) (1U << PV_TRACE_##kind)

/* Kinds for which entry.S must leave its short paths alone. */
#define TRACE_ENTRY_KINDS                                                                         \
	(TRACE_BIT(hypercall) | TRACE_BIT(multicall) | TRACE_BIT(exception) | TRACE_BIT(upcall) | \
	 TRACE_BIT(syscall))

/* Is this kind of v's doings recorded? The kind is one of PV_TRACE_*, without the prefix. */
#define trace_wants(v, kind) unlikely((v)->trace &TRACE_BIT(kind))

/* Is a hypercall of v with this number? Behind trace_wants(). */
static inline bool trace_wants_call(const struct vcpu *v, u64 number)
{
	return number >= 64 || ((READ_ONCE(v->domain->trace_calls) >> number) & 1);
}

/* When something began, for its record's time and cycles. */
struct trace_begin {
	u64 time_ns, tsc, others;
};

/* It begins now. */
struct trace_begin trace_begin(void);

/* It is over: r's time, cycles and others. */
void trace_end(struct pv_trace_record *r, struct trace_begin began);

/* Find out what these two show of themselves, which is left out of every record. */
void trace_measure(void);

/* What is done between these is recording, and no part of what goes on around it but for "own" cycles. */
struct trace_begin trace_pause(void);
void trace_resume(struct trace_begin paused, u64 own);

/*
 * Record r, with r->extra bytes of extra. The CPU, domain and vCPU are filled in
 * here; the time too, if it is 0. v NULL: the hypervisor's own.
 */
void trace_record(struct pv_trace_record *r, const struct vcpu *v, const void *extra);

/* The record of what is about to enter a guest's kernel; its time and cycles are the caller's. */
struct pv_trace_record trace_exception(const struct vcpu *v, const struct cpu_regs *regs,
				       u32 vector, u32 error_code);
struct pv_trace_record trace_upcall(const struct vcpu *v, const struct cpu_regs *regs);
struct pv_trace_record trace_syscall(const struct cpu_regs *regs);

/* Recorded in one place; call behind trace_wants(). A port of v's domain became pending; chn is its record. */
void trace_event(const struct vcpu *v, const struct evtchn *chn, u32 port);

/* d's state is PV_DOMAIN_STATE_*. */
void trace_domain_state(const struct domain *d, u8 state);

extern u32
	trace_switches; /* a: domains whose switches are recorded, and one if the hypervisor's are */

/* This CPU runs v from now on, or nobody (NULL). */
void trace_note_running(struct vcpu *v);

static inline void trace_running(struct vcpu *v)
{
	if (unlikely(READ_ONCE(trace_switches) != 0)) {
		trace_note_running(v);
	}
}

/*
 * v was loaded on this CPU: are its copies of what is recorded, and of whether its frames
 * show an IOPL, still right? Both decide whether its entries are left to C.
 */
void trace_update_vcpu(struct vcpu *v);

/* The same for all that run now, after a change of one of these. Takes no lock. */
void trace_update_running(void);

static inline void trace_vcpu_loaded(struct vcpu *v)
{
	if (unlikely(v->trace != READ_ONCE(v->domain->trace_kinds) ||
		     v->shows_iopl != READ_ONCE(v->domain->shows_iopl))) {
		trace_update_vcpu(v);
	}
}

/* ---- switching and reading ---- */

/*
 * Control operation trace_set. caller NULL: the control line, which gets the records.
 * The first who asks has the trace until all of it is off: -PV_EBUSY to others.
 * -PV_EINVAL: kinds that do not exist; -PV_ESRCH: no such domain; -PV_ENOMEM: no
 * room for the rings, which are made when they are first needed and then kept. No lock held.
 */
long trace_control_set(const struct domain *caller, const struct pv_control_trace *t);

/*
 * Control operation trace_read by a domain: records to its memory, of each CPU in
 * turn. -PV_EBUSY: the trace is not this caller's; -PV_EFAULT: no memory there, nothing was taken.
 */
long trace_control_read(const struct domain *caller, struct pv_control_trace_read *r);

/* Records lost since the boot. */
u64 trace_lost_total(void);

/* A new domain, which others can find by now: it gets what is recorded of all. */
void trace_domain_begins(struct domain *d);

/* A domain is gone and cannot be found any more; a trace that it has asked for stops. No lock held. */
void trace_domain_ends(struct domain *d);

/* The machine is about to stop: send all that every CPU has recorded, waiting as line_send() does. No lock held. */
void trace_finish(void);

/* CPU_WORK_TRACE: send what this CPU's ring holds, as much as goes at once. From the exit or idle, no lock held. */
void trace_drain(void);

#endif
