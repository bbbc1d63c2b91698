/*
 * tools/parley/trace_*.c: every call of the ABI decodes, whatever its record has
 * taken along; text, JSON, counts and Perfetto's format. Filters: test_trace_filter.c.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <parley/event_channel.h>
#include <parley/hypercall.h>
#include <parley/mmu.h>
#include <parley/sched.h>
#include <parley/stats.h>
#include <parley/types.h>

#include "parley/trace_counts.h"
#include "parley/trace_json.h"
#include "parley/trace_perfetto.h"
#include "parley/trace_sink.h"
#include "parley/trace_stream.h"
#include "parley/trace_text.h"

#include "trace_item.h"

static struct trace_names names;

static void setup(void)
{
	trace_names_add(&names, 1, "debian", 6);
	trace_names_add(&names, 2, "other", 5);
}

static void teardown(void)
{
	trace_names_free(&names);
}

TestSuite(trace_print, .init = setup, .fini = teardown);

static char line[16384];

static const char *print(const struct trace_item *item)
{
	char *bytes = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&bytes, &size);
	struct trace_text text = { to, false, &names };

	trace_text_put(&text, item);
	fclose(to);
	cr_assert_lt(size, sizeof(line));
	memcpy(line, bytes, size + 1);
	free(bytes);
	return line;
}

static void expect(const struct trace_item *item, const char *what)
{
	cr_assert_not_null(strstr(print(item), what), "no \"%s\" in: %s", what, line);
}

static void refuse(const struct trace_item *item, const char *what)
{
	cr_assert_null(strstr(print(item), what), "\"%s\" in: %s", what, line);
}

/* ---- each call of the ABI ---- */

/* The argument that a record's structure belongs to. */
static int pointer_of(const struct abi_call *call)
{
	for (size_t i = 0; i < call->arg_count; i++) {
		if (call->args[i].target != ABI_TARGET_none && call->args[i].direction != ABI_OUT) {
			return (int)i;
		}
	}
	return -1;
}

static struct trace_item make_call(size_t number, const struct abi_operation *op)
{
	const struct abi_call *call = &abi_calls[number];
	struct trace_item item = make(PV_TRACE_hypercall, (uint8_t)number);
	int pointer = pointer_of(call);

	for (size_t i = 0; i < 6; i++) {
		item.record.args[i] = 1;
	}
	if (op && call->selector_field < 0) {
		item.record.args[call->selector_arg] = op->number;
	}
	if (pointer >= 0) {
		item.record.args[pointer] = 0xffff888001234000;
		item.record.extra = PV_TRACE_EXTRA_MAX;
		memset(item.extra, 1, sizeof(item.extra));
	}
	if (op && call->selector_field >= 0) {
		const struct abi_field *field =
			&call->args[call->selector_arg].structure->fields[call->selector_field];
		uint64_t value = op->number;

		memcpy(item.extra + field->offset, &value, field->size);
	}
	return item;
}

static bool is_always_there(const struct abi_field *field)
{
	return field->kind != ABI_KIND_pad && field->when_field < 0 &&
	       field->offset + field->size * field->count <= PV_TRACE_EXTRA_MAX;
}

static void expect_fields(const struct trace_item *item, const struct abi_structure *s,
			  const struct abi_operation *op)
{
	for (size_t i = 0; i < s->field_count && i < 64; i++) {
		const struct abi_field *field = &s->fields[i];
		const char *dot = strrchr(field->name, '.');
		char what[80];

		if (is_always_there(field) && (!op || (op->fields >> i & 1))) {
			snprintf(what, sizeof(what), "%s=", dot ? dot + 1 : field->name);
			expect(item, what);
		}
	}
}

