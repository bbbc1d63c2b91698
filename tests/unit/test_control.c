/*
 * Control operations, over domains that are really built: those that look at a domain and those that
 * change it, who may do them, and that the hypercall and the line do the same. Read next:
 * test_control_make.c, test_control_end.c.
 */
#include <criterion/criterion.h>

#include "host_names.h"

#include <parley/control.h>
#include <parley/errno.h>
#include <parley/sched.h>
#include <parley/trace.h>

#include "control_fixture.h"
#include "cpu/percpu.h"
#include "domain/sched.h"
#include "domain/store.h"
#include "domain/store_types.h"
#include "fake_guest.h"
#include "fake_points.h"
#include "hypercall/handlers.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "living.h"
#include "mm/alloc.h"
#include "mm/types.h"

TestSuite(control, .init = control_setup, .fini = control_teardown);

/* ---- looking ---- */

Test(control, machine_counts)
{
	cr_assert_not_null(living_domain("one", false));
	call = (union control_args){ 0 };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_machine, &call), 0);
	cr_assert_eq(call.machine.version, PV_CONTROL_VERSION);
	cr_assert_eq(call.machine.cpus, 1);
	cr_assert_eq(call.machine.domains, 1);
	cr_assert_eq(call.machine.ended, 0);
	cr_assert_eq(call.machine.free_pages, alloc_free_count());
	cr_assert_eq(call.machine.image_pages, 3, "its kernel is kept");
}

Test(control, list_goes_on_where_it_was)
{
	char name[8] = "n?";
	u32 seen = 0;

	for (u32 i = 0; i < 10; i++) {
		name[1] = (char)('0' + i);
		cr_assert_not_null(living_domain(name, false));
	}
	call = (union control_args){ 0 };
	do {
		call.list.count = 0;
		cr_assert_eq(control_do(&by_line, PV_CONTROLOP_list, &call), 0);
		for (u32 i = 0; i < call.list.count; i++) {
			cr_assert_eq(call.list.domains[i].name[1], (char)('0' + seen));
			cr_assert_eq(call.list.domains[i].memory_pages, LIVING_PAGES);
			cr_assert_eq(call.list.domains[i].vcpu_count, 2);
			cr_assert_eq(call.list.domains[i].vcpus_online, 1);
			seen++;
		}
	} while (call.list.first != 0);
	cr_assert_eq(seen, 10);
	call = (union control_args){ .list = { .reserved = 1 } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_list, &call), -PV_EINVAL);
}

/* ---- changing ---- */

Test(control, pauses_are_counted)
{
	struct domain *d = living_domain("one", false);

	cr_assert_eq(on_domain(PV_CONTROLOP_unpause, d->id), -PV_EINVAL);
	cr_assert_eq(on_domain(PV_CONTROLOP_pause, d->id), 0);
	cr_assert_eq(on_domain(PV_CONTROLOP_pause, d->id), 0);
	cr_assert_eq(state_of(d->id), PV_CONTROL_STATE_paused);
	cr_assert_eq(living_told(d->id), PV_DOMAIN_STATE_PAUSED);
	cr_assert_not(d->vcpus[0]->sched.queued);
	cr_assert_eq(on_domain(PV_CONTROLOP_unpause, d->id), 0);
	cr_assert_eq(state_of(d->id), PV_CONTROL_STATE_paused);
	cr_assert_eq(on_domain(PV_CONTROLOP_unpause, d->id), 0);
	cr_assert_eq(state_of(d->id), PV_CONTROL_STATE_running);
	cr_assert(d->vcpus[0]->sched.queued);
	cr_assert_eq(d->pause_count, 0);
	d->control_pauses = 65535;
	cr_assert_eq(on_domain(PV_CONTROLOP_pause, d->id), -PV_EOVERFLOW);
	d->control_pauses = 0;
}

