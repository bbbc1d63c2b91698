/*
 * The instruction decoder. Each opcode that is known has one byte in a table
 * saying what follows it; the rest of the format is the same for all.
 */
#include "pv/decode.h"

#include "mm/guest.h"

/* What is known of an opcode */
#define KNOWN 0x01
#define MODRM 0x02
#define BYTE  0x04 /* operands of one byte */
#define IMM8  0x08
#define IMMZ  0x10 /* immediate of the operand size, at most 4 bytes */
#define TEST  0x20 /* group 3: only TEST (/0, /1) has the immediate, and is refused */
#define WIDE  0x40 /* operands are 8 bytes in 64-bit code whatever the prefixes */

#define RM      (KNOWN | MODRM)
#define RM_BYTE (KNOWN | MODRM | BYTE)

#define ALU(op) [(op)] = RM_BYTE, [(op) + 1] = RM

static const u8 one_byte_map[256] = {
	ALU(0x00),
	ALU(0x08),
	ALU(0x10),
	ALU(0x18), /* add or adc sbb */
	ALU(0x20),
	ALU(0x28),
	ALU(0x30), /* and sub xor */
	[0x6c] = KNOWN | BYTE,
	[0x6d] = KNOWN, /* ins */
	[0x6e] = KNOWN | BYTE,
	[0x6f] = KNOWN, /* outs */
	[0x80] = RM_BYTE | IMM8,
	[0x81] = RM | IMMZ,
	[0x83] = RM | IMM8,
	[0x86] = RM_BYTE,
	[0x87] = RM, /* xchg */
	[0x88] = RM_BYTE,
	[0x89] = RM, /* mov */
	[0xa4] = KNOWN | BYTE,
	[0xa5] = KNOWN, /* movs */
	[0xaa] = KNOWN | BYTE,
	[0xab] = KNOWN, /* stos */
	[0xc6] = RM_BYTE | IMM8,
	[0xc7] = RM | IMMZ, /* mov */
	[0xe4] = KNOWN | BYTE | IMM8,
	[0xe5] = KNOWN | IMM8, /* in */
	[0xe6] = KNOWN | BYTE | IMM8,
	[0xe7] = KNOWN | IMM8, /* out */
	[0xec] = KNOWN | BYTE,
	[0xed] = KNOWN, /* in */
	[0xee] = KNOWN | BYTE,
	[0xef] = KNOWN, /* out */
	[0xf4] = KNOWN, /* hlt */
	[0xf6] = RM_BYTE | TEST,
	[0xf7] = RM | TEST, /* not neg */
	[0xfa] = KNOWN,
	[0xfb] = KNOWN, /* cli sti */
	[0xfe] = RM_BYTE,
	[0xff] = RM, /* inc dec */
};

static const u8 two_byte_map[256] = {
	[0x01] = RM,    /* group 7 */
	[0x06] = KNOWN, /* clts */
	[0x08] = KNOWN,
	[0x09] = KNOWN,              /* invd wbinvd */
	[0x20 ... 0x23] = RM | WIDE, /* mov to and from cr, dr */
	[0x30 ... 0x33] = KNOWN,     /* wrmsr rdtsc rdmsr rdpmc */
	[0xa2] = KNOWN,              /* cpuid */
	[0xab] = RM,
	[0xb3] = RM,
	[0xbb] = RM, /* bts btr btc */
	[0xb0] = RM_BYTE,
	[0xb1] = RM,        /* cmpxchg */
	[0xba] = RM | IMM8, /* group 8 */
	[0xc0] = RM_BYTE,
	[0xc1] = RM, /* xadd */
	[0xc3] = RM, /* movnti */
};

/* Where each general register stands in struct cpu_regs, in the processor's order. */
static const u8 reg_offset[16] = {
	offsetof(struct cpu_regs, rax), offsetof(struct cpu_regs, rcx),
	offsetof(struct cpu_regs, rdx), offsetof(struct cpu_regs, rbx),
	offsetof(struct cpu_regs, rsp), offsetof(struct cpu_regs, rbp),
	offsetof(struct cpu_regs, rsi), offsetof(struct cpu_regs, rdi),
	offsetof(struct cpu_regs, r8),  offsetof(struct cpu_regs, r9),
	offsetof(struct cpu_regs, r10), offsetof(struct cpu_regs, r11),
	offsetof(struct cpu_regs, r12), offsetof(struct cpu_regs, r13),
	offsetof(struct cpu_regs, r14), offsetof(struct cpu_regs, r15),
};

/* The flag of a prefix byte, 0 if it is none. */
static u32 prefix_flag(u8 byte)
{
	switch (byte) {
	case 0xf0:
		return INSN_LOCK;
	case 0xf2:
		return INSN_REPNE;
	case 0xf3:
		return INSN_REP;
	case 0x66:
		return INSN_OPSIZE;
	case 0x67:
		return INSN_ADDRSIZE;
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x64:
	case 0x65:
		return INSN_SEGMENT;
	default:
		return 0;
	}
}

/*
 * Bytes of the memory operand behind the ModRM byte: SIB and displacement. The
 * SIB byte, if any, is at *sib and may be read when `room` is not 0.
 */
static u32 operand_length(u8 modrm, const u8 *sib, u32 room)
{
	u32 mod = modrm >> 6, rm = modrm & 7;
	u32 length = 0;

	if (mod == 3) {
		return 0;
	}
	if (rm == 4) {
		length = 1;
		if (room != 0 && mod == 0 && (*sib & 7) == 5) {
			length += 4;
		}
	} else if (rm == 5 && mod == 0) {
		return 4;
	}
	if (mod == 1) {
		return length + 1;
	}
	return mod == 2 ? length + 4 : length;
}