/* Names of the call and the operation stand in the line, and so does each field that is used. */
static void check_call(size_t number, const struct abi_operation *op)
{
	const struct abi_call *call = &abi_calls[number];
	struct trace_item item = make_call(number, op);
	int pointer = pointer_of(call);
	json_t *object;
	char what[128];

	snprintf(what, sizeof(what), "  1.234567 cpu3 debian/1   %s(", call->name);
	expect(&item, what + 1);
	expect(&item, ") = ");
	expect(&item, " <250>\n");
	if (op) {
		expect(&item, op->name);
		cr_assert_eq(trace_get_operation(&item), op);
	}
	if (number != PV_HYPERCALL_multicall && op && op->structure && pointer >= 0 &&
	    call->args[pointer].target == ABI_TARGET_operation) {
		expect_fields(&item, op->structure, op);
	}
	if (op && call->selector_field >= 0) {
		expect_fields(&item, call->args[pointer].structure, op);
	}
	object = trace_json_make(&item, &names);
	cr_assert_str_eq(json_string_value(json_object_get(object, "call")), call->name);
	cr_assert(json_is_object(json_object_get(object, "args")));
	if (call->is_served && number != PV_HYPERCALL_iret) {
		cr_assert_leq(json_object_size(json_object_get(object, "args")), call->arg_count);
	}
	json_decref(object);
}

/* Whatever was taken along, and however it ended: printed without reading beyond it. */
static void check_pieces(size_t number, const struct abi_operation *op)
{
	for (unsigned int extra = 0; extra <= PV_TRACE_EXTRA_MAX; extra += 8) {
		for (unsigned int seed = 0; seed < 6; seed++) {
			struct trace_item item = make_call(number, op);
			json_t *object;

			item.record.extra = (uint8_t)extra;
			memset(item.extra, seed == 0 ? 0xff : (int)(seed * 37), extra);
			item.record.result = seed == 1 ? -22 :
					     seed == 2 ? INT64_MIN :
							 (int64_t)seed;
			item.record.flags = (uint8_t)(seed % 4);
			item.record.args[1] = seed == 3 ? UINT64_MAX : item.record.args[1];
			print(&item);
			object = trace_json_make(&item, &names);
			cr_assert_not_null(object);
			json_decref(object);
		}
	}
}

Test(trace_print, every_call_and_operation_decodes)
{
	size_t calls = 0, operations = 0;

	for (size_t number = 0; number < ABI_CALLS; number++) {
		const struct abi_call *call = &abi_calls[number];

		if (!call->name) {
			continue;
		}
		calls++;
		check_pieces(number, NULL);
		if (call->operation_count == 0 && number != PV_HYPERCALL_iret) {
			check_call(number, NULL);
		}
		for (size_t i = 0; i < call->operation_count; i++, operations++) {
			check_call(number, &call->operations[i]);
			check_pieces(number, &call->operations[i]);
		}
	}
	cr_assert_gt(calls, 25);
	cr_assert_gt(operations, 100);
}

Test(trace_print, numbers_without_a_call_decode)
{
	struct trace_item item = make(PV_TRACE_hypercall, PV_TRACE_NUMBER_OTHER);

	item.record.result = -38;
	item.record.args[0] = 0x1234;
	expect(&item, "unknown_255(0x1234, 0x0, 0x0, 0x0, 0x0, 0x0) = -ENOSYS <250>\n");
}

/* ---- single lines ---- */

Test(trace_print, a_send_reads_as_strace_has_it)
{
	struct trace_item item = make(PV_TRACE_hypercall, PV_HYPERCALL_event_channel_op);
	struct pv_evtchn_send send = { .port = 3 };

	item.record.args[0] = PV_EVTCHNOP_send;
	item.record.args[1] = 0xffff888000001000;
	take_along(&item, &send, sizeof(send));
	cr_assert_str_eq(
		print(&item),
		"    1.234567 cpu3 debian/1   event_channel_op(send, {port=3}) = 0 <250>\n");
	item.record.result = -22;
	expect(&item, "event_channel_op(send, {port=3}) = -EINVAL <250>\n");
	item.record.extra = 0;
	expect(&item, "event_channel_op(send, 0xffff888000001000) = -EINVAL");
	item.record.args[1] = 0;
	expect(&item, "event_channel_op(send, NULL)");
	item.record.args[0] = 99;
	expect(&item, "event_channel_op(99, ");
	item.record.kind = PV_TRACE_multicall;
	expect(&item, "debian/1     event_channel_op(");
}