Test(control, nobody_is_refused)
{
	static const u16 wrong[] = { 0, 2, 1023, 1024, PV_DOMID_SELF, 0xffff };

	cr_assert_not_null(living_domain("one", false));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		cr_assert_eq(on_domain(PV_CONTROLOP_pause, wrong[i]), -PV_ESRCH);
		cr_assert_eq(on_domain(PV_CONTROLOP_unpause, wrong[i]), -PV_ESRCH);
		cr_assert_eq(on_domain(PV_CONTROLOP_destroy, wrong[i]), -PV_ESRCH);
		call = (union control_args){ .shutdown = { .domid = wrong[i] } };
		cr_assert_eq(control_do(&by_line, PV_CONTROLOP_shutdown, &call), -PV_ESRCH);
		call = (union control_args){ .memory = { .domid = wrong[i], .pages = 1 } };
		cr_assert_eq(control_do(&by_line, PV_CONTROLOP_memory_set, &call), -PV_ESRCH);
		call = (union control_args){ .vcpus = { .domid = wrong[i], .count = 1 } };
		cr_assert_eq(control_do(&by_line, PV_CONTROLOP_vcpus_set, &call), -PV_ESRCH);
		call = (union control_args){ .oops = { .domid = wrong[i] } };
		cr_assert_eq(control_do(&by_line, PV_CONTROLOP_oops, &call), -PV_ESRCH);
		call = (union control_args){ .stats = { .domid = wrong[i] } };
		cr_assert_eq(control_do(&by_line, PV_CONTROLOP_stats, &call), -PV_ESRCH);
	}
}

Test(control, nobody_ends_or_pauses_itself)
{
	struct domain *d = living_domain("one", true);
	struct control_caller who = { .domain = d };

	call = (union control_args){ .id = { .domid = d->id } };
	cr_assert_eq(control_do(&who, PV_CONTROLOP_destroy, &call), -PV_EINVAL);
	cr_assert_eq(control_do(&who, PV_CONTROLOP_pause, &call), -PV_EINVAL);
	call.id.domid = PV_DOMID_SELF;
	cr_assert_eq(control_do(&who, PV_CONTROLOP_destroy, &call), -PV_EINVAL);
	cr_assert_eq(state_of(d->id), PV_CONTROL_STATE_running);
}

Test(control, reserved_bytes_must_be_zero)
{
	struct domain *d = living_domain("one", false);

	for (u32 op = 0; op < PV_CONTROLOPS; op++) {
		call = (union control_args){ .id = { .domid = d->id, .reserved = { 0, 1 } } };
		if (op == PV_CONTROLOP_pause || op == PV_CONTROLOP_unpause ||
		    op == PV_CONTROLOP_destroy || op == PV_CONTROLOP_shutdown ||
		    op == PV_CONTROLOP_memory_set || op == PV_CONTROLOP_oops ||
		    op == PV_CONTROLOP_stats || op == PV_CONTROLOP_create) {
			cr_assert_eq(control_do(&by_line, op, &call), -PV_EINVAL, "operation %u",
				     op);
		}
	}
	call = (union control_args){ .vcpus = { .domid = d->id, .reserved = 1, .count = 1 } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_vcpus_set, &call), -PV_EINVAL);
	call = (union control_args){ .off = { .reserved = 1 } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_off, &call), -PV_EINVAL);
	call = (union control_args){ .off = { .force = 2 } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_off, &call), -PV_EINVAL);
	call = (union control_args){ .off = { .force = 0 } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_off, &call), -PV_EBUSY);
	cr_assert_eq(state_of(d->id), PV_CONTROL_STATE_running);
}

Test(control, wishes_reach_the_guest_by_its_store)
{
	struct domain *d = living_domain("one", false);
	char value[32];

	call = (union control_args){ .shutdown = { .domid = d->id, .reason = PV_SHUTDOWN_reboot } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_shutdown, &call), 0);
	cr_assert_gt(store_read(d, "control/shutdown", value, sizeof(value)), 0);
	cr_assert_str_eq(value, "reboot");
	call.shutdown.reason = PV_SHUTDOWN_crash;
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_shutdown, &call), -PV_EINVAL);

	call = (union control_args){ .memory = { .domid = d->id, .pages = 1000 } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_memory_set, &call), 0);
	cr_assert_gt(store_read(d, "memory/target", value, sizeof(value)), 0);
	cr_assert_str_eq(value, "4000");
	cr_assert_eq(d->mm.max_frames, 1000);
	cr_assert_eq(frame_alloc(&d->mm).v, MFN_INVALID.v, "it has more than it may already");
	call.memory.pages = LIVING_PAGES + 1;
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_memory_set, &call), -PV_EINVAL);
	call.memory.pages = 0;
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_memory_set, &call), -PV_EINVAL);
	cr_assert_eq(d->mm.max_frames, 1000);
	call.memory.pages = LIVING_PAGES;
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_memory_set, &call), 0);

	call = (union control_args){ .vcpus = { .domid = d->id, .count = 1 } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_vcpus_set, &call), 0);
	cr_assert_gt(store_read(d, "cpu/0/availability", value, sizeof(value)), 0);
	cr_assert_str_eq(value, "online");
	cr_assert_gt(store_read(d, "cpu/1/availability", value, sizeof(value)), 0);
	cr_assert_str_eq(value, "offline");
	call.vcpus.count = 3;
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_vcpus_set, &call), -PV_EINVAL);
}

