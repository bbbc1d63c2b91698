/*
 * domain/trace*.c and hypercall/traced.c: what is recorded, of whom, and where it
 * goes. The line and the handlers of hypercalls are the test's.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <parley/console.h>
#include <parley/errno.h>
#include <parley/event_channel.h>
#include <parley/mmu.h>
#include <parley/types.h>
#include <seam/cpu.h>

#include "channel/evtchn_ops.h"
#include "domain/line.h"
#include "domain/sched.h"
#include "domain/timer.h"
#include "domain/trace_state.h"
#include "fake_clock.h"
#include "fake_guest.h"
#include "hypercall/handlers.h"
#include "mm/alloc.h"
#include "small_domain.h"

u32 cpu_count = 2;
struct domain *domain_list;
struct spinlock domain_life_lock;

static struct domain *a, *b;
static struct vcpu *v;
static bool line_is_busy;
static u8 sent[8 << 20];
static u32 sent_size, frames;

#define RING_RECORDS (u32)(TRACE_RING_SIZE / sizeof(struct pv_trace_record))

/* ---- what the trace calls ---- */

bool line_offer(u8 type, u16 domid, const void *payload, size_t size)
{
	cr_assert_eq(type, PV_LINE_TRACE);
	cr_assert_leq(size, PV_LINE_PAYLOAD_MAX);
	if (line_is_busy) {
		return false;
	}
	memcpy(sent + sent_size, payload, size);
	sent_size += size;
	frames++;
	return true;
}

bool line_offer_is_held(void)
{
	return false;
}

void line_send(u8 type, u16 domid, const void *payload, size_t size)
{
	line_is_busy = false;
	cr_assert(line_offer(type, domid, payload, size));
}

void vcpu_update_path(struct vcpu *of)
{
	of->path = of->mode | of->path_in_c;
}

bool sched_vcpu_is_running(const struct vcpu *of)
{
	return of == current_vcpu();
}

void sched_wake(struct vcpu *of)
{
}

void sched_wake_anyhow(struct vcpu *of)
{
}

/* ---- handlers of calls ---- */

static u64 seen[6];
static bool wants_restart;
static u64 waits; /* so many cycles of a call are spent on others */

static long call_event_channel(u64 op, u64 gva, u64 a3, u64 a4, u64 a5, u64 a6)
{
	struct pv_evtchn_alloc_unbound *arg = (void *)gva;

	fake_tsc += 77 + waits;
	*cpu_other_cycles() += waits;
	if (op == PV_EVTCHNOP_alloc_unbound) {
		arg->port = 9;
		return 0;
	}
	return -PV_EINVAL;
}

static long call_mmu_update(u64 gva, u64 count, u64 done, u64 domid, u64 a5, u64 a6)
{
	u64 args[6] = { gva, count, done, domid, a5, a6 };

	memcpy(seen, args, sizeof(seen));
	return wants_restart ? hypercall_restart(PV_HYPERCALL_mmu_update, gva + 16, count - 1, done,
						 domid) :
			       0;
}

static long call_nothing(u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6)
{
	return -PV_ENOSYS;
}

#define NOTHING8                                                                            \
	call_nothing, call_nothing, call_nothing, call_nothing, call_nothing, call_nothing, \
		call_nothing, call_nothing

const hypercall_fn hypercall_table[PV_HYPERCALL_MAX] = {
	call_nothing,       call_mmu_update,
	call_nothing,       call_nothing,
	call_nothing,       call_nothing,
	call_nothing,       call_nothing,
	call_nothing,       call_nothing,
	call_nothing,       call_nothing,
	call_nothing,       hypercall_multicall,
	call_nothing,       call_nothing,
	NOTHING8,           NOTHING8,
	call_event_channel, call_nothing,
	call_nothing,       call_nothing,
	call_nothing,       call_nothing,
	call_nothing,       call_nothing,
	NOTHING8,           NOTHING8,
	NOTHING8,
};

/* ---- */

