/*
 * tools/bench and tools/profile: kinds of instructions, figures as programs print them, the model of
 * cycles, the comparison with a baseline; and tools/parley/counts.c.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/costs.h"
#include "bench/figures.h"
#include "bench/results.h"
#include "parley/counts.h"
#include "profile/opcode.h"

static enum opcode_kind classify(const char *bytes, size_t size)
{
	return opcode_classify((const uint8_t *)bytes, size);
}

#define KIND(bytes) classify(bytes, sizeof(bytes) - 1)

Test(bench, kinds_of_instructions)
{
	cr_expect_eq(KIND("\x0f\x05"), OPCODE_SYSCALL);
	cr_expect_eq(KIND("\x48\x0f\x07"), OPCODE_SYSRET);
	cr_expect_eq(KIND("\x48\xcf"), OPCODE_IRET);
	cr_expect_eq(KIND("\xcc"), OPCODE_INT);
	cr_expect_eq(KIND("\xcd\x80"), OPCODE_INT);
	cr_expect_eq(KIND("\x0f\x22\xd8"), OPCODE_CR3);
	cr_expect_eq(KIND("\x41\x0f\x22\xdb"), OPCODE_CR3);
	cr_expect_eq(KIND("\x0f\x22\xe0"), OPCODE_CR);
	cr_expect_eq(KIND("\x0f\x20\xd8"), OPCODE_PLAIN, "a read of CR3");
	cr_expect_eq(KIND("\x0f\x01\x38"), OPCODE_INVLPG);
	cr_expect_eq(KIND("\x0f\x01\xf8"), OPCODE_SWAPGS);
	cr_expect_eq(KIND("\x0f\x01\xcb"), OPCODE_SMAP);
	cr_expect_eq(KIND("\x0f\x30"), OPCODE_WRMSR);
	cr_expect_eq(KIND("\x0f\x32"), OPCODE_RDMSR);
	cr_expect_eq(KIND("\xf3\x48\x0f\xae\xd8"), OPCODE_FSBASE);
	cr_expect_eq(KIND("\x0f\xae\xf0"), OPCODE_FENCE);
	cr_expect_eq(KIND("\x0f\xae\x07"), OPCODE_FPU);
	cr_expect_eq(KIND("\xf0\x0f\xb1\x0b"), OPCODE_LOCKED);
	cr_expect_eq(KIND("\x87\x07"), OPCODE_LOCKED, "XCHG with memory");
	cr_expect_eq(KIND("\x87\xc8"), OPCODE_PLAIN, "XCHG of registers");
	cr_expect_eq(KIND("\x66\x87\xdb"), OPCODE_MARK);
	cr_expect_eq(KIND("\x87\xdb"), OPCODE_PLAIN, "not the mark: XCHG of EBX");
	cr_expect_eq(KIND("\x90"), OPCODE_PLAIN);
	cr_expect_eq(KIND("\x48"), OPCODE_PLAIN, "a prefix and nothing behind it");
	cr_expect_eq(KIND(""), OPCODE_PLAIN);
}

Test(bench, figures_are_found_among_other_lines)
{
	char *lines[] = {
		(char *)"(XEN) bench of something",
		(char *)"bench: start",
		(char *)"[    1.0] bench: syscall   90.25 instructions operations 1000",
		(char *)"bench: fork  317757.9 least  312000.0 operations 200",
		(char *)"bench: end, status 0",
	};
	struct run_lines all = { .items = lines, .count = 5 };
	struct figures figures = { 0 };

	figures_parse(&figures, &all);
	cr_assert_eq(figures.count, 2);
	cr_assert_float_eq(figures_find(&figures, "syscall")->value, 90.25, 1e-9);
	cr_assert_eq(figures_find(&figures, "fork")->operations, 200);
	cr_assert_null(figures_find(&figures, "start"));
	figures_free(&figures);
}

/* A file with this text; the name is good until the next call. */
static const char *file_with(const char *text)
{
	static char path[] = "/tmp/test_bench_XXXXXX";
	int fd;

	strcpy(strrchr(path, '_'), "_XXXXXX");
	fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	return path;
}