static struct domain *asked; /* by two */

static long ask_memory(u64 pages)
{
	union control_args args = { .memory = { .domid = asked->id, .pages = pages } };

	return control_do(&by_line, PV_CONTROLOP_memory_set, &args);
}

/* Another CPU makes its whole call wherever the first is about to take a lock and holds none. */
static void ask_between(enum fake_point point, void *what)
{
	if (point == FAKE_POINT_LOCK && what == &asked->mm.lock && fake_locks_held == 0) {
		fake_point_hook = NULL;
		cr_assert_eq(ask_memory(500), 0);
		fake_point_hook = ask_between;
	}
}

Test(control, of_two_who_ask_for_memory_the_limit_is_what_was_told_last)
{
	char told[16];

	asked = living_domain("one", false);
	fake_point_hook = ask_between;
	cr_assert_eq(ask_memory(1000), 0);
	fake_point_hook = NULL;
	cr_assert_gt(store_read(asked, "memory/target", told, sizeof(told)), 0);
	cr_assert_str_eq(told, asked->mm.max_frames == 1000 ? "4000" : "2000");
}

/* The guest has taken them away and filled the place. */
Test(control, all_vcpus_are_wished_for_or_none)
{
	struct domain *d = living_domain("one", false);
	struct store_tree *tree = d->store->tree;
	char path[40], value[16];
	u32 before;

	snprintf(path, sizeof(path), "/local/domain/%u/cpu", (u32)d->id);
	store_tree_remove(tree, store_tree_find(tree, path));
	for (u32 i = 0; tree->node_count < STORE_NODES - 4; i++) {
		snprintf(path, sizeof(path), "filler/%u", i);
		cr_assert_eq(store_write(d, path, ""), 0);
	}
	before = tree->node_count;
	call = (union control_args){ .vcpus = { .domid = d->id, .count = 1 } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_vcpus_set, &call), -PV_ENOSPC);
	cr_assert_eq(tree->node_count, before, "not even a part of them");
	snprintf(path, sizeof(path), "/local/domain/%u/filler/0", (u32)d->id);
	store_tree_remove(tree, store_tree_find(tree, path));
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_vcpus_set, &call), 0);
	cr_assert_gt(store_read(d, "cpu/1/availability", value, sizeof(value)), 0);
	cr_assert_str_eq(value, "offline");
}

Test(control, shares_change_as_named)
{
	struct domain *d = living_domain("one", false);
	struct pv_control_sched op = { .domid = d->id, .weight = 77, .cap = 50, .affinity = 1 };

	for (u32 what = 0; what < 16; what++) {
		call.sched = op;
		call.sched.what = what;
		cr_assert_eq(control_do(&by_line, PV_CONTROLOP_sched_set, &call),
			     what == 0 || what > 7 ? -PV_EINVAL : 0, "what %u", what);
	}
	(void)state_of(d->id);
	cr_assert_eq(call.list.domains[0].weight, 77);
	cr_assert_eq(call.list.domains[0].cap, 50);
	call.sched = op;
	call.sched.what = PV_CONTROL_SCHED_weight;
	call.sched.weight = 0;
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_sched_set, &call), -PV_EINVAL);
	call.sched.what = PV_CONTROL_SCHED_affinity;
	call.sched.affinity = 2;
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_sched_set, &call), -PV_EINVAL,
		     "no such CPU");
	(void)state_of(d->id);
	cr_assert_eq(call.list.domains[0].weight, 77);
}

/* ---- who may, and over which way ---- */