static void set_all(u64 domid, u64 kinds, u64 calls)
{
	struct pv_control_trace t = { .domid = (u16)domid, .kinds = kinds, .calls = calls };

	cr_assert_eq(trace_control_set(NULL, &t), 0);
}

static struct domain *new_domain(u16 id, u32 vcpus)
{
	struct domain *d = small_domain(id, vcpus);

	d->next = domain_list;
	domain_list = d;
	return d;
}

static void setup(void)
{
	memset(&fake_cpu_info, 0, sizeof(fake_cpu_info));
	memset(trace_cpus, 0, sizeof(trace_cpus));
	trace_reader = TRACE_READER_NONE;
	fake_tsc = 1000;
	small_domains_init();
	fake_guest_reset();
	timer_init_cpu();
	domain_list = NULL;
	a = new_domain(1, 2);
	b = new_domain(2, 1);
	cr_assert_eq(evtchn_init(a), 0);
	cr_assert_eq(evtchn_init(b), 0);
	v = a->vcpus[0];
	fake_cpu_info.current = v;
	line_is_busy = false;
	sent_size = frames = 0;
}

TestSuite(trace, .init = setup);

/* The next record of this CPU's ring that is not a clock's, and what is behind it. */
static struct pv_trace_record take(void *extra)
{
	u8 bytes[TRACE_RECORD_MAX];
	struct pv_trace_record r;

	do {
		u32 got = trace_ring_peek(&trace_cpus[0].ring, bytes, sizeof(r));

		if (got == 0) {
			got = trace_ring_peek(&trace_cpus[0].ring, bytes, sizeof(bytes));
		}
		cr_assert_gt(got, 0, "a record is there");
		memcpy(&r, bytes, sizeof(r));
		if (extra != NULL) {
			memcpy(extra, bytes + sizeof(r), r.extra);
		}
		trace_ring_take(&trace_cpus[0].ring, (u32)sizeof(r) + r.extra);
	} while (r.kind == PV_TRACE_clock);
	return r;
}

static void no_more(void)
{
	cr_assert(trace_ring_is_empty(&trace_cpus[0].ring));
}

/* ---- switching ---- */

Test(trace, off_costs_no_memory_and_a_refused_set_neither)
{
	struct pv_control_trace t = { .domid = 1, .kinds = 1UL << PV_TRACE_KINDS };
	u64 before = alloc_free_count();

	cr_assert_eq(trace_control_set(NULL, &t), -PV_EINVAL);
	t.kinds = 1;
	cr_assert_eq(trace_control_set(NULL, &t), -PV_EINVAL, "there is no kind 0");
	t = (struct pv_control_trace){ .domid = 7, .kinds = PV_TRACE_ALL };
	cr_assert_eq(trace_control_set(NULL, &t), -PV_ESRCH);
	t = (struct pv_control_trace){ .domid = 1, .reserved = { 0, 0, 1 }, .kinds = PV_TRACE_ALL };
	cr_assert_eq(trace_control_set(NULL, &t), -PV_EINVAL);
	t = (struct pv_control_trace){ 0 };
	cr_assert_eq(trace_control_set(NULL, &t), 0, "off is off");
	cr_assert_eq(alloc_free_count(), before);
	cr_assert_eq(v->trace, 0);
	set_all(1, PV_TRACE_ALL, ~0UL);
	cr_assert_eq(alloc_free_count(), before - 2 * (1U << TRACE_RING_ORDER));
	set_all(1, 0, 0);
	set_all(1, PV_TRACE_ALL, ~0UL);
	cr_assert_eq(alloc_free_count(), before - 2 * (1U << TRACE_RING_ORDER), "made once");
}

