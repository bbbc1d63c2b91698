/*
 * Stores into level-1 tables.
 *
 * The processor has told the address. The operand is a part of one 8-byte
 * entry, of which one snapshot is taken; the instruction's result on that
 * snapshot is what the entry becomes, if it still is the snapshot then. So an
 * instruction with a LOCK prefix is atomic, and one without is too. If it is not the
 * snapshot any more (the processor has set accessed or dirty), the guest runs the
 * instruction again.
 *
 * Registers and flags change only once the entry has been replaced.
 */
#include "pv/ptwr.h"

#include <parley/errno.h>
#include <parley/vm_assist.h>
#include <seam/directmap.h>

#include "mm/guest.h"
#include "mm/ptable.h"
#include "pv/decode.h"

#define FLAG_PF          (1UL << 2)
#define FLAG_AF          (1UL << 4)
#define FLAG_SF          (1UL << 7)
#define FLAG_OF          (1UL << 11)
#define FLAGS_ARITHMETIC (RFLAGS_CF | FLAG_PF | FLAG_AF | RFLAGS_ZF | FLAG_SF | FLAG_OF)

/* What an instruction does with its memory operand. */
struct store {
	u64 value;     /* what memory becomes */
	u64 flags;     /* arithmetic flags after it */
	u64 reg_value; /* written to register .reg, if .writes_reg */
	u8 reg;
	bool writes_reg;
	bool is_string; /* RDI (and RSI) step, RCX counts with REP */
	bool steps_source;
};

enum alu { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP };

static u64 result_flags(u64 result, u32 bytes)
{
	u64 sign = 1UL << (8 * bytes - 1);
	u64 flags = 0;

	if (result == 0) {
		flags |= RFLAGS_ZF;
	}
	if (result & sign) {
		flags |= FLAG_SF;
	}
	/* computed here: the parity builtin may call a library function */
	result ^= result >> 4;
	if (!((0x6996 >> (result & 0xf)) & 1)) {
		flags |= FLAG_PF;
	}
	return flags;
}

/* a op b, and the flags it leaves; carry is the carry in. */
static u64 alu(enum alu op, u64 a, u64 b, u32 bytes, bool carry, u64 *flags)
{
	u64 mask = insn_mask(bytes), top = 1UL << (8 * bytes - 1);
	u64 in = carry && (op == ALU_ADC || op == ALU_SBB) ? 1 : 0;
	u64 result, carries;

	switch (op) {
	case ALU_OR:
		result = a | b;
		break;
	case ALU_AND:
		result = a & b;
		break;
	case ALU_XOR:
		result = a ^ b;
		break;
	case ALU_ADD:
	case ALU_ADC:
		result = (a + b + in) & mask;
		/* bit n: bit n carried out */
		carries = (a & b) | ((a | b) & ~result);
		*flags = result_flags(result, bytes) | (carries & top ? RFLAGS_CF : 0) |
			 (carries & 8 ? FLAG_AF : 0) |
			 ((a ^ result) & (b ^ result) & top ? FLAG_OF : 0);
		return result;
	default:
		result = (a - b - in) & mask;
		/* bit n: bit n borrowed */
		carries = (~a & b) | ((~a | b) & result);
		*flags = result_flags(result, bytes) | (carries & top ? RFLAGS_CF : 0) |
			 (carries & 8 ? FLAG_AF : 0) | ((a ^ b) & (a ^ result) & top ? FLAG_OF : 0);
		return result;
	}
	*flags = result_flags(result, bytes);
	return result;
}

static bool bit_operation(struct store *s, u32 op, u64 old, u32 bit, u64 flags)
{
	u64 mask = 1UL << bit;

	s->flags = (flags & ~RFLAGS_CF) | (old & mask ? RFLAGS_CF : 0);
	switch (op) {
	case 5:
		s->value = old | mask; /* bts */
		return true;
	case 6:
		s->value = old & ~mask; /* btr */
		return true;
	case 7:
		s->value = old ^ mask; /* btc */
		return true;
	default:
		return false;
	}
}

