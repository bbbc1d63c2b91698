/*
 * Edge values for every argument and field of every call that the dispatch table
 * serves (T6), on the handlers themselves, under sanitizers: the result is one that
 * abi.json lists, no lock is held, no memory but what is listed changes, and the
 * books are right after. What is swept: tests/edges/edges.h.
 *
 * The domain is made anew after calls that end or block it, and now and then so that
 * what earlier calls used up does not hide what later ones do.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "host_names.h"

#include "lib/string.h"

#include <seam/cpu.h>
#include <seam/directmap.h>

#include "channel/evtchn.h"
#include "channel/evtchn_ops.h"
#include "cpu/ipi.h"
#include "domain/ended.h"
#include "domain/lifecycle.h"
#include "domain/reap.h"
#include "domain/sched.h"
#include "domain/spec.h"
#include "domain/timer.h"
#include "drivers/acpi.h"
#include "drivers/uart.h"
#include "edges.h"
#include "fake_guest.h"
#include "fake_points.h"
#include "lib/log.h"
#include "machine.h"

#define FRAMES        512
#define RESTARTS_MAX  3
#define CALLS_A_WORLD 2000
#define CHECK_EVERY   64

static struct edge_world w;
static struct domain *d, *neighbour;
static u64 memory[EDGE_MEMORY / 8], before[EDGE_MEMORY / 8];
static u8 page[2 * PAGE_SIZE] aligned_to(PAGE_SIZE);
static u32 calls;
static u64 failures_told;

/* ---- the machine, where the small one has none ---- */

struct uart uart_com2;

size_t uart_write(struct uart *uart, const void *data, size_t size)
{
	return size;
}

bool uart_flush(struct uart *uart)
{
	return true;
}

void ipi_kick(u32 cpu)
{
}

void acpi_poweroff(void)
{
	panic("no domain is left");
}

/* Domains that end are taken apart by the test itself. */
void reap_init(void)
{
}

void reap_add(struct domain *ended)
{
}

void reap_add_unborn(struct domain *ended)
{
}

void reap_unborn(struct domain *ended)
{
}

void domain_reap(void)
{
}

/* ---- the world ---- */

/* What the end of a domain looks at: it is not started again, and its report is not kept. */
static struct domain_spec spec = { .once = true };
static struct ended record;

/* One that can be bound, one that can be sent on, one that waits for another. */
static void make_ports(void)
{
	int ports[] = { evtchn_alloc_unbound(d, d->id), evtchn_bind_ipi(d, 1),
			evtchn_alloc_unbound(d, neighbour->id) };

	for (u32 i = 0; i < ARRAY_SIZE(ports); i++) {
		cr_assert_gt(ports[i], 0);
		w.ports[i] = (u32)ports[i];
	}
	w.port_count = ARRAY_SIZE(ports);
}

/* What the small machine leaves out, as it has no calls about it. */
static void finish_domain(struct domain *new)
{
	cr_assert_eq(evtchn_init(new), 0);
	for (u32 i = 0; i < new->vcpu_count; i++) {
		sched_vcpu_init(new->vcpus[i]);
	}
	new->spec = &spec;
	new->record = &record;
	lifecycle_begin();
	new->life = DOMAIN_BUILDING;
	cr_assert(lifecycle_start(new));
}

static void make_world(void)
{
	struct machine_space s;

	machine_init(FRAMES);
	sched_init();
	timer_init_cpu();
	sched_init_cpu();
	d = machine_domain(1, 2, FRAMES / 4);
	neighbour = machine_domain(2, 1, 8);
	finish_domain(d);
	finish_domain(neighbour);
	s = machine_space(d);
	w.frames[0] = machine_frame(d).v;
	w.frames[1] = s.table[1].v;
	w.frames[2] = s.table[4].v;
	w.frames[3] = neighbour->shared_mfn.v;
	w.frame_count = 4;
	cr_assert_eq(mm_begin(&d->mm), 0);
	cr_assert_eq(frame_pin(&d->mm, s.table[4], FRAME_L4), 0);
	cr_assert_eq(frame_get_type(&d->mm, s.table[4], FRAME_L4), 0);
	mm_end(&d->mm);
	vcpu_set_kernel_root(d->vcpus[0], mfn_to_maddr(s.table[4]).v);
	d->vcpus[0]->initialised = true;
	machine_run(0, d->vcpus[0]);
	make_ports();
	calls = 0;
}

static void stop_timers(struct domain *old)
{
	for (u32 i = 0; i < old->vcpu_count; i++) {
		timer_stop(&old->vcpus[i]->singleshot);
		timer_stop(&old->vcpus[i]->periodic);
		timer_stop(&old->vcpus[i]->poll_timer);
	}
}

static void end_world(void)
{
	const char *why = machine_check();

	cr_assert_null(why, "%s", why);
	stop_timers(d);
	stop_timers(neighbour);
	evtchn_fini(d);
	evtchn_fini(neighbour);
	machine_kill(d);
	machine_kill(neighbour);
}