Test(trace, without_memory_nothing_is_switched_on)
{
	struct pv_control_trace t = { .domid = 1, .kinds = PV_TRACE_ALL, .calls = ~0UL };
	u64 before;

	while (alloc_free_count() > (1U << TRACE_RING_ORDER) + 10) {
		cr_assert_not_null(alloc_page());
	}
	before = alloc_free_count();
	cr_assert_eq(trace_control_set(NULL, &t), -PV_ENOMEM);
	cr_assert_eq(alloc_free_count(), before, "the first ring went back");
	cr_assert_eq(v->trace, 0);
	cr_assert_eq(a->trace_kinds, 0);
	cr_assert_eq(trace_control_set(b, &t), -PV_ENOMEM);
	cr_assert_eq(trace_control_read(b, &(struct pv_control_trace_read){ 0 }), -PV_EBUSY,
		     "it is still nobody's");
}

Test(trace, a_vcpu_is_brought_up_to_date_on_its_cpu_or_when_it_is_loaded)
{
	set_all(1, 1UL << PV_TRACE_hypercall, ~0UL);
	cr_assert_eq(v->trace, 1U << PV_TRACE_hypercall);
	cr_assert_eq(v->path, VCPU_PATH_IN_C);
	cr_assert_eq(a->vcpus[1]->trace, 0, "it is not loaded anywhere");
	trace_vcpu_loaded(a->vcpus[1]);
	cr_assert_eq(a->vcpus[1]->trace, 1U << PV_TRACE_hypercall);
	cr_assert_eq(b->trace_kinds, 0);
	set_all(1, 1UL << PV_TRACE_switch, ~0UL);
	cr_assert_eq(v->path, VCPU_PATH_KERNEL, "switches need no other entry");
	cr_assert_eq(trace_switches, 1);
	set_all(1, 0, 0);
	cr_assert_eq(v->trace, 0);
	cr_assert_eq(trace_switches, 0);
}

Test(trace, all_means_those_to_come_as_well)
{
	struct domain *c;

	set_all(0, PV_TRACE_ALL, 6);
	cr_assert_eq(a->trace_kinds, PV_TRACE_ALL);
	cr_assert_eq(b->trace_kinds, PV_TRACE_ALL);
	c = new_domain(3, 1);
	trace_domain_begins(c);
	cr_assert_eq(c->trace_kinds, PV_TRACE_ALL);
	cr_assert_eq(c->trace_calls, 6);
	cr_assert_eq(trace_switches, 4, "three domains and the hypervisor");
	domain_list = c->next;
	trace_domain_ends(c);
	cr_assert_eq(trace_switches, 3);
	set_all(0, 0, 0);
	cr_assert_eq(a->trace_kinds, 0);
	cr_assert_eq(a->events.watchers, 0);
	cr_assert_eq(trace_switches, 0);
	c = new_domain(4, 1);
	trace_domain_begins(c);
	cr_assert_eq(c->trace_kinds, 0);
}

/* What is asked of one domain and of all stand side by side, and neither ends the other. */
Test(trace, what_is_asked_of_one_and_of_all_adds_up)
{
	const u64 hypercall = 1UL << PV_TRACE_hypercall, event = 1UL << PV_TRACE_event;
	struct pv_control_trace t = { .domid = 1, .kinds = event };

	set_all(1, hypercall, 2);
	set_all(0, event, ~0UL);
	cr_assert_eq(a->trace_kinds, hypercall | event);
	cr_assert_eq(a->trace_calls, 2, "the other asks for no calls");
	cr_assert_eq(b->trace_kinds, event);
	set_all(0, event | hypercall, 4);
	cr_assert_eq(a->trace_calls, 6);
	cr_assert_eq(b->trace_calls, 4);
	set_all(0, 0, 0);
	cr_assert_eq(a->trace_kinds, hypercall);
	cr_assert_eq(a->trace_calls, 2);
	cr_assert_eq(b->trace_kinds, 0);
	cr_assert_eq(a->events.watchers, 0);
	cr_assert_eq(trace_control_set(b, &t), -PV_EBUSY, "something is asked still");
	set_all(0, hypercall, 8);
	set_all(1, 0, 0);
	cr_assert_eq(a->trace_kinds, hypercall);
	cr_assert_eq(a->trace_calls, 8);
	cr_assert_eq(trace_control_set(b, &t), -PV_EBUSY);
	set_all(0, 0, 0);
	cr_assert_eq(v->trace, 0);
	cr_assert_eq(trace_control_set(b, &t), 0, "nothing is asked any more");
}

