/*
 * The tables that abigen makes of abi/abi.json for traces: what the hypervisor takes
 * along of an argument (hypercall/trace_capture.h), and how `parley` finds names for
 * it (tools/parley/abi_decode.h).
 */
#include <criterion/criterion.h>
#include <stddef.h>
#include <string.h>

#include <parley/errno.h>
#include <parley/event_channel.h>
#include <parley/grant_table.h>
#include <parley/memory.h>
#include <parley/mmu.h>
#include <parley/trap.h>
#include <parley/vcpu.h>

#include "hypercall/trace_capture.h"
#include "parley/abi_decode.h"

#define POINTER 0x1000

static u32 taken(u32 nr, u64 a1, u64 a2, u64 a3, u64 a4)
{
	u64 args[6] = { a1, a2, a3, a4 };

	return trace_capture_size(&trace_captures[nr], args);
}

Test(abi_tables, takes_the_operations_structure)
{
	cr_expect_eq(trace_captures[PV_HYPERCALL_event_channel_op].pointer, 1);
	cr_expect_eq(taken(PV_HYPERCALL_event_channel_op, PV_EVTCHNOP_send, POINTER, 0, 0),
		     sizeof(struct pv_evtchn_send));
	cr_expect_eq(taken(PV_HYPERCALL_event_channel_op, PV_EVTCHNOP_bind_virq, POINTER, 0, 0),
		     sizeof(struct pv_evtchn_bind_virq));
	cr_expect_eq(taken(PV_HYPERCALL_event_channel_op, 77, POINTER, 0, 0), 0);
	cr_expect_eq(taken(PV_HYPERCALL_event_channel_op, ~0UL, POINTER, 0, 0), 0);
	cr_expect_eq(taken(PV_HYPERCALL_event_channel_op, PV_EVTCHNOP_send, 0, 0, 0), 0);
}

Test(abi_tables, takes_no_more_than_there_is_room_for)
{
	cr_expect_eq(taken(PV_HYPERCALL_mmu_update, POINTER, 3, 0, PV_DOMID_SELF),
		     3 * sizeof(struct pv_mmu_update));
	cr_expect_eq(taken(PV_HYPERCALL_mmu_update, POINTER, ~0UL, 0, PV_DOMID_SELF),
		     TRACE_CAPTURE_MAX);
	cr_expect_eq(taken(PV_HYPERCALL_mmuext_op, POINTER, 100, 0, PV_DOMID_SELF),
		     TRACE_CAPTURE_MAX / sizeof(struct pv_mmuext_op) * sizeof(struct pv_mmuext_op));
	cr_expect_eq(taken(PV_HYPERCALL_mmu_update, POINTER, 0, 0, PV_DOMID_SELF), 0);
	cr_expect_eq(taken(PV_HYPERCALL_vcpu_op, PV_VCPUOP_initialise, 1, POINTER, 0),
		     TRACE_CAPTURE_MAX);
	cr_expect_eq(taken(PV_HYPERCALL_set_gdt, POINTER, 513, 0, 0), 2 * sizeof(u64));
	cr_expect_eq(taken(PV_HYPERCALL_memory_op,
			   PV_MEMORY_populate_physmap | 5 << PV_MEMORY_OP_BITS, POINTER, 0, 0),
		     sizeof(struct pv_memory_reservation));
}

Test(abi_tables, takes_what_is_only_written_too)
{
	cr_expect_eq(taken(PV_HYPERCALL_vcpu_op, PV_VCPUOP_get_runstate_info, 0, POINTER, 0),
		     sizeof(struct pv_vcpu_runstate_info));
	cr_expect_eq(taken(PV_HYPERCALL_stack_switch, POINTER, POINTER, POINTER, 0), 0);
	for (u32 nr = 0; nr < PV_HYPERCALL_MAX; nr++) {
		cr_expect_leq(taken(nr, ~0UL, ~0UL, ~0UL, ~0UL), TRACE_CAPTURE_MAX, "call %u", nr);
	}
}

static const struct abi_operation *operation(const struct abi_call *call, u32 number)
{
	for (size_t i = 0; i < call->operation_count; i++) {
		if (call->operations[i].number == number) {
			return &call->operations[i];
		}
	}
	return NULL;
}

Test(abi_tables, names_a_call_and_its_fields)
{
	const struct abi_call *call = &abi_calls[PV_HYPERCALL_event_channel_op];
	const struct abi_operation *op = operation(call, PV_EVTCHNOP_bind_virq);
	const struct abi_field *virq;

	cr_assert_str_eq(call->name, "event_channel_op");
	cr_assert_eq(call->selector_arg, 0);
	cr_assert_eq(call->args[1].target, ABI_TARGET_operation);
	cr_assert_not_null(op);
	cr_assert_str_eq(op->name, "bind_virq");
	cr_assert_str_eq(op->structure->name, "pv_evtchn_bind_virq");
	virq = &op->structure->fields[0];
	cr_assert_str_eq(virq->name, "virq");
	cr_assert_eq(virq->kind, ABI_KIND_name);
	cr_assert_str_eq(virq->names->prefix, "PV_VIRQ_");
	cr_assert_eq(op->structure->fields[2].offset, offsetof(struct pv_evtchn_bind_virq, port));
	cr_assert_eq(op->structure->fields[2].direction, ABI_OUT);
}

/* An element of a batch names its operation in a field; only the fields of that one count. */
Test(abi_tables, knows_which_fields_of_a_batch_count)
{
	const struct abi_call *call = &abi_calls[PV_HYPERCALL_mmuext_op];
	const struct abi_operation *op = operation(call, PV_MMUEXT_SET_LDT);
	const struct abi_structure *s = call->args[0].structure;

	cr_assert_eq(call->args[0].target, ABI_TARGET_structure);
	cr_assert_eq(call->args[0].count_arg, 1);
	cr_assert_str_eq(s->fields[call->selector_field].name, "cmd");
	for (size_t i = 0; i < s->field_count; i++) {
		bool is_used = strcmp(s->fields[i].name, "arg1.linear_addr") == 0 ||
			       strcmp(s->fields[i].name, "arg2.nr_ents") == 0;

		cr_expect_eq(op->fields >> i & 1, is_used, "%s", s->fields[i].name);
	}
}

Test(abi_tables, knows_when_a_union_s_member_counts)
{
	const struct abi_structure *s =
		operation(&abi_calls[PV_HYPERCALL_event_channel_op], PV_EVTCHNOP_status)->structure;

	for (size_t i = 0; i < s->field_count; i++) {
		if (strcmp(s->fields[i].name, "u.virq") == 0) {
			cr_expect_str_eq(s->fields[s->fields[i].when_field].name, "status");
			cr_expect_eq(s->fields[i].when_value, PV_EVTCHNSTAT_virq);
			return;
		}
	}
	cr_assert_fail("no u.virq");
}

Test(abi_tables, finds_constants)
{
	const struct abi_names *errnos = abi_names_find(ABI_ERRNOS);

	cr_assert_not_null(errnos);
	for (size_t i = 0; i < errnos->count; i++) {
		if (errnos->list[i].value == PV_EINVAL) {
			cr_expect_str_eq(errnos->list[i].name, "EINVAL");
		}
	}
	cr_expect_not_null(abi_names_find("PV_TRACE_"));
	cr_expect_null(abi_names_find("PV_NOTHING_"));
	/* What is refused has a name, too. */
	cr_expect_str_eq(abi_calls[PV_HYPERCALL_sysctl].name, "sysctl");
	cr_expect_not(abi_calls[PV_HYPERCALL_sysctl].is_served);
	cr_expect_null(abi_calls[49].name);
}
