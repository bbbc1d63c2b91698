/*
 * Recording: what happened becomes a record in this CPU's ring. Everything here
 * runs with interrupts off, so a CPU's ring has one writer.
 *
 * Read next: trace_switch.c (what is recorded), trace_drain.c (where it goes).
 */
#include "domain/trace.h"

#include <seam/cpu.h>

#include "domain/timer.h"
#include "domain/trace_state.h"

struct trace_cpu trace_cpus[HV_MAX_CPUS];
u32 trace_switches;
u16 trace_reader = TRACE_READER_NONE;
u32 trace_default_kinds;

/* Never inlined, so that trace_measure() meets what every other place does. */
#define MEASURED __attribute__((noinline))

static u32
	empty_cycles; /* a: what a clock shows for nothing, between trace_begin() and trace_end() */

MEASURED struct trace_begin trace_begin(void)
{
	struct trace_begin began = { .time_ns = time_now_ns(), .others = *cpu_other_cycles() };

	began.tsc = cpu_read_tsc();
	return began;
}

MEASURED void trace_end(struct pv_trace_record *r, struct trace_begin began)
{
	u64 passed = cpu_read_tsc() - began.tsc;
	u64 own;

	r->time_ns = began.time_ns;
	r->others = *cpu_other_cycles() - began.others;
	own = passed - r->others;
	r->cycles = own - MIN(own, (u64)READ_ONCE(empty_cycles));
}

struct trace_begin trace_pause(void)
{
	struct trace_begin paused = { .tsc = cpu_read_tsc(), .others = *cpu_other_cycles() };

	paused.time_ns = time_now_ns();
	return paused;
}

#define MEASUREMENTS 8

void trace_measure(void)
{
	u32 before = READ_ONCE(empty_cycles);
	u64 least = UINT32_MAX;

	for (u32 i = 0; i < MEASUREMENTS; i++) {
		struct pv_trace_record r;

		trace_end(&r, trace_begin());
		least = MIN(least, r.cycles);
	}
	WRITE_ONCE(empty_cycles, before + (u32)least);
}

static void put(struct pv_trace_record *r, const void *extra)
{
	u32 cpu = cpu_id();
	struct trace_cpu *c = &trace_cpus[cpu];

	/* Partner: the release with which trace_switch.c publishes it. */
	if (__atomic_load_n(&c->ring.bytes, __ATOMIC_ACQUIRE) == NULL) {
		return;
	}
	r->cpu = (u8)cpu;
	(void)trace_ring_put(&c->ring, r, extra);
	if (READ_ONCE(trace_reader) == TRACE_READER_LINE) {
		cpu_info()->work |= CPU_WORK_TRACE;
	}
}

void trace_resume(struct trace_begin paused, u64 own)
{
	u64 passed = cpu_read_tsc() - paused.tsc;

	*cpu_other_cycles() = paused.others + passed - own;
}

void trace_record(struct pv_trace_record *r, const struct vcpu *v, const void *extra)
{
	struct trace_begin paused = trace_pause();

	if (r->time_ns == 0) {
		r->time_ns = paused.time_ns;
	}
	if (v != NULL) {
		r->domid = v->domain->id;
		r->vcpu = (u8)v->id;
	}
	put(r, extra);
	trace_resume(paused, 0);
}

#define VECTOR_PAGE_FAULT 14

struct pv_trace_record trace_exception(const struct vcpu *v, const struct cpu_regs *regs,
				       u32 vector, u32 error_code)
{
	return (struct pv_trace_record){
		.kind = PV_TRACE_exception,
		.number = (u8)MIN(vector, PV_TRACE_NUMBER_OTHER),
		.args = { vector == VECTOR_PAGE_FAULT ? v->cr2 : error_code, regs->rip, error_code,
			  regs->rsp, v->mode == VCPU_MODE_USER },
	};
}

struct pv_trace_record trace_upcall(const struct vcpu *v, const struct cpu_regs *regs)
{
	return (struct pv_trace_record){
		.kind = PV_TRACE_upcall,
		.args = { regs->rip, READ_ONCE(v->info->evtchn_pending_sel) },
	};
}

struct pv_trace_record trace_syscall(const struct cpu_regs *regs)
{
	return (struct pv_trace_record){
		.kind = PV_TRACE_syscall,
		.args = { regs->rax, regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8 },
	};
}

static u8 port_status(const struct evtchn *chn)
{
	switch (READ_ONCE(chn->state)) {
	case EVTCHN_INTERDOMAIN:
	case EVTCHN_HYPERVISOR:
		return PV_EVTCHNSTAT_interdomain;
	case EVTCHN_VIRQ:
		return PV_EVTCHNSTAT_virq;
	case EVTCHN_IPI:
		return PV_EVTCHNSTAT_ipi;
	default:
		return PV_EVTCHNSTAT_unbound;
	}
}

void trace_event(const struct vcpu *v, const struct evtchn *chn, u32 port)
{
	const struct vcpu *me = current_vcpu();
	struct trace_begin paused = trace_pause(); /* a call that sends should not be charged */
	struct pv_trace_record r = { .kind = PV_TRACE_event, .number = port_status(chn) };
	u16 sender = 0;

	if (READ_ONCE(chn->state) == EVTCHN_INTERDOMAIN) {
		sender = chn->remote_domid;
	} else if (r.number == PV_EVTCHNSTAT_ipi) {
		sender = v->domain->id;
	}
	r.args[0] = port;
	r.args[1] = sender;
	r.args[2] = v->id;
	r.args[3] = me != NULL && me->domain->id == sender ? me->id : PV_TRACE_IDLE;
	r.args[4] = r.number == PV_EVTCHNSTAT_virq ? chn->virq : PV_TRACE_IDLE;
	r.time_ns = paused.time_ns;
	trace_record(&r, v, NULL);
	trace_resume(paused, 0);
}

void trace_domain_state(const struct domain *d, u8 state)
{
	struct pv_trace_record r = {
		.kind = PV_TRACE_domain,
		.number = state,
		.domid = d->id,
		.args = { d->shutdown_reason },
	};

	if (unlikely(READ_ONCE(d->trace_kinds) & TRACE_BIT(domain))) {
		trace_record(&r, NULL, NULL);
	}
}

u64 trace_running_id(const struct vcpu *v)
{
	return v == NULL ? PV_TRACE_IDLE : (u64)v->domain->id << 16 | v->id;
}

void trace_note_running(struct vcpu *v)
{
	struct trace_cpu *c = &trace_cpus[cpu_id()];
	u64 id = trace_running_id(v);
	u32 kinds = v == NULL ? READ_ONCE(trace_default_kinds) : READ_ONCE(v->domain->trace_kinds);
	bool wanted = (kinds & TRACE_BIT(switch)) != 0;
	u64 now = time_now_ns();
	struct pv_trace_record r = { .kind = PV_TRACE_switch,
				     .time_ns = now, /* so that each begins where the last ends */
				     .args = { c->running, id } };

	if (id == c->running) {
		return;
	}
	r.args[2] = now - c->since_ns;
	if (wanted || c->running_wanted) {
		trace_record(&r, v, NULL);
	}
	c->running = id;
	c->running_wanted = wanted;
	c->since_ns = now;
}
