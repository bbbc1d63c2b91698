/*
 * Emulations of a vCPU that is traced. The instruction's bytes are read for the
 * record alone, so what stands there is what the emulation found unless the guest
 * changed it in between.
 */
#include "pv/traced.h"

#include <parley/stats.h>

#include "domain/trace.h"
#include "mm/guest.h"
#include "pv/decode.h"

/* The first bytes of the instruction, 0 where they cannot be read. */
static u64 first_bytes(u64 rip)
{
	union {
		u8 bytes[INSN_MAX_LENGTH];
		u64 first;
	} u = { .first = 0 };

	(void)insn_fetch(u.bytes, rip);
	return u.first;
}

static struct pv_trace_record begin_record(const struct cpu_regs *regs, u8 entry)
{
	return (struct pv_trace_record){
		.kind = PV_TRACE_emulation,
		.number = entry,
		.args = { regs->rip, first_bytes(regs->rip), regs->rax, regs->rcx, regs->rdx },
	};
}

enum emulate_result pv_traced_privileged(struct vcpu *v, struct cpu_regs *regs)
{
	struct pv_trace_record r = begin_record(regs, PV_STATS_ENTRY_emulation);
	struct trace_begin began = trace_begin();
	enum emulate_result result = pv_emulate_privileged(v, regs);

	if (result != EMULATE_FAULT) {
		trace_end(&r, began);
		r.result = (s64)regs->rax;
		trace_record(&r, v, NULL);
	}
	return result;
}

bool pv_traced_forced_cpuid(struct vcpu *v, struct cpu_regs *regs)
{
	struct pv_trace_record r = begin_record(regs, PV_STATS_ENTRY_emulation);
	struct trace_begin began = trace_begin();

	if (!pv_emulate_forced_cpuid(v, regs)) {
		return false;
	}
	trace_end(&r, began);
	r.result = (s64)regs->rax;
	trace_record(&r, v, NULL);
	return true;
}

enum ptwr_result pv_traced_pt_write(struct vcpu *v, struct cpu_regs *regs, u64 gva)
{
	struct pv_trace_record r = begin_record(regs, PV_STATS_ENTRY_table_write);
	struct trace_begin began = trace_begin();
	enum ptwr_result result = pv_emulate_pt_write(v, regs, gva);
	u64 entry = 0;

	if (result == PTWR_DONE) {
		trace_end(&r, began);
		r.args[2] = gva;
		r.args[3] = r.args[4] = 0;
		if (regs->rip == r.args[0]) {
			r.flags = PV_TRACE_FLAG_restart;
		}
		if (guest_read_words(&entry, gva & ~7UL, 1) == 0) {
			r.result = (s64)entry;
		}
		trace_record(&r, v, NULL);
	}
	return result;
}