Test(trace_print, what_a_failed_call_would_have_written_is_left_out)
{
	struct trace_item item = make(PV_TRACE_hypercall, PV_HYPERCALL_event_channel_op);
	struct pv_evtchn_alloc_unbound arg = { .dom = PV_DOMID_SELF, .remote_dom = 2, .port = 9 };

	item.record.args[0] = PV_EVTCHNOP_alloc_unbound;
	item.record.args[1] = 0x1000;
	take_along(&item, &arg, sizeof(arg));
	expect(&item, "(alloc_unbound, {dom=self, remote_dom=2, port=9}) = 0");
	item.record.result = -28;
	expect(&item, "(alloc_unbound, {dom=self, remote_dom=2}) = -ENOSPC");
}

Test(trace_print, entries_of_page_tables_say_what_they_map)
{
	struct trace_item item = make(PV_TRACE_hypercall, PV_HYPERCALL_mmu_update);
	struct pv_mmu_update batch[2] = {
		{ .ptr = 0x1000 | PV_MMU_NORMAL_PT_UPDATE, .val = 0x80000000001f3067 },
		{ .ptr = 0x2008 | PV_MMU_PT_UPDATE_PRESERVE_AD, .val = 0 },
	};

	item.record.args[0] = 0xffff888000001000;
	item.record.args[1] = 2;
	item.record.args[3] = PV_DOMID_SELF;
	take_along(&item, batch, sizeof(batch));
	expect(&item, "mmu_update([{op=NORMAL_PT_UPDATE, ptr=0x1000, val=<mfn 0x1f3 "
		      "present|write|user|accessed|dirty|nx>}, "
		      "{op=PT_UPDATE_PRESERVE_AD, ptr=0x2008, val=<none>}], 2, NULL, self) = 0");
	item.record.args[1] = 5 | PV_MMU_UPDATE_PREEMPTED;
	expect(&item, "val=<none>}, ...], ");
	item.record.flags = PV_TRACE_FLAG_restart;
	expect(&item, ") = restarted <250>");
}

Test(trace_print, iret_shows_where_it_goes_and_has_no_result)
{
	struct trace_item item = make(PV_TRACE_hypercall, PV_HYPERCALL_iret);
	uint64_t frame[9] = { 0, 0, 0, 0, 0x401000, 0x33, 0x246, 0x7ffc0000, 0x2b };

	item.record.flags = PV_TRACE_FLAG_no_result;
	take_along(&item, frame, sizeof(frame));
	expect(&item, "iret({rax=0x0, r11=0x0, rcx=0x0, flags=0, rip=0x401000, cs=0x33, "
		      "rflags=0x246, rsp=0x7ffc0000, ss=0x2b}) = ? <250>\n");
	item.record.extra = 0;
	expect(&item, "iret() = ? <250>\n");
}

Test(trace_print, other_kinds)
{
	struct trace_item item = make(PV_TRACE_exception, 14);

	item.record.args[0] = 0x5000;
	item.record.args[1] = 0x401000;
	item.record.args[2] = 6;
	item.record.args[4] = 1;
	expect(&item,
	       "--- #PF at 0x5000 (write|not present|user) in a program, rip=0x401000 --- <250>\n");
	item = make(PV_TRACE_emulation, PV_STATS_ENTRY_emulation);
	item.record.args[1] = 0x320f;
	item.record.args[3] = 0xc0000080;
	item.record.result = 0x500;
	expect(&item, "~ rdmsr(0xc0000080) = 0x500 <250>\n");
	item.record.args[1] = 0x2e666e6578a20f48;
	expect(&item, "~ cpuid(");
	item = make(PV_TRACE_emulation, PV_STATS_ENTRY_table_write);
	item.record.args[2] = 0xffff888000005008;
	item.record.result = 0x1f3001;
	expect(&item, "~ table_write(0xffff888000005008) = <mfn 0x1f3 present> <250>\n");
	item.record.flags = PV_TRACE_FLAG_restart;
	expect(&item, "~ table_write(0xffff888000005008) = restarted <250>\n");
	item = make(PV_TRACE_event, PV_EVTCHNSTAT_interdomain);
	item.record.args[0] = 7;
	item.record.args[1] = 2;
	expect(&item, "--> event port 7 (interdomain from other/0)\n");
	item = make(PV_TRACE_event, PV_EVTCHNSTAT_virq);
	item.record.args[0] = 4;
	item.record.args[3] = PV_TRACE_IDLE;
	expect(&item, "--> event port 4 (virq TIMER)\n");
	item = make(PV_TRACE_switch, 0);
	item.record.args[0] = 2 << 16 | 1;
	item.record.args[1] = PV_TRACE_IDLE;
	item.record.args[2] = 1500000;
	expect(&item, "=== other/1 -> idle, after 1.500 ms\n");
	item = make(PV_TRACE_lost, 0);
	item.record.args[0] = 12;
	expect(&item, "!!! 12 records lost\n");
	item = make(PV_TRACE_domain, 3);
	expect(&item, "*** SHUTDOWN (poweroff)\n");
	item = make(PV_TRACE_syscall, 0);
	item.record.args[0] = 57;
	expect(&item, "> syscall(57, ");
	item = make(PV_TRACE_clock, 0);
	cr_assert_str_eq(print(&item), "");
	item = make(PV_TRACE_upcall, 0);
	expect(&item, "<-- upcall rip=0x0 <250>\n");
}