Test(trace, one_reader_at_a_time)
{
	struct pv_control_trace t = { .domid = 1, .kinds = PV_TRACE_ALL, .calls = ~0UL };
	struct pv_control_trace_read r = { .bytes = 4096 };

	cr_assert_eq(trace_control_set(b, &t), 0);
	cr_assert_eq(trace_control_set(NULL, &t), -PV_EBUSY);
	cr_assert_eq(trace_control_set(a, &t), -PV_EBUSY);
	cr_assert_eq(trace_control_read(a, &r), -PV_EBUSY);
	cr_assert_eq(fake_cpu_info.work & CPU_WORK_TRACE, 0, "nothing goes to the line");
	trace_domain_ends(b);
	cr_assert_eq(a->trace_kinds, 0, "its trace ends with it");
	cr_assert_eq(v->trace, 0);
	cr_assert_eq(trace_control_set(NULL, &t), 0);
	cr_assert_neq(fake_cpu_info.work & CPU_WORK_TRACE, 0);
}

/* ---- hypercalls ---- */

static struct cpu_regs *regs_of(u64 number, u64 a1, u64 a2, u64 a3, u64 a4)
{
	struct cpu_regs *regs = &cpu_info()->regs;

	*regs = (struct cpu_regs){ .rax = number,
				   .rdi = a1,
				   .rsi = a2,
				   .rdx = a3,
				   .r10 = a4,
				   .r8 = 5,
				   .r9 = 6,
				   .rip = 0x1000 };
	return regs;
}

Test(trace, a_call_is_recorded_with_what_it_wrote)
{
	struct pv_evtchn_alloc_unbound arg = { .dom = PV_DOMID_SELF, .remote_dom = 2 }, got;
	u64 gva = fake_guest_map_here(&arg, sizeof(arg));
	struct cpu_regs *regs =
		regs_of(PV_HYPERCALL_event_channel_op, PV_EVTCHNOP_alloc_unbound, gva, 3, 4);
	u64 now = time_now_ns();
	struct pv_trace_record r;

	set_all(1, 1UL << PV_TRACE_hypercall, ~0UL);
	hypercall_traced(regs);
	cr_assert_eq(regs->rax, 0);
	cr_assert_eq(a->stats_hypercalls[PV_HYPERCALL_event_channel_op], 1);
	r = take(&got);
	cr_assert_eq(r.kind, PV_TRACE_hypercall);
	cr_assert_eq(r.number, PV_HYPERCALL_event_channel_op);
	cr_assert_eq(r.domid, 1);
	cr_assert_eq(r.time_ns, now, "%lu %lu", r.time_ns, now);
	cr_assert_eq(r.cycles, 77);
	cr_assert_eq(r.result, 0);
	cr_assert_eq(r.flags, 0);
	cr_assert_eq(r.args[0], PV_EVTCHNOP_alloc_unbound);
	cr_assert_eq(r.args[1], gva);
	cr_assert_eq(r.args[5], 6);
	cr_assert_eq(r.extra, sizeof(got));
	cr_assert_eq(got.remote_dom, 2);
	cr_assert_eq(got.port, 9);
	no_more();
}

Test(trace, what_others_cost_is_told_apart)
{
	struct cpu_regs *regs = regs_of(PV_HYPERCALL_event_channel_op, PV_EVTCHNOP_send, 0, 0, 0);
	struct pv_trace_record r;

	waits = 1000;
	set_all(1, 1UL << PV_TRACE_hypercall, ~0UL);
	hypercall_traced(regs);
	r = take(NULL);
	cr_assert_eq(r.cycles, 77);
	cr_assert_eq(r.others, 1000);
	waits = 0;
}