static int read_costs(struct costs *costs, const char *text)
{
	const char *path = file_with(text);
	int rc = costs_read(costs, path);

	unlink(path);
	return rc;
}

/* Every kind at 1 to 2 cycles, but for the instruction. */
static char *all_costs(void)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	fprintf(f, "# a comment\n\ninstruction 0.5 1 [A]\nfault 1 2 [A]\n");
	for (unsigned k = OPCODE_SYSCALL; k < OPCODE_KINDS; k++) {
		fprintf(f, "%s 1 2 [A]\n", opcode_names[k]);
	}
	fclose(f);
	return text;
}

Test(bench, model_adds_events_to_instructions)
{
	struct section section = { .faults = 10, .opcodes[OPCODE_CR3] = 20 };
	struct costs costs;
	struct cost cycles;
	char *text = all_costs();

	cr_assert_eq(read_costs(&costs, text), 0);
	cycles = costs_model(&costs, &section, 10, 100);
	cr_assert_float_eq(cycles.low, 100 * 0.5 + 1 * 1 + 2 * 1, 1e-9);
	cr_assert_float_eq(cycles.high, 100 * 1 + 1 * 2 + 2 * 2, 1e-9);
	free(text);
}

Test(bench, model_refuses_tables_that_are_not_whole)
{
	struct costs costs;

	cr_expect_neq(read_costs(&costs, "instruction 0.5 1 [A]\n"), 0, "kinds missing");
	cr_expect_neq(read_costs(&costs, "cr3 1 2 [A]\ncr3 1 2 [A]\n"), 0, "a kind twice");
	cr_expect_neq(read_costs(&costs, "cr3 2 1 [A]\n"), 0, "low over high");
	cr_expect_neq(read_costs(&costs, "cr3 1 2\n"), 0, "no basis");
	cr_expect_neq(read_costs(&costs, "wormhole 1 2 [A]\n"), 0, "no such kind");
	cr_expect_neq(costs_read(&costs, "/nonexistent"), 0);
}

static struct results results_with(const char *name, double value)
{
	struct results results = { .conditions = { "k", "c", "e", "m" } };

	figures_set(&results.figures[MACHINE_PARLEY][WORKLOAD_GUEST], name, value);
	return results;
}

static int check_against(double now, const char *kernel, const char *compiler)
{
	struct results results = results_with("syscall", now);
	char text[512];
	const char *path;
	int worse;

	snprintf(text, sizeof(text),
		 "{\"conditions\": {\"kernel\": \"%s\", \"compiler\": \"%s\", \"emulator\": \"e\","
		 " \"cpu\": \"m\"}, \"parley\": {\"guest\": {\"syscall\": 100}}}",
		 kernel, compiler);
	path = file_with(text);
	worse = results_check(&results, path);
	unlink(path);
	results_free(&results);
	return worse;
}

Test(bench, baseline_allows_two_in_a_hundred)
{
	cr_expect_eq(check_against(100, "k", "c"), 0);
	cr_expect_eq(check_against(102, "k", "c"), 0);
	cr_expect_eq(check_against(102.1, "k", "c"), 1);
	cr_expect_eq(check_against(50, "k", "c"), 0, "better");
	cr_expect_eq(check_against(200, "k", "another"), 0, "cannot be compared");
	cr_expect_eq(check_against(200, "another", "c"), 1, "no matter to the guest's figures");
}

Test(bench, figure_that_is_gone_is_worse)
{
	struct results results = results_with("other", 1);
	const char *path =
		file_with("{\"conditions\": {\"kernel\": \"k\", \"compiler\": \"c\", \"emulator\": "
			  "\"e\", \"cpu\": \"m\"}, \"parley\": {\"guest\": {\"syscall\": 1}}}");

	cr_expect_eq(results_check(&results, path), 1);
	unlink(path);
	cr_expect_eq(results_check(&results, path), -1, "no file");
	results_free(&results);
}

