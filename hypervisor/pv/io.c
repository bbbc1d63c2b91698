/*
 * Port I/O. The interval timer and the speaker port do not read as all ones:
 * kernels wait in a loop for a counter that reads 0xff to change, and give up
 * at once on one that reads 0.
 */
#include "pv/io.h"

#include "pv/debugreg.h"

#define PORT_PIT_FIRST    0x40
#define PORT_PIT_LAST     0x43
#define PORT_SPEAKER      0x61
#define SPEAKER_TIMER_OUT 0x20 /* counter 2 has run out */

bool io_is_allowed(const struct vcpu *v)
{
	u8 kernel_level = v->shows_iopl ? 0 : 1;

	return v->iopl >= (v->mode == VCPU_MODE_KERNEL ? kernel_level : 3);
}

static u8 read_byte(u32 port)
{
	if (port >= PORT_PIT_FIRST && port <= PORT_PIT_LAST) {
		return 0;
	}
	return port == PORT_SPEAKER ? SPEAKER_TIMER_OUT : 0xff;
}

u32 io_port_read(u16 port, u32 bytes)
{
	u32 value = 0;

	for (u32 i = 0; i < bytes; i++) {
		value |= (u32)read_byte(port + i) << (8 * i);
	}
	return value;
}

/* REX.W does not widen port I/O. */
static u32 io_bytes(const struct insn *insn)
{
	return MIN(insn->op_bytes, 4);
}

static u16 io_port(const struct cpu_regs *regs, const struct insn *insn)
{
	return insn->opcode & 8 ? regs->rdx : (u8)insn->imm;
}

bool io_met_breakpoint(struct vcpu *v, const struct cpu_regs *regs, const struct insn *insn)
{
	u64 hits = debugreg_io_hits(v, io_port(regs, insn), io_bytes(insn));

	if (hits != 0) {
		debugreg_met(v, hits);
	}
	return hits != 0;
}

bool io_emulate(struct vcpu *v, struct cpu_regs *regs, const struct insn *insn)
{
	u32 bytes = io_bytes(insn);
	bool is_out = insn->opcode & 2;
	u16 port = io_port(regs, insn);

	if (!io_is_allowed(v)) {
		return false;
	}
	if (!is_out) {
		insn_reg_write(regs, 0, bytes, 0, io_port_read(port, bytes));
	}
	return true;
}