/* A record is work for nobody: what it is written within is not charged. */
Test(trace, recording_is_nobodys_work)
{
	u64 before = *cpu_other_cycles();
	struct trace_begin paused = trace_pause();

	fake_tsc += 300;
	*cpu_other_cycles() += 40; /* within those 300 */
	trace_resume(paused, 100);
	cr_assert_eq(*cpu_other_cycles() - before, 200);
}

Test(trace, what_cannot_be_read_is_left_out)
{
	struct cpu_regs *regs = regs_of(PV_HYPERCALL_mmu_update, 0x5000, 3, 0, PV_DOMID_SELF);
	struct pv_trace_record r;

	set_all(1, 1UL << PV_TRACE_hypercall, ~0UL);
	hypercall_traced(regs);
	r = take(NULL);
	cr_assert_eq(r.extra, 0);
	cr_assert_eq(r.args[0], 0x5000);
	hypercall_traced(regs_of(PV_HYPERCALL_mmu_update, HV_VIRT_START, 3, 0, PV_DOMID_SELF));
	cr_assert_eq(take(NULL).extra, 0);
	hypercall_traced(regs_of(PV_HYPERCALL_mmu_update, ~0UL - 20, 0xffffffff, 0, PV_DOMID_SELF));
	cr_assert_eq(take(NULL).extra, 0);
	hypercall_traced(regs_of(PV_HYPERCALL_mmu_update, 0, 3, 0, PV_DOMID_SELF));
	cr_assert_eq(take(NULL).extra, 0);
	no_more();
}

Test(trace, of_a_batch_as_many_as_fit_are_taken_along)
{
	struct pv_mmu_update batch[20], got[8];
	u64 gva = fake_guest_map_here(batch, sizeof(batch));

	for (u32 i = 0; i < ARRAY_SIZE(batch); i++) {
		batch[i] = (struct pv_mmu_update){ .ptr = i, .val = ~i };
	}
	set_all(1, 1UL << PV_TRACE_hypercall, ~0UL);
	hypercall_traced(regs_of(PV_HYPERCALL_mmu_update, gva, 20, 0, PV_DOMID_SELF));
	cr_assert_eq(take(got).extra, PV_TRACE_EXTRA_MAX);
	cr_assert_arr_eq(got, batch, sizeof(got));
	hypercall_traced(regs_of(PV_HYPERCALL_mmu_update, gva + 18 * 16,
				 2 | PV_MMU_UPDATE_PREEMPTED, 0, PV_DOMID_SELF));
	cr_assert_eq(take(got).extra, 32, "the mark is no count");
	cr_assert_eq(got[1].ptr, 19);
}

Test(trace, a_call_that_is_made_again_is_marked)
{
	struct cpu_regs *regs = regs_of(PV_HYPERCALL_mmu_update, 0x5000, 3, 7, PV_DOMID_SELF);
	struct pv_trace_record r;

	wants_restart = true;
	set_all(1, 1UL << PV_TRACE_hypercall, ~0UL);
	hypercall_traced(regs);
	cr_assert_eq(regs->rip, 0x1000 - 2);
	cr_assert_eq(regs->rax, PV_HYPERCALL_mmu_update);
	cr_assert_eq(regs->rdi, 0x5010);
	r = take(NULL);
	cr_assert_eq(r.flags, PV_TRACE_FLAG_restart);
	cr_assert_eq(r.args[0], 0x5000);
}

