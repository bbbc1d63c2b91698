/*
 * Privileged instructions: what each one does. The instruction is fetched and
 * decoded once, from a copy, and nothing is changed before all of it is
 * checked. What comes behind one, a single step or a breakpoint on I/O, is
 * delivered by traps.c.
 */
#include "pv/emulate.h"

#include <seam/cpu.h>
#include <seam/guest_cpu.h>

#include "pv/cpuid_policy.h"
#include "domain/sched.h"
#include "mm/guest.h"
#include "mm/tlb.h"
#include "pv/debugreg.h"
#include "pv/decode.h"
#include "pv/io.h"
#include "pv/msr.h"

#define CR0_TS_BIT 0x8UL

static void set_ts(struct vcpu *v, bool on)
{
	v->ts = on;
	guest_cpu_set_ts(on);
}

static bool read_cr(struct vcpu *v, u32 number, u64 *value)
{
	switch (number) {
	case 0:
		*value = PV_CR0 | (v->ts ? CR0_TS_BIT : 0);
		return true;
	case 2:
		*value = v->cr2;
		return true;
	case 3:
		*value = v->kernel_cr3;
		return true;
	case 4:
		*value = PV_CR4_ALWAYS | (v->cr4 & PV_CR4_GUEST);
		return true;
	default:
		return false;
	}
}

/* CR3 is changed by mmuext_op, which checks the root; a MOV to it is refused. */
static bool write_cr(struct vcpu *v, u32 number, u64 value)
{
	switch (number) {
	case 0:
		if ((value & ~CR0_TS_BIT) != PV_CR0) {
			return false;
		}
		set_ts(v, value & CR0_TS_BIT);
		return true;
	case 2:
		v->cr2 = value;
		return true;
	case 4:
		v->cr4 = (v->cr4 & ~PV_CR4_GUEST) | (value & PV_CR4_GUEST);
		guest_cpu_set_cr4(PV_CR4_LIVE, v->cr4);
		return true;
	default:
		return false;
	}
}

static bool move_cr(struct vcpu *v, struct cpu_regs *regs, const struct insn *insn)
{
	u64 value;

	if (insn->opcode == 0x22) {
		value = insn_reg_read(regs, insn_rm(insn), insn->op_bytes, insn->rex);
		return write_cr(v, insn_reg(insn), value);
	}
	if (!read_cr(v, insn_reg(insn), &value)) {
		return false;
	}
	insn_reg_write(regs, insn_rm(insn), insn->op_bytes, insn->rex, value);
	return true;
}

static bool move_dr(struct vcpu *v, struct cpu_regs *regs, const struct insn *insn)
{
	u64 value;

	if (insn->opcode == 0x23) {
		value = insn_reg_read(regs, insn_rm(insn), insn->op_bytes, insn->rex);
		return debugreg_write(v, insn_reg(insn), value) == 0;
	}
	if (debugreg_read(v, insn_reg(insn), &value) != 0) {
		return false;
	}
	insn_reg_write(regs, insn_rm(insn), insn->op_bytes, insn->rex, value);
	return true;
}

static void write_edx_eax(struct cpu_regs *regs, u64 value)
{
	regs->rax = (u32)value;
	regs->rdx = value >> 32;
}

static u64 read_edx_eax(const struct cpu_regs *regs)
{
	return (u32)regs->rax | (regs->rdx << 32);
}

static bool set_xcr0(struct vcpu *v, struct cpu_regs *regs)
{
	u64 value = read_edx_eax(regs);

	if ((u32)regs->rcx != 0 || !guest_cpu_xcr0_is_valid(value)) {
		return false;
	}
	v->xcr0 = value;
	guest_cpu_set_xcr0(value);
	return true;
}

/* 0f 01: XSETBV, RDTSCP (under CR4.TSD), LMSW of a register, INVLPG. */
static bool group_7(struct vcpu *v, struct cpu_regs *regs, const struct insn *insn)
{
	u64 value;

	if (insn->modrm == 0xd1) {
		return set_xcr0(v, regs);
	}
	if (insn->modrm == 0xf9) {
		write_edx_eax(regs, cpu_read_tsc());
		regs->rcx = v->tsc_aux;
		return true;
	}
	if (insn_group(insn) == 6 && insn_mod(insn) == 3) {
		value = insn_reg_read(regs, insn_rm(insn), 2, insn->rex);
		if ((value & 6) != 2) { /* MP stays set, EM clear */
			return false;
		}
		set_ts(v, value & CR0_TS_BIT);
		return true;
	}
	if (insn_group(insn) == 7 && insn_mod(insn) != 3) {
		/* More than asked for, which is allowed; PV kernels use mmuext_op. */
		tlb_flush_local();
		return true;
	}
	return false;
}

static void do_cpuid(struct vcpu *v, struct cpu_regs *regs)
{
	u32 out[4];

	cpuid_policy_guest(v, regs->rax, regs->rcx, out);
	regs->rax = out[0];
	regs->rbx = out[1];
	regs->rcx = out[2];
	regs->rdx = out[3];
}

