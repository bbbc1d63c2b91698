/*
 * pv/decode.c against Zydis: what our decoder accepts, Zydis must see the same
 * way. Bytes are random, but of the shape of instructions.
 */
#include <Zydis/Zydis.h>
#include <criterion/criterion.h>

#include "fake_guest.h"
#include "pv/decode.h"

static u64 random_state = 0x9e3779b97f4a7c15ULL;

static u32 random_number(u32 below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (u32)(random_state >> 32) % below;
}

static void make_instruction(u8 *bytes)
{
	static const u8 prefixes[] = { 0xf0, 0xf2, 0xf3, 0x66, 0x67, 0x2e, 0x65, 0x48, 0x41, 0x4c };
	u32 at = 0;

	for (u32 n = random_number(4); n > 0; n--) {
		bytes[at++] = prefixes[random_number(sizeof(prefixes))];
	}
	if (random_number(2)) {
		bytes[at++] = 0x40 | random_number(16);
	}
	if (random_number(2)) {
		bytes[at++] = 0x0f;
	}
	while (at < INSN_MAX_LENGTH) {
		bytes[at++] = random_number(256);
	}
}

/* Immediate of the instruction as we give it. */
static u64 zydis_immediate(const ZydisDecodedInstruction *z)
{
	u32 size = z->raw.imm[0].size;
	u64 value = z->raw.imm[0].value.u;

	return size == 0 ? 0 : (u64)((s64)(value << (64 - size)) >> (64 - size));
}

/* Width in bits of the memory operand that an instruction writes, 0 if none. */
static u32 zydis_store_width(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *operands)
{
	for (u32 i = 0; i < z->operand_count; i++) {
		if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    (operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)) {
			return operands[i].size;
		}
	}
	return 0;
}

static bool is_store(const struct insn *insn)
{
	if (insn->map == INSN_MAP_0F) {
		return insn->opcode >= 0xa4;
	}
	if (insn->opcode == 0xff) {
		return insn_group(insn) < 2;
	}
	return insn->opcode < 0x6c || insn->opcode > 0x6f;
}

static void compare(const u8 *bytes, bool long_mode, u32 *accepted)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction z;
	ZydisDecoder decoder;
	struct insn insn;
	u32 width;

	ZydisDecoderInit(&decoder,
			 long_mode ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LONG_COMPAT_32,
			 long_mode ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32);
	if (!insn_decode(&insn, bytes, INSN_MAX_LENGTH, long_mode)) {
		return;
	}
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, INSN_MAX_LENGTH, &z, operands))) {
		return; /* not valid in a way that does not matter to us */
	}
	(*accepted)++;
	cr_assert_eq(insn.length, z.length, "%02x %02x %02x %02x %02x: %u, not %u", bytes[0],
		     bytes[1], bytes[2], bytes[3], bytes[4], insn.length, z.length);
	cr_assert_eq(insn.opcode, z.opcode);
	cr_assert_eq(insn.map == INSN_MAP_0F, z.opcode_map == ZYDIS_OPCODE_MAP_0F);
	cr_assert_eq(z.encoding, ZYDIS_INSTRUCTION_ENCODING_LEGACY);
	cr_assert_eq(!!(insn.prefixes & INSN_LOCK), !!(z.attributes & ZYDIS_ATTRIB_HAS_LOCK));
	if (z.attributes & ZYDIS_ATTRIB_HAS_MODRM) {
		cr_assert_eq(insn_mod(&insn), z.raw.modrm.mod);
		cr_assert_eq(insn_group(&insn), z.raw.modrm.reg);
		cr_assert_eq(insn_rm(&insn), z.raw.modrm.rm | (z.raw.rex.B << 3));
		cr_assert_eq(insn_reg(&insn), z.raw.modrm.reg | (z.raw.rex.R << 3));
	}
	if (insn.opcode != 0xc7 || insn_group(&insn) == 0) { /* XBEGIN has a relative operand */
		cr_assert_eq(insn.imm, zydis_immediate(&z), "opcode %x", insn.opcode);
	}
	width = zydis_store_width(&z, operands);
	if (width != 0 && is_store(&insn)) {
		cr_assert_eq(insn.op_bytes * 8, width, "opcode %x: %u, not %u", insn.opcode,
			     insn.op_bytes * 8, width);
	}
	for (u32 n = 0; n < insn.length; n++) {
		struct insn cut;

		cr_assert_not(insn_decode(&cut, bytes, n, long_mode));
	}
}

Test(decode, agrees_with_zydis)
{
	u8 bytes[INSN_MAX_LENGTH];
	u32 accepted = 0;

	for (u32 i = 0; i < 1000000; i++) {
		make_instruction(bytes);
		compare(bytes, true, &accepted);
	}
	cr_assert_gt(accepted, 50000);
}

