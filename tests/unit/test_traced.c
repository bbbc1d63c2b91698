/*
 * pv/traced.c: the record of an emulation, and that there is none of what was not carried
 * out. The emulations and the trace's ring are the test's.
 */
#include <criterion/criterion.h>
#include <string.h>

#include <parley/stats.h>
#include <seam/cpu.h>

#include "domain/trace.h"
#include "fake_guest.h"
#include "pv/traced.h"

#define CODE  0xffffffff81000ff8UL /* eight bytes before a page ends */
#define TABLE 0xffff888000100000UL

static struct domain domain;
static struct vcpu vcpu;
static struct cpu_regs regs;
static u8 code[64];
static u64 table[2];
static struct pv_trace_record record;
static u32 records;
static bool is_refused, is_again;

/* ---- what traced.c calls ---- */

struct trace_begin trace_begin(void)
{
	return (struct trace_begin){ .time_ns = 77, .tsc = fake_tsc };
}

void trace_end(struct pv_trace_record *r, struct trace_begin began)
{
	r->time_ns = began.time_ns;
	r->cycles = fake_tsc - began.tsc;
}

void trace_record(struct pv_trace_record *r, const struct vcpu *v, const void *extra)
{
	cr_assert_eq(v, &vcpu);
	cr_assert_null(extra);
	cr_assert_eq(r->extra, 0);
	record = *r;
	records++;
}

/* Takes 40 cycles, answers in RAX, and goes on behind the instruction. */
static bool carry_out(struct vcpu *v, struct cpu_regs *of)
{
	cr_assert_eq(v, &vcpu);
	fake_tsc += 40;
	if (is_refused) {
		return false;
	}
	of->rax = 0x1234;
	of->rip += is_again ? 0 : 2;
	return true;
}

enum emulate_result pv_emulate_privileged(struct vcpu *v, struct cpu_regs *of)
{
	return carry_out(v, of) ? EMULATE_DONE : EMULATE_FAULT;
}

bool pv_emulate_forced_cpuid(struct vcpu *v, struct cpu_regs *of)
{
	return carry_out(v, of);
}

enum ptwr_result pv_emulate_pt_write(struct vcpu *v, struct cpu_regs *of, u64 gva)
{
	if (!carry_out(v, of)) {
		return PTWR_REFUSED;
	}
	table[(gva >> 3) & 1] = 0x1f3001;
	return PTWR_DONE;
}

static void setup(void)
{
	static const u8 bytes[] = { 0x0f, 0x32, 1, 2, 3, 4, 5, 6 };

	domain = (struct domain){ .id = 1 };
	vcpu = (struct vcpu){ .domain = &domain };
	regs = (struct cpu_regs){ .rip = CODE, .rax = 1, .rcx = 2, .rdx = 3 };
	memcpy(code, bytes, sizeof(bytes));
	table[0] = table[1] = 0;
	fake_guest_reset();
	fake_guest_map(CODE, code, sizeof(code));
	fake_guest_map(TABLE, table, sizeof(table));
	records = 0;
	is_refused = is_again = false;
}

TestSuite(traced, .init = setup);

static void expect_record(u8 entry, u64 bytes)
{
	cr_assert_eq(records, 1);
	cr_assert_eq(record.kind, PV_TRACE_emulation);
	cr_assert_eq(record.number, entry);
	cr_assert_eq(record.time_ns, 77);
	cr_assert_eq(record.cycles, 40);
	cr_assert_eq(record.args[0], CODE, "where it stood, not where it went on");
	cr_assert_eq(record.args[1], bytes);
}

#define BYTES 0x060504030201320fUL

Test(traced, an_instruction_has_its_registers_before_and_its_answer)
{
	cr_assert_eq(pv_traced_privileged(&vcpu, &regs), EMULATE_DONE);
	expect_record(PV_STATS_ENTRY_emulation, BYTES);
	cr_assert_eq(record.args[2], 1);
	cr_assert_eq(record.args[3], 2);
	cr_assert_eq(record.args[4], 3);
	cr_assert_eq(record.result, 0x1234);
	cr_assert_eq(record.flags, 0);
}

Test(traced, a_forced_cpuid_has_the_same)
{
	cr_assert(pv_traced_forced_cpuid(&vcpu, &regs));
	expect_record(PV_STATS_ENTRY_emulation, BYTES);
	cr_assert_eq(record.args[2], 1);
	cr_assert_eq(record.result, 0x1234);
}

Test(traced, what_is_not_carried_out_is_not_recorded)
{
	is_refused = true;
	cr_assert_eq(pv_traced_privileged(&vcpu, &regs), EMULATE_FAULT);
	cr_assert_not(pv_traced_forced_cpuid(&vcpu, &regs));
	cr_assert_eq(pv_traced_pt_write(&vcpu, &regs, TABLE), PTWR_REFUSED);
	cr_assert_eq(records, 0);
}

Test(traced, an_instruction_at_a_pages_end_is_as_much_as_can_be_read)
{
	fake_guest_reset();
	fake_guest_map(CODE, code, 8);
	cr_assert_eq(pv_traced_privileged(&vcpu, &regs), EMULATE_DONE);
	expect_record(PV_STATS_ENTRY_emulation, BYTES);
}

Test(traced, code_that_cannot_be_read_is_zero)
{
	fake_guest_reset();
	cr_assert_eq(pv_traced_privileged(&vcpu, &regs), EMULATE_DONE);
	expect_record(PV_STATS_ENTRY_emulation, 0);
}

/* The store may be to part of an entry; the whole of it is told. */
Test(traced, a_store_to_a_table_has_the_entry_behind_it)
{
	cr_assert_eq(pv_traced_pt_write(&vcpu, &regs, TABLE + 12), PTWR_DONE);
	expect_record(PV_STATS_ENTRY_table_write, BYTES);
	cr_assert_eq(record.args[2], TABLE + 12);
	cr_assert_eq(record.args[3], 0);
	cr_assert_eq(record.args[4], 0);
	cr_assert_eq(record.result, 0x1f3001);
	cr_assert_eq(record.flags, 0);
}

Test(traced, a_store_that_is_made_again_is_marked)
{
	is_again = true;
	cr_assert_eq(pv_traced_pt_write(&vcpu, &regs, TABLE), PTWR_DONE);
	expect_record(PV_STATS_ENTRY_table_write, BYTES);
	cr_assert_eq(record.flags, PV_TRACE_FLAG_restart);
}

Test(traced, an_entry_that_cannot_be_read_is_zero)
{
	fake_guest_reset();
	fake_guest_map(CODE, code, sizeof(code));
	cr_assert_eq(pv_traced_pt_write(&vcpu, &regs, TABLE), PTWR_DONE);
	expect_record(PV_STATS_ENTRY_table_write, BYTES);
	cr_assert_eq(record.result, 0);
}