Test(bench, saved_results_come_back)
{
	struct results results = results_with("syscall", 90.25), again = { 0 };
	const char *path = file_with("");

	cr_assert_eq(results_save(&results, 1u << MACHINE_PARLEY, path), 0);
	cr_assert_eq(results_load(&again, 1u << MACHINE_PARLEY, path), 0);
	cr_assert_eq(again.figures[MACHINE_PARLEY][WORKLOAD_GUEST].count, 0,
		     "figures of another processor");
	again.conditions = results.conditions;
	cr_assert_eq(results_load(&again, 1u << MACHINE_PARLEY, path), 0);
	cr_assert_float_eq(
		figures_find(&again.figures[MACHINE_PARLEY][WORKLOAD_GUEST], "syscall")->value,
		90.25, 1e-9);
	unlink(path);
	results_free(&results);
	results_free(&again);
}

static const char events_text[] = "section 0\n"
				  "event syscall user 30\n"
				  "event sysret hypervisor 20\n"
				  "event iret hypervisor 25\n"
				  "block ffff828000200000 10 5\n"
				  "block ffff828000200010 1 7\n"
				  "block ffffffff81000000 3 2\n"
				  "section 1\n";

Test(bench, events_are_split_by_who_and_named)
{
	struct symbol items[] = { { 0xffff828000200000, (char *)"hypercall_mmu_update" } };
	struct symbols symbols = { items, 1 };
	struct sections sections = { 0 };
	const char *path = file_with(events_text);
	const struct section *s;

	cr_assert_eq(events_read(&sections, path, &symbols), 0);
	unlink(path);
	cr_assert_eq(sections.count, 2);
	s = &sections.items[0];
	cr_expect_eq(s->instructions, 63);
	cr_expect_eq(s->hypervisor, 57);
	cr_expect_eq(s->faults, 15);
	cr_assert_eq(s->entry_count, 1);
	cr_expect_str_eq(s->entries[0].name, "mmu_update");
	cr_expect_eq(s->entries[0].count, 5);
	events_free(&sections);
}

Test(counts, are_printed_without_what_is_zero)
{
	static struct counts counts;
	static struct fates fates;
	struct pv_stats frame = { .version = PV_STATS_VERSION, .size = sizeof(frame) };
	char *text;

	fates_add(&fates, "guest");
	fates_add(&fates, "silent");
	frame.hypercalls[1] = 12;
	frame.hypercalls[47] = 1;
	frame.entries[PV_STATS_ENTRY_upcall] = 3;
	frame.work[PV_STATS_WORK_flush_all] = 4;
	counts_take(&counts, 0, (const uint8_t *)&frame, sizeof(frame));
	text = counts_print(&counts, &fates, false);
	cr_expect_not_null(strstr(text, "guest:"));
	cr_expect_not_null(strstr(text, "mmu_update"));
	cr_expect_not_null(strstr(text, " 47 "));
	cr_expect_null(strstr(text, "vcpu_op"));
	cr_expect_null(strstr(text, "silent"));
	free(text);
	text = counts_print(&counts, &fates, true);
	cr_expect_not_null(strstr(text, "\"tlb_flush\": 4"));
	free(text);
}

Test(counts, frames_of_another_size_are_taken_as_far_as_they_go)
{
	static struct counts counts;
	struct pv_stats frame = { .version = PV_STATS_VERSION, .hypercalls[0] = 5 };
	uint8_t longer[sizeof(frame) + 64] = { 0 };

	memcpy(longer, &frame, sizeof(frame));
	counts_take(&counts, 1, longer, sizeof(longer));
	cr_expect_eq(counts.items[1].hypercalls[0], 5);
	counts_take(&counts, 2, longer, 16);
	cr_expect_eq(counts.items[2].hypercalls[0], 5);
	cr_expect_eq(counts.items[2].hypercalls[1], 0);
	counts_take(&counts, 3, longer, 4);
	cr_expect_eq(counts.items[3].version, 0, "shorter than its head");
	counts_take(&counts, FATES_MAX, longer, sizeof(longer));
}