Test(trace, numbers_that_are_none_and_errors)
{
	struct cpu_regs *regs = regs_of(PV_HYPERCALL_MAX, 1, 2, 3, 4);
	struct pv_trace_record r;

	set_all(1, 1UL << PV_TRACE_hypercall, 1UL << PV_HYPERCALL_event_channel_op);
	hypercall_traced(regs);
	cr_assert_eq((long)regs->rax, -PV_ENOSYS);
	r = take(NULL);
	cr_assert_eq(r.number, PV_TRACE_NUMBER_OTHER);
	cr_assert_eq(r.result, -PV_ENOSYS);
	hypercall_traced(regs_of(~0UL, 1, 2, 3, 4));
	cr_assert_eq(take(NULL).number, PV_TRACE_NUMBER_OTHER);
	hypercall_traced(regs_of(PV_HYPERCALL_event_channel_op, PV_EVTCHNOP_close, 0, 0, 0));
	cr_assert_eq(take(NULL).result, -PV_EINVAL);
	hypercall_traced(regs_of(PV_HYPERCALL_mmu_update, 0x5000, 1, 0, 0));
	cr_assert_eq(seen[0], 0x5000, "made, and not recorded");
	no_more();
}

Test(trace, calls_of_a_multicall_have_records_of_their_own)
{
	struct pv_multicall_entry list[3] = {
		{ .op = PV_HYPERCALL_mmu_update, .args = { 0x5000, 1, 0, PV_DOMID_SELF } },
		{ .op = 99 },
		{ .op = PV_HYPERCALL_event_channel_op, .args = { PV_EVTCHNOP_close } },
	};
	u64 gva = fake_guest_map_here(list, sizeof(list));
	struct pv_trace_record r;

	set_all(1, TRACE_BIT(hypercall) | TRACE_BIT(multicall), ~0UL);
	hypercall_traced(regs_of(PV_HYPERCALL_multicall, gva, 3, 0, 0));
	cr_assert_eq(cpu_info()->regs.rax, 0);
	cr_assert_eq((long)list[1].result, -PV_ENOSYS);
	r = take(NULL);
	cr_assert_eq(r.kind, PV_TRACE_multicall);
	cr_assert_eq(r.number, PV_HYPERCALL_mmu_update);
	cr_assert_eq(r.args[3], PV_DOMID_SELF);
	r = take(NULL);
	cr_assert_eq(r.kind, PV_TRACE_multicall);
	cr_assert_eq(r.result, -PV_EINVAL);
	r = take(NULL);
	cr_assert_eq(r.kind, PV_TRACE_hypercall);
	cr_assert_eq(r.number, PV_HYPERCALL_multicall);
	cr_assert_eq(r.cycles, 77);
	no_more();
	set_all(1, TRACE_BIT(hypercall), ~0UL);
	hypercall_traced(regs_of(PV_HYPERCALL_multicall, gva, 3, 0, 0));
	cr_assert_eq(take(NULL).number, PV_HYPERCALL_multicall);
	no_more();
}

Test(trace, a_restart_within_a_multicall_is_marked)
{
	struct pv_multicall_entry list[1] = {
		{ .op = PV_HYPERCALL_mmu_update, .args = { 0x5000, 3, 0, PV_DOMID_SELF } },
	};
	u64 gva = fake_guest_map_here(list, sizeof(list));

	wants_restart = true;
	set_all(1, TRACE_BIT(hypercall) | TRACE_BIT(multicall), ~0UL);
	hypercall_traced(regs_of(PV_HYPERCALL_multicall, gva, 1, 0, 0));
	cr_assert_eq(take(NULL).flags, PV_TRACE_FLAG_restart);
	cr_assert_eq(take(NULL).flags, PV_TRACE_FLAG_restart, "and so is the batch");
	cr_assert_eq(list[0].args[0], 0x5010);
}

/* ---- events ---- */