Test(control, only_those_with_the_right)
{
	struct domain *d = living_domain("one", false), *keeper = living_domain("keeper", true);
	struct pv_control_machine m = { 0 };
	u64 gva = fake_guest_map_here(&m, sizeof(m));

	fake_cpu_info.current = d->vcpus[0];
	for (u64 op = 0; op < PV_CONTROLOPS + 2; op++) {
		cr_assert_eq(hypercall_control(op, gva, 0, 0, 0, 0), -PV_EPERM);
	}
	fake_cpu_info.current = keeper->vcpus[0];
	cr_assert_eq(hypercall_control(PV_CONTROLOP_machine, gva, 0, 0, 0, 0), 0);
	cr_assert_eq(m.domains, 2);
	cr_assert_eq(hypercall_control(PV_CONTROLOPS, gva, 0, 0, 0, 0), -PV_ENOSYS);
	cr_assert_eq(hypercall_control(1UL << 32, gva, 0, 0, 0, 0), -PV_ENOSYS);
	cr_assert_eq(hypercall_control(PV_CONTROLOP_machine, gva + 8, 0, 0, 0, 0), -PV_EFAULT);
	cr_assert_eq(hypercall_control(PV_CONTROLOP_destroy, gva + sizeof(m), 0, 0, 0, 0),
		     -PV_EFAULT);
	fake_cpu_info.current = NULL;
}

static struct pv_sched_remote_shutdown end; /* in guest memory */

static long remote_shutdown(struct domain *by, u16 domid, u32 reason)
{
	long rc;

	end = (struct pv_sched_remote_shutdown){ .domain_id = domid, .reason = reason };
	fake_cpu_info.current = by->vcpus[0];
	rc = hypercall_sched_op(PV_SCHEDOP_remote_shutdown, (u64)&end, 0, 0, 0, 0);
	fake_cpu_info.current = NULL;
	return rc;
}

/* Those without the right are not told who lives, by any answer. */
Test(control, only_those_with_the_right_end_others)
{
	struct domain *d = living_domain("one", false), *keeper = living_domain("keeper", true);
	u16 id = d->id;

	(void)fake_guest_map_here(&end, sizeof(end));
	cr_assert_eq(remote_shutdown(d, keeper->id, PV_SHUTDOWN_crash), -PV_EPERM);
	cr_assert_eq(remote_shutdown(d, d->id, PV_SHUTDOWN_crash), -PV_EPERM);
	cr_assert_eq(remote_shutdown(d, 77, PV_SHUTDOWN_crash), -PV_EPERM);
	cr_assert_eq(remote_shutdown(d, PV_DOMID_SELF, PV_SHUTDOWN_crash), -PV_EPERM);
	cr_assert_eq(remote_shutdown(d, 77, 99), -PV_EPERM);
	cr_assert_eq(remote_shutdown(keeper, 77, PV_SHUTDOWN_crash), -PV_ESRCH);
	cr_assert_eq(remote_shutdown(keeper, PV_DOMID_SELF, PV_SHUTDOWN_crash), -PV_ESRCH);
	cr_assert_eq(remote_shutdown(keeper, id, PV_SHUTDOWN_suspend), -PV_EINVAL);
	cr_assert_eq(remote_shutdown(keeper, id, PV_SHUTDOWN_MAX + 1), -PV_EINVAL);
	cr_assert_eq(state_of(id), PV_CONTROL_STATE_running);
	cr_assert_eq(remote_shutdown(keeper, id, PV_SHUTDOWN_crash), 0);
	living_run(TURNS);
	cr_assert_eq(state_of(id), PV_CONTROL_STATE_shutdown);
	cr_assert_eq(call.list.domains[0].reason, PV_SHUTDOWN_crash);
	id = keeper->id;
	cr_assert_eq(remote_shutdown(keeper, id, PV_SHUTDOWN_poweroff), 0);
	living_run(TURNS);
	cr_assert_eq(state_of(id), PV_CONTROL_STATE_shutdown);
}

static __attribute__((noinline)) void dirty_the_stack(void)
{
	volatile u8 bytes[16384];

	for (u32 i = 0; i < sizeof(bytes); i++) {
		bytes[i] = 0xa5;
	}
}

static bool is_zero_from(const void *structure, size_t from, size_t size)
{
	return control_is_zero((const u8 *)structure + from, size - from);
}