Test(trace_print, what_was_spent_on_others_stands_apart)
{
	struct trace_item item = make(PV_TRACE_hypercall, PV_HYPERCALL_stack_switch);

	refuse(&item, "+");
	item.record.others = 1800;
	expect(&item, "= 0 <250 +1800>\n");
}

/* Two operations in one call: the line has both, and either name finds it. */
Test(trace_print, a_pin_names_the_table)
{
	struct trace_item item = make_pin();

	expect(&item, "mmuext_op([{cmd=PIN_L4_TABLE, mfn=0x1f3}, "
		      "{cmd=INVLPG_LOCAL, linear_addr=0x5000}], 2, NULL, self) = 0 <250>\n");
	item.record.result = -22;
	expect(&item, "2, NULL, self) = -EINVAL <250>\n");
}

/* ---- JSON ---- */

Test(trace_print, json_has_numbers_and_words)
{
	struct trace_item item = make(PV_TRACE_hypercall, PV_HYPERCALL_event_channel_op);
	struct pv_evtchn_send send = { .port = 3 };
	json_t *object, *args;
	const char *word;
	int number;

	item.record.args[0] = PV_EVTCHNOP_send;
	item.record.args[1] = 0xffff888000001000;
	item.record.result = -22;
	take_along(&item, &send, sizeof(send));
	object = trace_json_make(&item, &names);
	cr_assert_eq(json_integer_value(json_object_get(object, "time_ns")), 1234567890);
	cr_assert_str_eq(json_string_value(json_object_get(object, "domain")), "debian");
	cr_assert_str_eq(json_string_value(json_object_get(object, "kind")), "hypercall");
	cr_assert_str_eq(json_string_value(json_object_get(object, "op")), "send");
	cr_assert_str_eq(json_string_value(json_object_get(object, "error")), "EINVAL");
	cr_assert_eq(json_integer_value(json_object_get(object, "result")), -22);
	cr_assert_eq(json_integer_value(json_object_get(object, "cycles")), 250);
	args = json_object_get(object, "args");
	cr_assert_eq(json_object_size(args), 2);
	cr_assert_eq(json_unpack(args, "{s:s, s:{s:i}}", "op", &word, "arg", "port", &number), 0);
	cr_assert_str_eq(word, "send");
	cr_assert_eq(number, 3);
	json_decref(object);
}

/* ---- counts ---- */

Test(trace_print, counts_add_up_and_a_multicall_has_its_own_cycles_only)
{
	struct trace_item inner = make(PV_TRACE_multicall, PV_HYPERCALL_stack_switch);
	struct trace_item outer = make(PV_TRACE_hypercall, PV_HYPERCALL_multicall);
	struct trace_item lost = make(PV_TRACE_lost, 0);
	struct trace_counts counts = { 0 };
	json_t *object;

	trace_counts_add(&counts, &inner);
	inner.record.result = -22;
	trace_counts_add(&counts, &inner);
	inner.record.cpu = 1;
	trace_counts_add(&counts, &inner);
	outer.record.cycles = 800;
	outer.record.others = 40;
	outer.record.args[1] = 3;
	trace_counts_add(&counts, &outer);
	lost.record.args[0] = 4;
	trace_counts_add(&counts, &lost);
	object = trace_counts_make_json(&counts);
	cr_assert_eq(json_array_size(json_object_get(object, "counts")), 2);
	cr_assert_eq(counts.rows[0].calls, 3);
	cr_assert_eq(counts.rows[0].errors, 2);
	cr_assert_eq(counts.rows[0].cycles, 750);
	cr_assert_eq(counts.rows[0].elements, 0);
	cr_assert_eq(counts.rows[1].cycles, 300);
	cr_assert_eq(counts.rows[1].elements, 3);
	cr_assert_eq(counts.rows[1].others, 40);
	cr_assert_eq(json_integer_value(json_object_get(object, "lost")), 4);
	json_decref(object);
	trace_counts_free(&counts);
}