Test(trace, an_event_says_from_whom)
{
	int pa = evtchn_alloc_unbound(a, b->id);
	int pb = evtchn_bind_interdomain(b, a->id, (u32)pa);
	int ipi = evtchn_bind_ipi(a, 1);
	struct pv_trace_record r;

	b->shared->evtchn_pending[0] = 0;
	set_all(0, TRACE_BIT(event), 0);
	cr_assert_eq(evtchn_send(a, (u32)pa), 0);
	r = take(NULL);
	cr_assert_eq(r.kind, PV_TRACE_event);
	cr_assert_eq(r.number, PV_EVTCHNSTAT_interdomain);
	cr_assert_eq(r.domid, b->id);
	cr_assert_eq(r.args[0], pb);
	cr_assert_eq(r.args[1], a->id);
	cr_assert_eq(r.args[3], v->id);
	cr_assert_eq(evtchn_send(a, (u32)pa), 0);
	no_more();
	cr_assert_eq(evtchn_send(a, (u32)ipi), 0);
	r = take(NULL);
	cr_assert_eq(r.number, PV_EVTCHNSTAT_ipi);
	cr_assert_eq(r.vcpu, 1);
	cr_assert_eq(r.args[2], 1);
	cr_assert_gt(evtchn_bind_virq(a, PV_VIRQ_TIMER, 0), 0);
	evtchn_virq(v, PV_VIRQ_TIMER);
	r = take(NULL);
	cr_assert_eq(r.number, PV_EVTCHNSTAT_virq);
	cr_assert_eq(r.args[1], 0, "the hypervisor");
	cr_assert_eq(r.args[4], PV_VIRQ_TIMER);
}

/* ---- to the line ---- */

static u32 count_sent(u64 *lost)
{
	struct pv_trace_record r;
	u32 count = 0;

	*lost = 0;
	for (u32 at = 0; at < sent_size; at += (u32)sizeof(r) + r.extra) {
		memcpy(&r, sent + at, sizeof(r));
		if (r.kind == PV_TRACE_lost) {
			*lost += r.args[0];
		} else {
			count++;
		}
	}
	return count;
}

static void storm(u32 calls)
{
	for (u32 i = 0; i < calls; i++) {
		hypercall_traced(regs_of(PV_HYPERCALL_mmu_update, 0x5000, 1, 0, PV_DOMID_SELF));
	}
}

Test(trace, records_go_to_the_line_a_few_frames_a_turn)
{
	u64 lost;

	set_all(1, TRACE_BIT(hypercall), ~0UL);
	storm(300);
	cr_assert_neq(fake_cpu_info.work & CPU_WORK_TRACE, 0);
	fake_cpu_info.work = 0;
	trace_drain();
	cr_assert_eq(frames, 4);
	cr_assert(timer_is_set(&trace_cpus[0].again), "the rest is looked for later");
	while (timer_is_set(&trace_cpus[0].again)) {
		fake_tsc += 1000000;
		timer_run();
		cr_assert_neq(fake_cpu_info.work & CPU_WORK_TRACE, 0);
		fake_cpu_info.work = 0;
		trace_drain();
	}
	cr_assert_eq(count_sent(&lost), 301, "and the clock's");
	cr_assert_eq(lost, 0);
}

Test(trace, a_line_that_takes_nothing_holds_nobody_up_and_loses_what_is_counted)
{
	u64 lost, made = 1;
	u32 got;

	set_all(1, TRACE_BIT(hypercall), ~0UL);
	line_is_busy = true;
	for (u32 turn = 0; turn < 50; turn++) {
		storm(600);
		made += 600;
		trace_drain();
		line_is_busy = turn % 20 != 19;
	}
	cr_assert(timer_is_set(&trace_cpus[0].again));
	storm(10);
	made += 10;
	trace_finish();
	got = count_sent(&lost);
	cr_assert_eq(got + lost, made, "sent and lost make %lu", made);
	cr_assert_gt(lost, 0);
	cr_assert_eq(trace_lost_total(), lost);
}

/* ---- to a domain ---- */