static bool compute_two_byte(struct store *s, const struct insn *insn, const struct cpu_regs *regs,
			     u64 old)
{
	u32 bytes = insn->op_bytes, bits = 8 * bytes;
	u64 source = insn_reg_read(regs, insn_reg(insn), bytes, insn->rex);
	u64 accumulator = regs->rax & insn_mask(bytes);

	switch (insn->opcode) {
	case 0xab:
		return bit_operation(s, 5, old, source & (bits - 1), regs->rflags);
	case 0xb3:
		return bit_operation(s, 6, old, source & (bits - 1), regs->rflags);
	case 0xbb:
		return bit_operation(s, 7, old, source & (bits - 1), regs->rflags);
	case 0xba:
		return bit_operation(s, insn_group(insn), old, insn->imm & (bits - 1),
				     regs->rflags);
	case 0xb0:
	case 0xb1: /* cmpxchg */
		(void)alu(ALU_CMP, accumulator, old, bytes, false, &s->flags);
		s->value = accumulator == old ? source : old;
		s->writes_reg = accumulator != old;
		s->reg = 0;
		s->reg_value = old;
		return true;
	case 0xc0:
	case 0xc1: /* xadd */
		s->value = alu(ALU_ADD, old, source, bytes, false, &s->flags);
		s->writes_reg = true;
		s->reg = insn_reg(insn);
		s->reg_value = old;
		return true;
	case 0xc3: /* movnti */
		s->value = source;
		return true;
	default:
		return false;
	}
}

/* inc, dec (fe, ff) and not, neg (f6, f7) */
static bool compute_unary(struct store *s, const struct insn *insn, const struct cpu_regs *regs,
			  u64 old)
{
	u32 bytes = insn->op_bytes;
	u64 carry = regs->rflags & RFLAGS_CF;

	switch ((insn->opcode & 8) | insn_group(insn)) {
	case 8 | 0:
	case 8 | 1:
		s->value = alu(insn_group(insn) == 0 ? ALU_ADD : ALU_SUB, old, 1, bytes, false,
			       &s->flags);
		s->flags = (s->flags & ~RFLAGS_CF) | carry;
		return true;
	case 2:
		s->value = ~old & insn_mask(bytes);
		return true;
	case 3:
		s->value = alu(ALU_SUB, 0, old, bytes, false, &s->flags);
		return true;
	default:
		return false;
	}
}

static bool compute_one_byte(struct store *s, const struct insn *insn, const struct cpu_regs *regs,
			     u64 old)
{
	u32 bytes = insn->op_bytes, op;
	bool carry = regs->rflags & RFLAGS_CF;
	u64 source = insn_reg_read(regs, insn_reg(insn), bytes, insn->rex);

	switch (insn->opcode) {
	case 0x86:
	case 0x87: /* xchg */
		s->writes_reg = true;
		s->reg = insn_reg(insn);
		s->reg_value = old;
		s->value = source;
		return true;
	case 0x88:
	case 0x89: /* mov */
		s->value = source;
		return true;
	case 0xc6:
	case 0xc7:
		s->value = insn->imm & insn_mask(bytes);
		return insn_group(insn) == 0;
	case 0x80:
	case 0x81:
	case 0x83:
		op = insn_group(insn);
		s->value = alu(op, old, insn->imm & insn_mask(bytes), bytes, carry, &s->flags);
		return op != ALU_CMP;
	case 0xaa:
	case 0xab: /* stos */
		s->is_string = true;
		s->value = regs->rax & insn_mask(bytes);
		return true;
	case 0xf6:
	case 0xf7:
	case 0xfe:
	case 0xff:
		return compute_unary(s, insn, regs, old);
	default:
		if (insn->opcode >= 0x38) {
			return false;
		}
		s->value = alu(insn->opcode >> 3, old, source, bytes, carry, &s->flags);
		return true;
	}
}

/* The result of the instruction on a memory operand that holds `old`. */
static bool compute(struct store *s, const struct insn *insn, const struct cpu_regs *regs, u64 old)
{
	*s = (struct store){ .flags = regs->rflags & FLAGS_ARITHMETIC };
	if (insn->map == INSN_MAP_0F) {
		return compute_two_byte(s, insn, regs, old);
	}
	return compute_one_byte(s, insn, regs, old);
}