/* Nobody but the caller: behind the one that is listed, all bytes of the reply are zero. */
Test(control, a_reply_has_no_bytes_of_ours)
{
	struct domain *keeper = living_domain("keeper", true);
	static struct pv_control_list list;
	u64 gva = fake_guest_map_here(&list, sizeof(list));

	fake_cpu_info.current = keeper->vcpus[0];
	dirty_the_stack();
	cr_assert_eq(hypercall_control(PV_CONTROLOP_list, gva, 0, 0, 0, 0), 0);
	fake_cpu_info.current = NULL;
	cr_assert_eq(list.count, 1);
	cr_assert(is_zero_from(&list, offsetof(struct pv_control_list, domains[1]), sizeof(list)));
}

static s32 ask_line(u32 op, const void *structure, u32 size, void *reply, u32 reply_size)
{
	u8 payload[PV_LINE_PAYLOAD_MAX];
	struct pv_line_request request = { .sequence = 5, .op = op };

	memcpy(payload, &request, sizeof(request));
	memcpy(payload + sizeof(request), structure, size);
	control_line_request(payload, (u32)sizeof(request) + size);
	return living_reply(reply, reply_size);
}

Test(control, the_line_asks_the_same)
{
	struct domain *d = living_domain("one", false);
	struct pv_control_domain_id id = { .domid = d->id };
	struct pv_control_machine m;

	cr_assert_eq(ask_line(PV_CONTROLOP_machine, "", 0, &m, sizeof(m)), 0);
	cr_assert_eq(m.domains, 1);
	cr_assert_eq(ask_line(PV_CONTROLOP_pause, &id, sizeof(id), &id, 0), 0);
	cr_assert_eq(ask_line(PV_CONTROLOP_pause, &id, 7, &id, 0), -PV_EMSGSIZE);
	cr_assert_eq(ask_line(PV_CONTROLOP_pause, &m, 9, &id, 0), -PV_EMSGSIZE);
	cr_assert_eq(ask_line(77, &id, sizeof(id), &id, 0), -PV_ENOSYS);
	cr_assert_eq(d->control_pauses, 1);
	cr_assert_eq(living_frames(PV_LINE_REPLY), 5);
	control_line_request((const u8 *)&m, 7);
	cr_assert_eq(living_frames(PV_LINE_REPLY), 5, "without a number no reply");
}

/* The CPU that takes the line's request may have nobody loaded. */
Test(control, the_line_is_nobody_itself)
{
	struct pv_control_trace trace = { .domid = PV_DOMID_SELF, .kinds = PV_TRACE_ALL };
	struct pv_control_domain_id id = { .domid = PV_DOMID_SELF };

	fake_cpu_info.current = NULL;
	cr_assert_eq(ask_line(PV_CONTROLOP_trace_set, &trace, sizeof(trace), &id, 0), -PV_ESRCH);
	for (u32 op = PV_CONTROLOP_pause; op <= PV_CONTROLOP_destroy; op++) {
		cr_assert_eq(ask_line(op, &id, sizeof(id), &id, 0), -PV_ESRCH, "operation %u", op);
	}
}

Test(control, a_reply_over_the_line_has_no_bytes_of_ours)
{
	static struct pv_control_list list;
	u64 first = 0;

	cr_assert_not_null(living_domain("one", false));
	dirty_the_stack();
	cr_assert_eq(ask_line(PV_CONTROLOP_list, &first, sizeof(first), &list, sizeof(list)), 0);
	cr_assert_eq(list.count, 1);
	cr_assert(is_zero_from(&list, offsetof(struct pv_control_list, domains[1]), sizeof(list)));
}

Test(control, the_line_waits_for_its_domain)
{
	struct pv_control_create c = request_for("made", living_image()), made;
	struct pv_control_machine m;
	u32 replies = living_frames(PV_LINE_REPLY);

	ask_line(PV_CONTROLOP_create, &c, sizeof(c), &made, 0);
	cr_assert_eq(living_frames(PV_LINE_REPLY), replies, "not yet");
	cr_assert_eq(ask_line(PV_CONTROLOP_machine, "", 0, &m, 0), -PV_EBUSY);
	living_run(TURNS);
	cr_assert_eq(living_frames(PV_LINE_REPLY), replies + 2);
	cr_assert_eq(living_reply(&made, sizeof(made)), 0);
	cr_assert_str_eq(domain_find(made.domid)->name, "made");
	cr_assert_eq(ask_line(PV_CONTROLOP_machine, "", 0, &m, sizeof(m)), 0);
	cr_assert_eq(m.domains, 1);
}
