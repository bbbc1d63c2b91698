/* Telling the kind of an instruction from its first bytes; see opcode.h. */
#include "profile/opcode.h"

#include <stdbool.h>

const char *const opcode_names[OPCODE_KINDS] = {
	[OPCODE_PLAIN] = "plain",   [OPCODE_MARK] = "mark",     [OPCODE_SYSCALL] = "syscall",
	[OPCODE_SYSRET] = "sysret", [OPCODE_IRET] = "iret",     [OPCODE_INT] = "int",
	[OPCODE_CR3] = "cr3",       [OPCODE_CR] = "cr",         [OPCODE_INVLPG] = "invlpg",
	[OPCODE_SWAPGS] = "swapgs", [OPCODE_RDMSR] = "rdmsr",   [OPCODE_WRMSR] = "wrmsr",
	[OPCODE_SMAP] = "smap",     [OPCODE_FSBASE] = "fsbase", [OPCODE_CPUID] = "cpuid",
	[OPCODE_HLT] = "hlt",       [OPCODE_LOCKED] = "locked", [OPCODE_FENCE] = "fence",
	[OPCODE_FPU] = "fpu",
};

struct prefixes {
	bool operand_size, lock, rep;
	size_t length;
};

static struct prefixes read_prefixes(const uint8_t *bytes, size_t size)
{
	struct prefixes p = { .length = 0 };

	for (; p.length < size; p.length++) {
		uint8_t b = bytes[p.length];

		p.operand_size |= b == 0x66;
		p.lock |= b == 0xf0;
		p.rep |= b == 0xf3;
		if (!(b == 0x66 || b == 0x67 || b == 0xf0 || b == 0xf2 || b == 0xf3 || b == 0x2e ||
		      b == 0x36 || b == 0x3e || b == 0x26 || b == 0x64 || b == 0x65 ||
		      (b & 0xf0) == 0x40)) {
			break;
		}
	}
	return p;
}

static enum opcode_kind classify_0f01(uint8_t modrm)
{
	switch (modrm) {
	case 0xca:
	case 0xcb:
		return OPCODE_SMAP;
	case 0xf8:
		return OPCODE_SWAPGS;
	default:
		return modrm < 0xc0 && (modrm >> 3 & 7) == 7 ? OPCODE_INVLPG : OPCODE_PLAIN;
	}
}

static enum opcode_kind classify_0fae(uint8_t modrm, bool rep)
{
	unsigned field = modrm >> 3 & 7;

	if (modrm < 0xc0) {
		return field <= 1 || (field >= 4 && field <= 6) ? OPCODE_FPU : OPCODE_PLAIN;
	}
	if (rep) {
		return field <= 3 ? OPCODE_FSBASE : OPCODE_PLAIN;
	}
	return field == 5 || field == 6 ? OPCODE_FENCE : OPCODE_PLAIN;
}

static enum opcode_kind classify_0f(uint8_t opcode, uint8_t modrm, bool rep)
{
	switch (opcode) {
	case 0x01:
		return classify_0f01(modrm);
	case 0x05:
		return OPCODE_SYSCALL;
	case 0x07:
		return OPCODE_SYSRET;
	case 0x22:
		return (modrm >> 3 & 7) == 3 ? OPCODE_CR3 : OPCODE_CR;
	case 0x30:
		return OPCODE_WRMSR;
	case 0x32:
		return OPCODE_RDMSR;
	case 0xa2:
		return OPCODE_CPUID;
	case 0xae:
		return classify_0fae(modrm, rep);
	default:
		return OPCODE_PLAIN;
	}
}

enum opcode_kind opcode_classify(const uint8_t *bytes, size_t size)
{
	struct prefixes p = read_prefixes(bytes, size);
	uint8_t opcode = p.length < size ? bytes[p.length] : 0x90;
	uint8_t second = p.length + 1 < size ? bytes[p.length + 1] : 0;
	uint8_t third = p.length + 2 < size ? bytes[p.length + 2] : 0;

	if (p.lock) {
		return OPCODE_LOCKED;
	}
	switch (opcode) {
	case 0x0f:
		return classify_0f(second, third, p.rep);
	case 0x86:
	case 0x87:
		if (second < 0xc0) {
			return OPCODE_LOCKED;
		}
		return opcode == 0x87 && second == 0xdb && p.operand_size ? OPCODE_MARK :
									    OPCODE_PLAIN;
	case 0xcc:
	case 0xcd:
		return OPCODE_INT;
	case 0xcf:
		return OPCODE_IRET;
	case 0xf4:
		return OPCODE_HLT;
	default:
		return OPCODE_PLAIN;
	}
}