static bool do_rdmsr(struct vcpu *v, struct cpu_regs *regs)
{
	u64 value;

	if (pv_msr_read(v, regs->rcx, &value) != 0) {
		return false;
	}
	write_edx_eax(regs, value);
	return true;
}

/* HLT: as sched_op block, wait with upcalls enabled. */
static void do_halt(struct vcpu *v)
{
	WRITE_ONCE(v->info->evtchn_upcall_mask, 0);
	if (!READ_ONCE(v->info->evtchn_upcall_pending)) {
		sched_block();
	}
}

static bool emulate_two_byte(struct vcpu *v, struct cpu_regs *regs, const struct insn *insn)
{
	switch (insn->opcode) {
	case 0x01:
		return group_7(v, regs, insn);
	case 0x06: /* clts */
		set_ts(v, false);
		return true;
	case 0x08: /* invd, wbinvd: no device sees the guest's memory uncached */
	case 0x09:
		return true;
	case 0x20:
	case 0x22:
		return move_cr(v, regs, insn);
	case 0x21:
	case 0x23:
		return move_dr(v, regs, insn);
	case 0x30:
		return pv_msr_write(v, regs->rcx, read_edx_eax(regs)) == 0;
	case 0x31: /* rdtsc, under CR4.TSD */
		write_edx_eax(regs, cpu_read_tsc());
		return true;
	case 0x32:
		return do_rdmsr(v, regs);
	case 0xa2:
		do_cpuid(v, regs);
		return true;
	default:
		return false;
	}
}

static enum emulate_result result_of(bool done)
{
	return done ? EMULATE_DONE : EMULATE_FAULT;
}

static enum emulate_result do_io(struct vcpu *v, struct cpu_regs *regs, const struct insn *insn)
{
	if (!io_emulate(v, regs, insn)) {
		return EMULATE_FAULT;
	}
	return io_met_breakpoint(v, regs, insn) ? EMULATE_BREAK : EMULATE_DONE;
}

static enum emulate_result emulate_one_byte(struct vcpu *v, struct cpu_regs *regs,
					    const struct insn *insn)
{
	switch (insn->opcode) {
	case 0xe4 ... 0xe7:
	case 0xec ... 0xef:
		return do_io(v, regs, insn);
	case 0xf4:
		do_halt(v);
		return EMULATE_DONE;
	case 0xfa:
	case 0xfb:
		/*
		 * Legal with I/O privilege, but no more than that: a later POPF
		 * would not be seen, so events stay under the guest's own mask.
		 */
		return result_of(io_is_allowed(v));
	default:
		return EMULATE_FAULT;
	}
}

/* What a guest's user half may execute too, if the kernel granted it. */
static bool user_may_execute(const struct insn *insn)
{
	if (insn->map == INSN_MAP_0F) {
		return insn->opcode == 0xa2;
	}
	return (insn->opcode & 0xf4) == 0xe4 || (insn->opcode & 0xfe) == 0xfa;
}

enum emulate_result pv_emulate_privileged(struct vcpu *v, struct cpu_regs *regs)
{
	u8 bytes[INSN_MAX_LENGTH];
	struct insn insn;
	bool long_mode = guest_cpu_code_is_64bit(regs->cs);
	u32 count = insn_fetch(bytes, regs->rip);
	enum emulate_result result;

	if (!insn_decode(&insn, bytes, count, long_mode) || (insn.prefixes & INSN_LOCK)) {
		return EMULATE_FAULT;
	}
	if (v->mode != VCPU_MODE_KERNEL && !user_may_execute(&insn)) {
		return EMULATE_FAULT;
	}
	if (insn.map == INSN_MAP_0F) {
		result = result_of(emulate_two_byte(v, regs, &insn));
	} else {
		result = emulate_one_byte(v, regs, &insn);
	}
	if (result == EMULATE_FAULT) {
		return EMULATE_FAULT;
	}
	regs->rip += insn.length;
	regs->rflags &= ~RFLAGS_RF;
	return result;
}

bool pv_emulate_forced_cpuid(struct vcpu *v, struct cpu_regs *regs)
{
	static const u8 forced[7] = { 0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2 };
	u8 bytes[sizeof(forced)];

	if (guest_read(bytes, regs->rip, sizeof(bytes)) != 0) {
		return false;
	}
	for (u32 i = 0; i < sizeof(forced); i++) {
		if (bytes[i] != forced[i]) {
			return false;
		}
	}
	do_cpuid(v, regs);
	regs->rip += sizeof(forced);
	regs->rflags &= ~RFLAGS_RF;
	return true;
}

int pv_decode_int_n(struct vcpu *v, const struct cpu_regs *regs)
{
	u8 bytes[2];

	if (guest_read(bytes, regs->rip, sizeof(bytes)) != 0 || bytes[0] != 0xcd) {
		return -1;
	}
	return bytes[1];
}