static bool is_well(void)
{
	return d->life == DOMAIN_ALIVE && current_vcpu() == d->vcpus[0] &&
	       d->vcpus[0]->sched.state == VCPU_RUNNING;
}

static void renew_world(struct edge_world *world)
{
	if (!is_well() || calls > CALLS_A_WORLD) {
		end_world();
		make_world();
	}
}

/* ---- the calls ---- */

static bool call(struct edge_world *world, u32 number, u64 args[EDGE_ARGS], long *result)
{
	struct cpu_regs *regs = &cpu_info()->regs;

	renew_world(world);
	calls++;
	for (u32 restarts = 0; restarts <= RESTARTS_MAX; restarts++) {
		regs->rip = 1000;
		*result = hypercall_table[number](args[0], args[1], args[2], args[3], args[4],
						  args[5]);
		if (fake_locks_held != 0) {
			cr_assert_fail("call %u: a lock is held", number);
		}
		if (calls % CHECK_EVERY == 0) {
			const char *why = machine_check();

			cr_assert_null(why, "call %u: %s", number, why);
		}
		if (regs->rip == 1000) {
			return true;
		}
		args[0] = regs->rdi;
		args[1] = regs->rsi;
		args[2] = regs->rdx;
		args[3] = regs->r10;
	}
	return false;
}

static void failed(struct edge_world *world, const struct edge_call *c,
		   const struct edge_operation *op, const u64 args[EDGE_ARGS], long result,
		   const char *what)
{
	cr_expect_fail("%s %s(%#lx, %#lx, %#lx, %#lx) = %ld: %s", c->name, op ? op->name : "",
		       args[0], args[1], args[2], args[3], result, what);
	if (++failures_told == 20) {
		cr_assert_fail("and more");
	}
}

static void setup(void)
{
	machine_is_quiet = true;
	fake_guest_reset();
	fake_guest_map_here(memory, sizeof(memory));
	fake_guest_map_here(page, sizeof(page));
	w = (struct edge_world){
		.memory = (u8 *)memory,
		.before = (u8 *)before,
		.page = (u64)page,
		.pfn = 3,
		.domid = 1,
		.other = 2,
		.now_ns = 1000000,
		.spread = 2,
		.call = call,
		.repair = renew_world,
		.failed = failed,
	};
	make_world();
}

TestSuite(edges, .init = setup, .fini = end_world);

/* Every fourth call, so that they run beside each other. */
static void sweep_fourth(u32 first)
{
	for (u32 i = first; i < edge_call_count; i += 4) {
		if (edge_calls[i].is_served) {
			edge_sweep_call(&w, &edge_calls[i]);
		}
	}
	cr_assert_gt(w.passed, 1000);
	cr_assert_eq(w.failures, 0);
}

Test(edges, calls_first)
{
	sweep_fourth(0);
}

Test(edges, calls_second)
{
	sweep_fourth(1);
}

Test(edges, calls_third)
{
	sweep_fourth(2);
}

Test(edges, calls_fourth)
{
	sweep_fourth(3);
}

/* ---- the sweep itself: what it must find ---- */

static u64 found;

static void count_failure(struct edge_world *world, const struct edge_call *c,
			  const struct edge_operation *op, const u64 args[EDGE_ARGS], long result,
			  const char *what)
{
	found++;
}

static bool answer_strangely(struct edge_world *world, u32 number, u64 args[EDGE_ARGS],
			     long *result)
{
	*result = -PV_EXDEV;
	return true;
}

/* Writes behind the first byte of what it is given to read, or over it. */
static bool write_astray(struct edge_world *world, u32 number, u64 args[EDGE_ARGS], long *result)
{
	world->memory[EDGE_MEMORY - 1] ^= 1;
	*result = 0;
	return true;
}

static const struct edge_call *call_by_number(u32 number)
{
	for (u32 i = 0; i < edge_call_count; i++) {
		if (edge_calls[i].number == number) {
			return &edge_calls[i];
		}
	}
	cr_assert_fail("no call %u", number);
	return NULL;
}

/* The sweep of a call of which every answer is wrong. */
static void sweep_wrongly(bool (*answer)(struct edge_world *world, u32 number, u64 args[EDGE_ARGS],
					 long *result))
{
	w.call = answer;
	w.failed = count_failure;
	edge_sweep_call(&w, call_by_number(PV_HYPERCALL_sched_op));
	cr_assert_gt(found, 50);
}

Test(edges, finds_errors_that_are_not_listed)
{
	sweep_wrongly(answer_strangely);
	cr_assert_eq(w.passed, 0);
}

static bool succeed(struct edge_world *world, u32 number, u64 args[EDGE_ARGS], long *result)
{
	*result = 0;
	return true;
}

Test(edges, finds_operations_that_are_not_described)
{
	sweep_wrongly(succeed);
	cr_assert_gt(w.passed, 10);
}

Test(edges, finds_stray_writes)
{
	sweep_wrongly(write_astray);
	cr_assert_eq(w.passed, 0);
}