/* The domain's memory ends behind what is copied at once: that is told, and the rest is left for the next call. */
Test(trace, what_was_taken_is_told)
{
	static u8 room[65536];
	u64 gva = fake_guest_map_here(room, sizeof(room));
	struct pv_control_trace t = { .domid = 1, .kinds = PV_TRACE_ALL, .calls = ~0UL };
	u32 size = sizeof(struct pv_trace_record), piece = PV_LINE_PAYLOAD_MAX / size * size;
	struct pv_control_trace_read read = { .bytes = sizeof(room),
					      .data = gva + sizeof(room) - piece };

	cr_assert_eq(trace_control_set(b, &t), 0);
	storm(59); /* and the clock's */
	fake_cpu_info.cpu = 1;
	storm(2);
	cr_assert_eq(trace_control_read(b, &read), 0);
	cr_assert_eq(read.bytes, piece);
	read = (struct pv_control_trace_read){ .bytes = 60 * size - piece,
					       .data = gva + sizeof(room) - (60 * size - piece) };
	cr_assert_eq(trace_control_read(b, &read), 0);
	cr_assert_eq(read.bytes, 60 * size - piece, "all of the first CPU's");
	read = (struct pv_control_trace_read){ .bytes = sizeof(room), .data = gva + sizeof(room) };
	cr_assert_eq(trace_control_read(b, &read), -PV_EFAULT);
	read.data = gva;
	cr_assert_eq(trace_control_read(b, &read), 0);
	cr_assert_eq(read.bytes, 2 * size);
	cr_assert_eq(((struct pv_trace_record *)room)[0].cpu, 1);
}

Test(trace, a_domain_takes_records_from_all_cpus)
{
	static u8 room[65536];
	u64 gva = fake_guest_map_here(room, sizeof(room));
	struct pv_control_trace t = { .domid = 1, .kinds = PV_TRACE_ALL, .calls = ~0UL };
	struct pv_control_trace_read read = { .bytes = sizeof(room), .data = gva };

	cr_assert_eq(trace_control_set(b, &t), 0);
	storm(5);
	fake_cpu_info.cpu = 1;
	storm(2);
	read.data = 0x123000;
	cr_assert_eq(trace_control_read(b, &read), -PV_EFAULT);
	read.data = gva;
	cr_assert_eq(trace_control_read(b, &read), 0);
	cr_assert_eq(read.bytes, 8 * sizeof(struct pv_trace_record), "and the clock's");
	cr_assert_eq(((struct pv_trace_record *)room)[7].cpu, 1);
	cr_assert_eq(read.lost, 0);
	read.bytes = sizeof(room);
	cr_assert_eq(trace_control_read(b, &read), 0);
	cr_assert_eq(read.bytes, 0);
	storm(RING_RECORDS + 500);
	read.bytes = sizeof(struct pv_trace_record) + 8;
	cr_assert_eq(trace_control_read(b, &read), 0);
	cr_assert_eq(read.bytes, sizeof(struct pv_trace_record), "whole ones");
	cr_assert_eq(read.lost, 500);
	cr_assert_eq(trace_control_read(b, &read), 0);
	cr_assert_eq(read.lost, 0, "told once");
}

/* What was lost for another, or is behind what was lost, is not this reader's. */
Test(trace, a_new_reader_hears_nothing_of_the_last_ones)
{
	static u8 room[65536];
	u64 gva = fake_guest_map_here(room, sizeof(room));
	struct pv_control_trace t = { .domid = 1, .kinds = PV_TRACE_ALL, .calls = ~0UL };
	struct pv_control_trace_read read = { .bytes = sizeof(room), .data = gva };

	cr_assert_eq(trace_control_set(a, &t), 0);
	storm(RING_RECORDS + 500);
	t.kinds = 0;
	cr_assert_eq(trace_control_set(a, &t), 0);
	t.kinds = PV_TRACE_ALL;
	cr_assert_eq(trace_control_set(b, &t), 0);
	storm(2);
	cr_assert_eq(trace_control_read(b, &read), 0);
	cr_assert_eq(read.bytes, 3 * sizeof(struct pv_trace_record), "and the clock's");
	cr_assert_eq(read.lost, 0);
	cr_assert_eq(((struct pv_trace_record *)room)[0].kind, PV_TRACE_clock);
	cr_assert_gt(trace_lost_total(), 0, "of all that was lost since the boot it is told");
}