Test(decode, agrees_with_zydis_in_32_bits)
{
	u8 bytes[INSN_MAX_LENGTH];
	u32 accepted = 0;

	for (u32 i = 0; i < 500000; i++) {
		make_instruction(bytes);
		compare(bytes, false, &accepted);
	}
	cr_assert_gt(accepted, 10000);
}

/* The forms that Linux is known to use. */
Test(decode, known_forms)
{
	static const struct {
		u8 bytes[INSN_MAX_LENGTH];
		u8 length, op_bytes;
	} forms[] = {
		{ { 0x48, 0x87, 0x03 }, 3, 8 },                   /* xchg rax, [rbx] */
		{ { 0x48, 0x89, 0x10 }, 3, 8 },                   /* mov [rax], rdx */
		{ { 0x4a, 0x89, 0x04, 0xe2 }, 4, 8 },             /* mov [rdx+r12*8], rax */
		{ { 0xf0, 0x41, 0x80, 0x24, 0x24, 0xfd }, 6, 1 }, /* lock and byte [r12], 0xfd */
		{ { 0xf0, 0x48, 0x0f, 0xba, 0x32, 0x05 }, 6, 8 }, /* lock btr qword [rdx], 5 */
		{ { 0xf0, 0x48, 0x0f, 0xb1, 0x11 }, 5, 8 },       /* lock cmpxchg [rcx], rdx */
		{ { 0x48, 0xc7, 0x00, 0, 0, 0, 0 }, 7, 8 },       /* mov qword [rax], 0 */
		{ { 0xf3, 0x48, 0xab }, 3, 8 },                   /* rep stosq */
		{ { 0x0f, 0x20, 0xd0 }, 3, 8 },                   /* mov rax, cr2 */
		{ { 0x0f, 0x22, 0xe0 }, 3, 8 },                   /* mov cr4, rax */
		{ { 0x0f, 0x01, 0xd1 }, 3, 4 },                   /* xsetbv */
		{ { 0xfa }, 1, 4 },                               /* cli */
		{ { 0x66, 0xed }, 2, 2 },                         /* in ax, dx */
		{ { 0x48, 0x89, 0x05, 1, 2, 3, 4 }, 7, 8 },       /* mov [rip+...], rax */
		{ { 0x48, 0x89, 0x04, 0x25, 1, 2, 3, 4 }, 8, 8 }, /* mov [disp32], rax */
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct insn insn;

		cr_assert(insn_decode(&insn, forms[i].bytes, INSN_MAX_LENGTH, true), "form %zu", i);
		cr_assert_eq(insn.length, forms[i].length, "form %zu", i);
		cr_assert_eq(insn.op_bytes, forms[i].op_bytes, "form %zu", i);
	}
}

Test(decode, registers)
{
	struct cpu_regs regs = { .rax = 0x1122334455667788, .r15 = ~0ULL, .rsp = 5 };

	cr_assert_eq(insn_reg_read(&regs, 4, 1, 0), 0x77); /* AH */
	cr_assert_eq(insn_reg_read(&regs, 4, 1, 0x40), 5); /* SPL */
	cr_assert_eq(insn_reg_read(&regs, 0, 2, 0), 0x7788);
	insn_reg_write(&regs, 4, 1, 0, 0xee);
	cr_assert_eq(regs.rax, 0x112233445566ee88);
	insn_reg_write(&regs, 0, 2, 0, 0xabcd);
	cr_assert_eq(regs.rax, 0x112233445566abcd);
	insn_reg_write(&regs, 0, 4, 0, 0xffffffff);
	cr_assert_eq(regs.rax, 0xffffffff);
	insn_reg_write(&regs, 15, 8, 0x44, 7);
	cr_assert_eq(regs.r15, 7);
}

Test(decode, fetch_stops_at_an_unreadable_page)
{
	static u8 page[4096] aligned_to(4096);
	u8 bytes[INSN_MAX_LENGTH];

	page[4095] = 0xfa;
	fake_guest_reset();
	fake_guest_map(0x10000, page, sizeof(page));
	cr_assert_eq(insn_fetch(bytes, 0x10000 + 4095), 1);
	cr_assert_eq(bytes[0], 0xfa);
	cr_assert_eq(insn_fetch(bytes, 0x10000), INSN_MAX_LENGTH);
	cr_assert_eq(insn_fetch(bytes, 0x11000), 0);
	cr_assert_eq(insn_fetch(bytes, 0xffff830000000000), 0);
	fake_guest_map(0x11000, page, sizeof(page));
	cr_assert_eq(insn_fetch(bytes, 0x10000 + 4090), INSN_MAX_LENGTH);
}