/* A little-endian signed number of 1, 2 or 4 bytes. */
static u64 read_signed(const u8 *bytes, u32 count)
{
	u64 value = 0;

	for (u32 i = 0; i < count; i++) {
		value |= (u64)bytes[i] << (8 * i);
	}
	return (u64)((s64)(value << (64 - 8 * count)) >> (64 - 8 * count));
}

static u32 operand_size(const struct insn *insn, u8 known, bool long_mode)
{
	if (known & BYTE) {
		return 1;
	}
	if (known & WIDE) {
		return long_mode ? 8 : 4;
	}
	if (insn->rex & 8) {
		return 8;
	}
	return insn->prefixes & INSN_OPSIZE ? 2 : 4;
}

/* What is read so far, of the bytes that there are. */
struct cursor {
	const u8 *bytes;
	u32 at, count;
};

/* Prefixes, REX, opcode: false if there is no more. */
static bool decode_opcode(struct insn *insn, struct cursor *c, bool long_mode)
{
	u32 flag;

	while (c->at < c->count && (flag = prefix_flag(c->bytes[c->at])) != 0) {
		insn->prefixes |= flag;
		c->at++;
	}
	if (long_mode && c->at < c->count && (c->bytes[c->at] & 0xf0) == 0x40) {
		insn->rex = c->bytes[c->at++];
	}
	if (c->at < c->count && c->bytes[c->at] == 0x0f) {
		insn->map = INSN_MAP_0F;
		c->at++;
	}
	if (c->at >= c->count) {
		return false;
	}
	insn->opcode = c->bytes[c->at++];
	return true;
}

/* The ModRM byte and what of the operand follows it: false if it is not known. */
static bool decode_operand(struct insn *insn, struct cursor *c, u8 known, bool long_mode)
{
	if (c->at >= c->count) {
		return false;
	}
	insn->modrm = c->bytes[c->at++];
	/* Moves to and from CR and DR take a register whatever mod says. */
	if (!(known & WIDE)) {
		if (!long_mode && (insn->prefixes & INSN_ADDRSIZE)) {
			return false; /* 16-bit addressing */
		}
		c->at += operand_length(insn->modrm, c->bytes + c->at, c->count - c->at);
	}
	return !(known & TEST) || insn_group(insn) >= 2;
}

static bool decode_immediate(struct insn *insn, struct cursor *c, u8 known)
{
	u32 size = 0;

	if (known & IMM8) {
		size = 1;
	} else if (known & IMMZ) {
		size = MIN(insn->op_bytes, 4);
	}
	if (c->at + size > c->count) {
		return false;
	}
	if (size != 0) {
		insn->imm = read_signed(c->bytes + c->at, size);
	}
	c->at += size;
	return true;
}

bool insn_decode(struct insn *insn, const u8 *bytes, u32 count, bool long_mode)
{
	struct cursor c = { bytes, 0, MIN(count, INSN_MAX_LENGTH) };
	u8 known;

	*insn = (struct insn){ .map = INSN_MAP_ONE_BYTE };
	if (!decode_opcode(insn, &c, long_mode)) {
		return false;
	}
	known = insn->map == INSN_MAP_0F ? two_byte_map[insn->opcode] : one_byte_map[insn->opcode];
	if (!(known & KNOWN)) {
		return false;
	}
	insn->op_bytes = operand_size(insn, known, long_mode);
	if ((known & MODRM) && !decode_operand(insn, &c, known, long_mode)) {
		return false;
	}
	if (!decode_immediate(insn, &c, known)) {
		return false;
	}
	insn->length = c.at;
	return true;
}

u32 insn_fetch(u8 *bytes, u64 rip)
{
	u32 in_page = PAGE_SIZE - (rip & (PAGE_SIZE - 1));
	u32 first = MIN(in_page, INSN_MAX_LENGTH);

	if (guest_read(bytes, rip, first) != 0) {
		return 0;
	}
	if (first < INSN_MAX_LENGTH &&
	    guest_read(bytes + first, rip + first, INSN_MAX_LENGTH - first) == 0) {
		return INSN_MAX_LENGTH;
	}
	return first;
}

u64 *insn_reg64(struct cpu_regs *regs, u32 number)
{
	return (u64 *)((u8 *)regs + reg_offset[number & 15]);
}

u64 insn_reg_read(const struct cpu_regs *regs, u32 number, u32 bytes, u8 rex)
{
	if (bytes == 1 && rex == 0 && number >= 4 && number < 8) {
		return (*(const u64 *)((const u8 *)regs + reg_offset[number - 4]) >> 8) & 0xff;
	}
	return *(const u64 *)((const u8 *)regs + reg_offset[number & 15]) & insn_mask(bytes);
}

void insn_reg_write(struct cpu_regs *regs, u32 number, u32 bytes, u8 rex, u64 value)
{
	u64 mask = insn_mask(bytes);
	u64 *reg;

	if (bytes == 1 && rex == 0 && number >= 4 && number < 8) {
		reg = (u64 *)((u8 *)regs + reg_offset[number - 4]);
		*reg = (*reg & ~0xff00ULL) | ((value & 0xff) << 8);
		return;
	}
	reg = (u64 *)((u8 *)regs + reg_offset[number & 15]);
	if (bytes == 4) {
		*reg = (u32)value;
	} else {
		*reg = (*reg & ~mask) | (value & mask);
	}
}
