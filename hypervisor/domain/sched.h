/*
 * The scheduler: per-CPU run queues of vCPUs, idle that halts. schedule() is
 * called only on the way out to a guest (CPU_WORK_RESCHED) and from idle, so no
 * hypervisor code is ever preempted and no vCPU needs a stack of its own.
 *
 * A vCPU that blocks: sched_block() marks it BLOCKED and asks for a
 * reschedule; evtchn_send() sets the pending bits and then calls sched_wake().
 * Both orders are safe since sched_block() looks at the pending bit again
 * after publishing BLOCKED (full barrier; partner in sched_wake()).
 */
#ifndef DOMAIN_SCHED_H
#define DOMAIN_SCHED_H

#include <seam/cpu.h>

#include "domain/domain.h"

/* Boot: once, before any vCPU exists; then once on each CPU. */
void sched_init(void);
void sched_init_cpu(void);

/* A new domain, once it has its vCPUs: its cap. And its end: no vCPU runs any more. */
void sched_domain_init(struct domain *d);
void sched_domain_fini(struct domain *d);

/* A new vCPU: OFFLINE, with its domain's weight. And its end (must not run). */
void sched_vcpu_init(struct vcpu *v);
void sched_vcpu_fini(struct vcpu *v);

/* OFFLINE -> runnable; runnable or blocked -> OFFLINE (also the current one, at its next exit). */
void sched_online(struct vcpu *v);
void sched_offline(struct vcpu *v);

/* v runs on this CPU, neither blocking nor polling: it looks at its events on the way out and need not be woken. */
static inline bool sched_sees_events(const struct vcpu *v)
{
	return v == current_vcpu() && v->sched.state == VCPU_RUNNING && !v->sched.polling;
}

/*
 * Event came: BLOCKED -> runnable and a kick of its CPU; else a kick if it runs elsewhere, so that
 * it looks at its events. One that polls with upcalls masked could not take an upcall: it polls on.
 */
void sched_wake(struct vcpu *v);

/* The same for what also ends a poll whose vCPU has its upcalls masked: a port of the poll, its time, an NMI. */
void sched_wake_anyhow(struct vcpu *v);

/* The current vCPU waits for an event (its upcall mask already clear) / gives way. Takes effect at the exit. */
void sched_block(void);
void sched_yield(void);

/*
 * sched_op poll by the current vCPU: from begin on a wake is not lost, even
 * if upcalls are masked. Then it looks at its ports (evtchn_poll_begin) and calls
 * sched_block() or sched_poll_end(). timeout: v->poll_timer fired.
 */
void sched_poll_begin(void);
void sched_poll_end(void);
void sched_poll_timeout(struct vcpu *v);

/* Pause counts stop and restart all of a domain's vCPUs. sched_pause_domain returns at once;
 * sched_domain_is_quiet() tells when none of its vCPUs runs on any CPU. */
void sched_pause_domain(struct domain *d);
void sched_unpause_domain(struct domain *d);
bool sched_domain_is_quiet(const struct domain *d);

/* What of the CPUs a domain is given. */
struct sched_params {
	u32 weight; /* of each of its vCPUs: 1 .. SCHED_WEIGHT_MAX */
	u32 cap;    /* per cent of one CPU, for all its vCPUs together; 0: no cap */
	u64 affinity; /* CPUs that they may run on, bit by number; those that do not exist are ignored */
};

/*
 * Read and change them, of a domain that exists, at any time. set: 0, or -PV_EINVAL if the weight
 * is out of its range or no CPU of the affinity exists; then nothing has changed. vCPUs that may no
 * longer run where they are leave at their next exit, at the latest. Callers see to it that
 * two changes of one domain do not overlap. Takes run queue locks; hold none.
 */
void sched_domain_get(const struct domain *d, struct sched_params *p);
int sched_domain_set(struct domain *d, const struct sched_params *p) must_check;

/* ns that a vCPU, or all of a domain's together, ran, up to now. Takes run queue locks; hold none. */
u64 sched_vcpu_cpu_time(struct vcpu *v);
u64 sched_domain_cpu_time(const struct domain *d);

/* True if v runs on some CPU now. */
bool sched_vcpu_is_running(const struct vcpu *v);

/*
 * True if the CPU v->sched.cpu holds v's registers and may hold translations of
 * it: it runs there, or sleeps there and will go on without a switch.
 */
bool sched_vcpu_is_loaded(const struct vcpu *v);

/*
 * Choose who runs next here and switch to it (cpu/switch.h: vcpu_switch(prev,
 * next)); called with the guest's registers in cpu_info()->regs. Returns when
 * a guest is to be entered: halts here while there is none.
 */
void schedule(void);

/* This CPU did something for others, so long: whoever runs here is not charged for it. */
void sched_discount(u64 ns);

/* After sched_init_cpu(): first entry of a CPU into scheduling, from boot; never returns (ends in entry.S's exit to the guest). */
void noreturn_fn sched_start(void);

#endif