static bool is_movs(const struct insn *insn)
{
	return insn->map == INSN_MAP_ONE_BYTE && (insn->opcode & 0xfe) == 0xa4;
}

static bool is_string(const struct insn *insn)
{
	return is_movs(insn) || (insn->map == INSN_MAP_ONE_BYTE && (insn->opcode & 0xfe) == 0xaa);
}

/* Forms that carry no memory operand at the faulting address, or one we do not see. */
static bool is_acceptable(const struct insn *insn, u64 gva)
{
	if ((gva & 7) + insn->op_bytes > 8) {
		return false;
	}
	if (is_string(insn)) {
		return !(insn->prefixes & (INSN_ADDRSIZE | INSN_SEGMENT | INSN_LOCK));
	}
	return insn->modrm != 0 ? insn_mod(insn) != 3 : true;
}

/* One element of a string store is done; a repeated one stays on the instruction until the last. */
static void step_string(struct cpu_regs *regs, const struct insn *insn, bool steps_source)
{
	u64 step = regs->rflags & RFLAGS_DF ? -(u64)insn->op_bytes : insn->op_bytes;

	regs->rdi += step;
	if (steps_source) {
		regs->rsi += step;
	}
	if (!(insn->prefixes & (INSN_REP | INSN_REPNE)) || --regs->rcx == 0) {
		regs->rip += insn->length;
	}
}

static void finish(struct cpu_regs *regs, const struct insn *insn, const struct store *s)
{
	if (s->is_string) {
		step_string(regs, insn, s->steps_source);
	} else {
		regs->rip += insn->length;
		regs->rflags = (regs->rflags & ~FLAGS_ARITHMETIC) | s->flags;
		if (s->writes_reg) {
			insn_reg_write(regs, s->reg, insn->op_bytes, insn->rex, s->reg_value);
		}
	}
	regs->rflags &= ~RFLAGS_RF;
}

/* The L1 entry that gva names, if it lies in an L1 table of the domain; else .table is MFN_INVALID. Under the lock. */
static inline struct ptable_slot find_entry(struct mm_owner *o, u64 root, u64 gva)
{
	const struct ptable_slot none = { MFN_INVALID, 0 };
	const u64 *p = ptable_find_l1(root, gva);
	struct frame *f;
	u64 mapping;

	if (p == NULL) {
		return none;
	}
	mapping = READ_ONCE(*p);
	if ((mapping & (PTE_PRESENT | PTE_WRITE)) != PTE_PRESENT) {
		return none;
	}
	f = frame_owned(o, pte_mfn(mapping).v);
	if (f == NULL || f->type != FRAME_L1 || f->type_refs == 0) {
		return none;
	}
	return (struct ptable_slot){ pte_mfn(mapping), (gva & (PAGE_SIZE - 1)) / 8 };
}

/* `moved` is what a MOVS has read. Under the lock. */
static int store_once(struct mm_owner *o, struct ptable_slot slot, struct cpu_regs *regs,
		      const struct insn *insn, u32 shift, u64 moved)
{
	const u64 *table = mfn_to_virt(slot.table);
	u64 mask = insn_mask(insn->op_bytes) << shift;
	u64 old = READ_ONCE(table[slot.index]), entry;
	struct store s;
	int err;

	if (is_movs(insn)) {
		s = (struct store){ .value = moved, .is_string = true, .steps_source = true };
	} else if (!compute(&s, insn, regs, (old & mask) >> shift)) {
		return -PV_EINVAL;
	}
	entry = (old & ~mask) | (s.value << shift);
	err = ptable_replace_l1(o, slot, old, entry);
	if (err == 0) {
		finish(regs, insn, &s);
	}
	return err;
}

/*
 * The stores that guests use most, to a whole entry: MOV or XCHG of a 64-bit
 * register (REX.W 89 /r, REX.W 87 /r) and MOV of a constant (REX.W C7 /0), taken
 * from one load of 8 bytes.
 */
struct short_store {
	u64 length;     /* 0: it is something else */
	u64 *exchanged; /* register that gets the old entry, or NULL */
	u64 value;
};