/* ---- Perfetto ---- */

static json_t *load_trace(FILE *file)
{
	json_error_t error;
	json_t *root;

	rewind(file);
	root = json_loadf(file, 0, &error);
	cr_assert_not_null(root, "%s at line %d", error.text, error.line);
	return root;
}

static json_t *find_event(json_t *root, const char *phase, const char *name)
{
	json_t *events = json_object_get(root, "traceEvents");

	for (size_t i = 0; i < json_array_size(events); i++) {
		json_t *event = json_array_get(events, i);

		if (!strcmp(json_string_value(json_object_get(event, "ph")), phase) &&
		    !strcmp(json_string_value(json_object_get(event, "name")), name)) {
			return event;
		}
	}
	return NULL;
}

Test(trace_print, perfetto_is_valid_after_each_flush_and_has_slices_and_arrows)
{
	struct trace_item clock = make(PV_TRACE_clock, 0), call, event, upcall, change;
	struct trace_perfetto perfetto;
	FILE *file = tmpfile();
	json_t *root, *start, *end, *slice;

	cr_assert_eq(trace_perfetto_begin(&perfetto, file, &names), 0);
	root = load_trace(file);
	cr_assert_eq(json_array_size(json_object_get(root, "traceEvents")), 0, "nothing yet");
	json_decref(root);
	fseek(file, -4, SEEK_END);
	clock.record.args[0] = 2000000;
	trace_perfetto_put(&perfetto, &clock);
	event = make(PV_TRACE_event, PV_EVTCHNSTAT_interdomain);
	event.record.args[0] = 7;
	event.record.args[1] = 2;
	event.record.args[3] = 0;
	trace_perfetto_put(&perfetto, &event);
	call = make(PV_TRACE_hypercall, PV_HYPERCALL_sched_op);
	call.record.args[0] = PV_SCHEDOP_yield;
	call.record.others = 750;
	trace_perfetto_put(&perfetto, &call);
	cr_assert_eq(trace_perfetto_flush(&perfetto), 0);
	root = load_trace(file);
	fseek(file, -4, SEEK_END);
	cr_assert_not_null(find_event(root, "X", "sched_op.yield"));
	json_decref(root);
	upcall = make(PV_TRACE_upcall, 0);
	trace_perfetto_put(&perfetto, &upcall);
	change = make(PV_TRACE_switch, 0);
	change.record.args[0] = 1 << 16 | 1;
	change.record.args[1] = PV_TRACE_IDLE;
	change.record.args[2] = 1000;
	trace_perfetto_put(&perfetto, &change);
	cr_assert_eq(trace_perfetto_flush(&perfetto), 0);
	root = load_trace(file);
	slice = find_event(root, "X", "sched_op.yield");
	cr_assert_float_eq(json_real_value(json_object_get(slice, "dur")), 0.5, 1e-9,
			   "1000 cycles of 2 GHz passed");
	cr_assert_float_eq(json_real_value(json_object_get(slice, "ts")), 1234567.89, 1e-6);
	start = find_event(root, "s", "event");
	end = find_event(root, "f", "event");
	cr_assert_eq(json_integer_value(json_object_get(start, "pid")), 1002);
	cr_assert_eq(json_integer_value(json_object_get(end, "pid")), 1001);
	cr_assert_eq(json_integer_value(json_object_get(end, "tid")), 1);
	cr_assert_eq(json_integer_value(json_object_get(start, "id")),
		     json_integer_value(json_object_get(end, "id")));
	slice = find_event(root, "X", "debian/1");
	cr_assert_eq(json_integer_value(json_object_get(slice, "pid")), 1);
	cr_assert_eq(json_integer_value(json_object_get(slice, "tid")), 3);
	cr_assert_not_null(find_event(root, "X", "on CPU 3"));
	cr_assert_not_null(find_event(root, "M", "process_name"));
	cr_assert_not_null(find_event(root, "i", "event port 7"));
	json_decref(root);
	trace_perfetto_free(&perfetto);
	fclose(file);
}

