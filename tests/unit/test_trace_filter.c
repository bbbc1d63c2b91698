/*
 * tools/parley/trace_filter.c: which records a list of names takes, what of it the
 * hypervisor is told, and what is said of a wrong name.
 */
#include <criterion/criterion.h>
#include <string.h>

#include <parley/hypercall.h>
#include <parley/sched.h>

#include "parley/trace_filter.h"

#include "trace_item.h"

static bool takes(const char *list, const struct trace_item *item)
{
	struct trace_filter filter;
	struct problem problem;

	trace_filter_init(&filter);
	if (list) {
		cr_assert_eq(trace_filter_parse(&filter, list, &problem), 0, "%s", problem.text);
	}
	return trace_filter_takes(&filter, item);
}

Test(trace_filter, filters)
{
	struct trace_item mmu = make(PV_TRACE_multicall, PV_HYPERCALL_mmu_update);
	struct trace_item iret = make(PV_TRACE_hypercall, PV_HYPERCALL_iret);
	struct trace_item block = make(PV_TRACE_hypercall, PV_HYPERCALL_sched_op);
	struct trace_item event = make(PV_TRACE_event, 0);
	struct trace_item syscall = make(PV_TRACE_syscall, 0);
	struct trace_item lost = make(PV_TRACE_lost, 0);
	struct trace_item odd = make(PV_TRACE_hypercall, PV_TRACE_NUMBER_OTHER);
	struct trace_item fault = make(PV_TRACE_exception, 14);
	struct trace_item pin = make_pin();

	block.record.args[0] = PV_SCHEDOP_block;
	cr_assert(takes(NULL, &mmu) && takes(NULL, &event) && takes(NULL, &odd));
	cr_assert_not(takes(NULL, &syscall));
	cr_assert(takes("all", &syscall) && takes("all", &mmu) && takes("syscall", &syscall));
	cr_assert(takes("mmu_update,event", &mmu) && takes("mmu_update,event", &event));
	cr_assert_not(takes("mmu_update,event", &iret));
	cr_assert_not(takes("event", &mmu));
	cr_assert(takes("mmu", &mmu) && !takes("mmu", &iret) && !takes("mmu", &odd));
	cr_assert(takes("!iret", &mmu) && takes("!iret", &event) && !takes("!iret", &iret));
	cr_assert(takes("hypercall,!iret", &odd) && !takes("hypercall,!iret", &iret));
	cr_assert_not(takes("hypercall,!iret", &event));
	cr_assert(takes("sched_op.block", &block) && !takes("sched_op.yield", &block));
	cr_assert(!takes("!sched_op.block", &block) && takes("!sched_op.yield", &block));
	cr_assert(takes("sched_op.yield,sched_op", &block));
	cr_assert(takes("mmuext_op.PIN_L4_TABLE", &pin) && takes("mmuext_op.pin_l4_table", &pin));
	cr_assert(takes("mmuext_op.INVLPG_LOCAL", &pin), "the second of the batch");
	cr_assert(!takes("mmuext_op.UNPIN_TABLE", &pin) && takes("mmuext_op", &pin));
	cr_assert(takes("!mmuext_op.PIN_L4_TABLE", &pin), "the other is wanted still");
	cr_assert_not(takes("!mmuext_op.PIN_L4_TABLE,!mmuext_op.INVLPG_LOCAL", &pin));
	cr_assert(takes("fault", &fault) && takes("exception", &fault) && !takes("event", &fault));
	cr_assert(takes("event", &lost), "losses are always told");
}

Test(trace_filter, a_filter_tells_the_hypervisor_no_more_than_it_needs)
{
	struct trace_filter filter;
	struct problem problem;

	trace_filter_init(&filter);
	cr_assert_eq(trace_filter_parse(&filter, "mmu_update,sched_op.block,event", &problem), 0);
	cr_assert_eq(trace_filter_get_calls(&filter),
		     1ULL << PV_HYPERCALL_mmu_update | 1ULL << PV_HYPERCALL_sched_op);
	cr_assert_eq(trace_filter_get_kinds(&filter),
		     1U << PV_TRACE_hypercall | 1U << PV_TRACE_multicall | 1U << PV_TRACE_event |
			     1U << PV_TRACE_domain);
}

Test(trace_filter, a_wrong_name_gets_a_hint)
{
	struct trace_filter filter;
	struct problem problem;

	trace_filter_init(&filter);
	cr_assert_eq(trace_filter_parse(&filter, "mmu_updat", &problem), -1);
	cr_assert_not_null(strstr(problem.text, "\"mmu_updat\" is no call"), "%s", problem.text);
	cr_assert_not_null(strstr(problem.text, "did you mean \"mmu_update\"?"), "%s",
			   problem.text);
	cr_assert_eq(trace_filter_parse(&filter, "event,", &problem), -1);
	cr_assert_eq(trace_filter_parse(&filter, "", &problem), -1);
	cr_assert_eq(trace_filter_parse(&filter, "sched_op.nothing", &problem), -1);
	cr_assert_eq(trace_filter_parse(&filter, "sched_op.blok", &problem), -1);
	cr_assert_not_null(strstr(problem.text, "did you mean \"sched_op.block\"?"), "%s",
			   problem.text);
	cr_assert_eq(trace_filter_parse(&filter, "unpin", &problem), -1);
	cr_assert_not_null(strstr(problem.text, "(there are \"mmuext_op.UNPIN_TABLE\")"), "%s",
			   problem.text);
	cr_assert_eq(trace_filter_parse(&filter, "lost", &problem), -1, "there is no choice");
	cr_assert_eq(trace_filter_parse(&filter, "multical", &problem), -1);
}