/* Bytes from the ModRM byte on to the end of a memory operand, 0: it is a register. */
static inline u32 operand_length(u64 from_modrm)
{
	u32 mod = (from_modrm >> 6) & 3, rm = from_modrm & 7;
	u32 length = 1;

	if (mod == 3) {
		return 0;
	}
	if (rm == 4) {
		length++; /* SIB, whose base 5 means a displacement with mod 0 */
		rm = (from_modrm >> 8) & 7;
	}
	if (mod == 1) {
		length++;
	} else if (mod == 2 || rm == 5) {
		length += 4;
	}
	return length;
}

static inline struct short_store decode_short(struct cpu_regs *regs)
{
	struct short_store s = { .length = 0 };
	u32 opcode, operand;
	u64 bytes;

	if (guest_read_words(&bytes, regs->rip, 1) != 0 || (bytes & 0xf8) != 0x48) {
		return s;
	}
	opcode = (bytes >> 8) & 0xff;
	operand = operand_length(bytes >> 16);
	if (operand == 0) {
		return s;
	}
	if (opcode == 0x89 || opcode == 0x87) {
		u64 *reg = insn_reg64(regs, ((bytes >> 19) & 7) | ((bytes & 4) << 1));

		s.value = *reg;
		s.exchanged = opcode == 0x87 ? reg : NULL;
		s.length = 2 + operand;
	} else if (opcode == 0xc7 && ((bytes >> 19) & 7) == 0 && operand <= 2) {
		s.value = (u64)(s64)(int)(bytes >> (16 + 8 * operand));
		s.length = 6 + operand;
	}
	return s;
}

/* Carry it out: 0, -PV_EAGAIN, or -PV_EINVAL. None of them changes flags. */
static inline int store_short(struct mm_owner *o, struct ptable_slot slot, struct cpu_regs *regs,
			      struct short_store s)
{
	const u64 *table = mfn_to_virt(slot.table);
	u64 old = READ_ONCE(table[slot.index]);
	int err = ptable_replace_l1(o, slot, old, s.value);

	if (err == 0) {
		if (s.exchanged != NULL) {
			*s.exchanged = old;
		}
		regs->rip += s.length;
		regs->rflags &= ~RFLAGS_RF;
	}
	return err;
}

static bool decode(struct insn *insn, u64 rip)
{
	u8 bytes[INSN_MAX_LENGTH];

	return insn_decode(insn, bytes, insn_fetch(bytes, rip), true);
}

/* Any other store, on an entry that it certainly means. Under the lock. */
static __attribute__((noinline)) int store_other(struct mm_owner *o, struct ptable_slot slot,
						 struct cpu_regs *regs, u64 gva)
{
	struct insn insn;
	u64 moved = 0;

	if (!decode(&insn, regs->rip) || !is_acceptable(&insn, gva)) {
		return -PV_EINVAL;
	}
	if (is_movs(&insn) && guest_read(&moved, regs->rsi, insn.op_bytes) != 0) {
		return -PV_EINVAL;
	}
	return store_once(o, slot, regs, &insn, 8 * (gva & 7), moved);
}

/* Most faults are not about tables: that is found out before the instruction is looked at. */
enum ptwr_result pv_emulate_pt_write(struct vcpu *v, struct cpu_regs *regs, u64 gva)
{
	struct mm_owner *o = &v->domain->mm;
	struct ptable_slot slot;
	int err = -PV_EINVAL;

	if (!(v->domain->vm_assist & (1UL << PV_VM_ASSIST_writable_pagetables))) {
		return PTWR_REFUSED;
	}
	if (mm_begin(o) != 0) {
		return PTWR_DONE; /* the guest comes again, until the debt is paid */
	}
	slot = find_entry(o, v->kernel_cr3, gva);
	if (!mfn_equal(slot.table, MFN_INVALID)) {
		struct short_store s = decode_short(regs);

		err = s.length != 0 && gva % 8 == 0 ? store_short(o, slot, regs, s) :
						      store_other(o, slot, regs, gva);
	}
	mm_end(o);
	return likely(err == 0) || err == -PV_EAGAIN ? PTWR_DONE : PTWR_REFUSED;
}
