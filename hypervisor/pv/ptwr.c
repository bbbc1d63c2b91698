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
 *
 * Read next: insn_store.h (the result of an instruction), ../mm/ptable.c (the entry).
 */
#include "pv/ptwr.h"

#include <parley/errno.h>
#include <parley/vm_assist.h>
#include <seam/directmap.h>

#include "mm/guest.h"
#include "mm/ptable.h"
#include "pv/decode.h"
#include "pv/insn_store.h"

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
	struct insn_store s;
	int err;

	if (is_movs(insn)) {
		s = (struct insn_store){ .value = moved, .is_string = true, .steps_source = true };
	} else if (!insn_store_compute(&s, insn, regs, (old & mask) >> shift)) {
		return -PV_EINVAL;
	}
	entry = (old & ~mask) | (s.value << shift);
	err = ptable_replace_l1(o, slot, old, entry);
	if (err == 0) {
		insn_store_finish(regs, insn, &s);
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