/* ---- streams and files ---- */

static void count_item(void *context, const struct trace_item *item)
{
	size_t *count = context;

	cr_assert_eq(item->record.args[0], *count);
	(*count)++;
}

Test(trace_print, records_come_out_of_bytes_whole)
{
	uint8_t bytes[1024];
	size_t size = 0, count = 0;

	for (uint64_t i = 0; i < 5; i++) {
		struct trace_item item = make(PV_TRACE_hypercall, 1);

		item.record.args[0] = i;
		item.record.extra = (uint8_t)(i * 8);
		memcpy(bytes + size, &item, sizeof(item.record) + item.record.extra);
		size += sizeof(item.record) + item.record.extra;
	}
	cr_assert_eq(trace_stream_read(bytes, size, count_item, &count), 0);
	cr_assert_eq(count, 5);
	count = 0;
	cr_assert_eq(trace_stream_read(bytes, size - 1, count_item, &count),
		     sizeof(struct pv_trace_record) + 32 - 1);
	cr_assert_eq(count, 4);
	bytes[offsetof(struct pv_trace_record, kind)] = PV_TRACE_KINDS;
	count = 0;
	cr_assert_eq(trace_stream_read(bytes, size, count_item, &count), size, "no such kind");
}

static char *read_all(const char *path)
{
	static char text[65536];
	FILE *file = fopen(path, "r");
	size_t size = fread(text, 1, sizeof(text) - 1, file);

	fclose(file);
	text[size] = '\0';
	return text;
}

static void take_chunk(void *context, uint32_t type, const uint8_t *data, size_t size)
{
	if (type == TRACE_FILE_RECORDS) {
		trace_sink_take(context, data, size);
	}
}

Test(trace_print, a_file_of_records_gives_the_same_lines)
{
	char raw[] = "/tmp/trace-raw-XXXXXX", lines[] = "/tmp/trace-lines-XXXXXX";
	char again[] = "/tmp/trace-again-XXXXXX";
	struct trace_sink_options options = { .output = lines, .raw = raw };
	struct trace_item item = make(PV_TRACE_hypercall, PV_HYPERCALL_stack_switch);
	struct trace_sink sink;
	struct problem problem;
	char *first;
	FILE *file;

	close(mkstemp(raw));
	close(mkstemp(lines));
	close(mkstemp(again));
	cr_assert_eq(trace_sink_open(&sink, &options, &problem), 0);
	sink.domid = 1;
	trace_sink_name(&sink, 1, "debian", 6);
	trace_sink_take(&sink, (const uint8_t *)&item, sizeof(item.record));
	item.record.domid = 2;
	trace_sink_take(&sink, (const uint8_t *)&item, sizeof(item.record));
	item = make(PV_TRACE_domain, 3);
	trace_sink_take(&sink, (const uint8_t *)&item, sizeof(item.record));
	cr_assert(sink.has_ended);
	cr_assert_eq(sink.taken, 2);
	cr_assert_eq(trace_sink_close(&sink, &problem), 0);
	first = strdup(read_all(lines));
	cr_assert_not_null(strstr(first, "debian/1   stack_switch("), "%s", first);
	cr_assert_null(strstr(first, "other"));

	options = (struct trace_sink_options){ .output = again };
	cr_assert_eq(trace_sink_open(&sink, &options, &problem), 0);
	trace_sink_name(&sink, 1, "debian", 6);
	file = fopen(raw, "r");
	cr_assert_eq(trace_file_read(file, raw, take_chunk, &sink, &problem), 0, "%s",
		     problem.text);
	fclose(file);
	cr_assert_eq(trace_sink_close(&sink, &problem), 0);
	cr_assert_str_eq(read_all(again), first);
	file = fopen(lines, "r");
	cr_assert_eq(trace_file_read(file, lines, take_chunk, &sink, &problem), -1);
	cr_assert_not_null(strstr(problem.text, "is no trace"));
	fclose(file);
	free(first);
	unlink(raw);
	unlink(lines);
	unlink(again);
}
