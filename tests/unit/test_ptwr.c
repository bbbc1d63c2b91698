/*
 * pv/ptwr.c against the processor: each instruction is run on memory of ours
 * and emulated on a page-table entry; registers, flags and memory must agree.
 */
#include <criterion/criterion.h>
#include <parley/errno.h>
#include <parley/vm_assist.h>
#include <seam/directmap.h>
#include <sys/mman.h>

#include "fake_guest.h"
#include "fake_memory.h"
#include "mm/ptable.h"
#include "pv/ptwr.h"

#define CODE    0xffffffff81000000UL
#define TABLE   0xffff888000100000UL /* where the guest has its L1 table mapped */
#define MAP_MFN 1                    /* the L1 table that maps it */
#define L1_MFN  2

#define FLAGS_CHECKED 0x8d5UL /* OF SF ZF AF PF CF */
#define FLAG_AF       0x10UL

static struct frame frames[4];
struct frame *frame_table = frames;
u64 frame_count = 4;

static struct domain domain;
static struct vcpu vcpu;
static u8 code[64];
static u8 *native_code;
static int replace_error;
static u32 replace_calls, errors_left;

int mm_settle_slow(struct mm_owner *o)
{
	return MM_RESTART;
}

static u64 *mapping(void)
{
	return (u64 *)mfn_to_virt(mfn(MAP_MFN)) + 5;
}

u64 *ptable_find_l1(u64 root, u64 va)
{
	return (va & ~0xfffUL) == TABLE ? mapping() : NULL;
}

int ptable_replace_l1(struct mm_owner *o, struct ptable_slot slot, u64 old, u64 entry)
{
	u64 *table = mfn_to_virt(slot.table);

	replace_calls++;
	if (errors_left > 0) {
		errors_left--;
		return replace_error;
	}
	cr_assert_eq(slot.table.v, L1_MFN);
	cr_assert_eq(table[slot.index], old);
	table[slot.index] = entry;
	return 0;
}

static void setup(void)
{
	fake_memory_init(4);
	domain = (struct domain){ .id = 1, .vm_assist = 1UL << PV_VM_ASSIST_writable_pagetables };
	domain.mm.id = 1;
	vcpu = (struct vcpu){ .domain = &domain, .mode = VCPU_MODE_KERNEL };
	frames[L1_MFN] = (struct frame){ .owner = 1, .type = FRAME_L1, .type_refs = 1, .refs = 2 };
	*mapping() = (L1_MFN << PAGE_SHIFT) | PTE_PRESENT | PTE_USER;
	fake_guest_reset();
	fake_guest_map(CODE, code, sizeof(code));
	native_code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(native_code, MAP_FAILED);
	replace_calls = 0;
	errors_left = 0;
}

TestSuite(ptwr, .init = setup);

static u64 random_state = 88172645463325252ULL;

static u64 random64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Small numbers and patterns find more than uniform ones. */
static u64 random_value(void)
{
	switch (random64() % 4) {
	case 0:
		return random64() % 3 - 1;
	case 1:
		return 0x8080808080808080UL;
	case 2:
		return random64() & 0xff;
	default:
		return random64();
	}
}

struct machine {
	u64 rax, rbx, rcx, rdx, rdi, rflags;
};

/* Run native_code with these registers; the stack below ours is left alone. */
static void run_native(struct machine *m)
{
	u64 flags = m->rflags;

	__asm__ volatile("lea -256(%%rsp), %%rsp\n"
			 "push %[flags]\n"
			 "popfq\n"
			 "call *%[code]\n"
			 "pushfq\n"
			 "pop %[flags]\n"
			 "cld\n"
			 "lea 256(%%rsp), %%rsp\n"
			 : "+a"(m->rax), "+b"(m->rbx), "+c"(m->rcx), "+d"(m->rdx),
			   "+D"(m->rdi), [flags] "+r"(flags)
			 : [code] "r"(native_code)
			 : "memory", "cc");
	m->rflags = flags;
}

struct form {
	u8 bytes[16];
	u32 size;
	u32 width; /* of the operand */
	bool af_undefined, bit_string;
};

static void add_byte(struct form *f, u32 byte)
{
	f->bytes[f->size++] = (u8)byte;
}

static void add_random(struct form *f, u32 count)
{
	u64 value = random_value();

	for (u32 i = 0; i < count; i++) {
		add_byte(f, value >> (8 * i));
	}
}

/* Prefixes, and the operand size for an opcode whose lowest bit means "not a byte". */
static void add_prefixes(struct form *f, bool wide, bool lock)
{
	u32 size = random64() % 3;

	*f = (struct form){ .width = 1 };
	if (lock && random64() % 2) {
		add_byte(f, 0xf0);
	}
	if (wide) {
		f->width = size == 0 ? 2 : size == 1 ? 4 : 8;
		if (size == 0) {
			add_byte(f, 0x66);
		} else if (size == 2) {
			add_byte(f, 0x48);
		}
	}
}

/* ModRM for memory at RDI and a register of RAX to RBX (a byte: AL to BL, AH to BH) or a group. */
static u32 modrm(u32 reg)
{
	return reg << 3 | 7;
}

static u32 random_reg(const struct form *f)
{
	return random64() % (f->width == 1 ? 8 : 4);
}

static void make_form(struct form *f)
{
	bool wide = random64() % 2;
	u32 op = random64() % 7, kind = random64() % 10;

	add_prefixes(f, wide || kind >= 8, kind != 3 && kind != 4);
	switch (kind) {
	case 0: /* op m, r */
		add_byte(f, op << 3 | wide);
		add_byte(f, modrm(random_reg(f)));
		f->af_undefined = op == 1 || op == 4 || op == 6;
		break;
	case 1: /* op m, imm */
		add_byte(f, wide ? 0x81 : 0x80);
		add_byte(f, modrm(op));
		add_random(f, MIN(f->width, 4));
		f->af_undefined = op == 1 || op == 4 || op == 6;
		break;
	case 2: /* xchg */
		add_byte(f, 0x86 | wide);
		add_byte(f, modrm(random_reg(f)));
		break;
	case 3: /* mov m, r */
		add_byte(f, 0x88 | wide);
		add_byte(f, modrm(random_reg(f)));
		break;
	case 4: /* mov m, imm */
		add_byte(f, 0xc6 | wide);
		add_byte(f, modrm(0));
		add_random(f, MIN(f->width, 4));
		break;
	case 5: /* not, neg */
		add_byte(f, 0xf6 | wide);
		add_byte(f, modrm(2 + random64() % 2));
		break;
	case 6: /* inc, dec */
		add_byte(f, 0xfe | wide);
		add_byte(f, modrm(random64() % 2));
		break;
	case 7: /* cmpxchg, xadd */
		add_byte(f, 0x0f);
		add_byte(f, (random64() % 2 ? 0xb0 : 0xc0) | wide);
		add_byte(f, modrm(random_reg(f)));
		break;
	case 8: /* bts, btr, btc m, imm */
		add_byte(f, 0x0f);
		add_byte(f, 0xba);
		add_byte(f, modrm(5 + random64() % 3));
		add_random(f, 1);
		break;
	default: /* bts, btr, btc m, r */
		add_byte(f, 0x0f);
		add_byte(f, 0xab + 8 * (random64() % 3));
		add_byte(f, modrm(random_reg(f)));
		f->bit_string = true;
		break;
	}
}

static bool emulate(struct cpu_regs *regs, const struct form *f, u64 gva)
{
	for (u32 i = 0; i < sizeof(code); i++) {
		code[i] = i < f->size ? f->bytes[i] : 0xcc;
	}
	regs->rip = CODE;
	return pv_emulate_pt_write(&vcpu, regs, gva) == PTWR_DONE;
}

Test(ptwr, agrees_with_the_processor)
{
	static u64 memory;
	u64 *table = mfn_to_virt(mfn(L1_MFN));

	for (u32 i = 0; i < 300000; i++) {
		struct machine m;
		struct cpu_regs regs = { 0 };
		struct form f;
		u64 mask = FLAGS_CHECKED, offset;

		make_form(&f);
		offset = random64() % (9 - f.width);
		for (u32 n = 0; n < f.size; n++) {
			native_code[n] = f.bytes[n];
		}
		native_code[f.size] = 0xc3;
		m = (struct machine){ random_value(),        random_value(),
				      random_value(),        random_value(),
				      (u64)&memory + offset, 0x202 | (random64() & FLAGS_CHECKED) };
		if (f.bit_string) { /* stay within the operand */
			u64 limit = 8 * f.width - 1;

			m.rax &= limit;
			m.rbx &= limit;
			m.rcx &= limit;
			m.rdx &= limit;
		}
		memory = random64() % 2 ? random_value() : m.rax << (8 * offset);
		table[7] = memory;
		regs.rax = m.rax;
		regs.rbx = m.rbx;
		regs.rcx = m.rcx;
		regs.rdx = m.rdx;
		regs.rflags = m.rflags;
		run_native(&m);
		cr_assert(emulate(&regs, &f, TABLE + 7 * 8 + offset), "%02x %02x %02x %02x",
			  f.bytes[0], f.bytes[1], f.bytes[2], f.bytes[3]);
		cr_assert_eq(table[7], memory, "%02x %02x %02x %02x: %lx, not %lx", f.bytes[0],
			     f.bytes[1], f.bytes[2], f.bytes[3], table[7], memory);
		cr_assert_eq(regs.rax, m.rax, "%02x %02x %02x %02x", f.bytes[0], f.bytes[1],
			     f.bytes[2], f.bytes[3]);
		cr_assert(regs.rbx == m.rbx && regs.rcx == m.rcx && regs.rdx == m.rdx);
		if (f.af_undefined) {
			mask &= ~FLAG_AF;
		}
		cr_assert_eq(regs.rflags & mask, m.rflags & mask,
			     "%02x %02x %02x %02x: flags %lx, not %lx", f.bytes[0], f.bytes[1],
			     f.bytes[2], f.bytes[3], regs.rflags & mask, m.rflags & mask);
		cr_assert_eq(regs.rip, CODE + f.size);
	}
}

static const struct form store = { { 0x48, 0x89, 0x17 }, 3, 8, false, false };

Test(ptwr, refuses_what_is_not_an_l1_table)
{
	struct cpu_regs regs = { .rdx = 0x1234 };

	cr_assert(emulate(&regs, &store, TABLE));
	cr_assert_not(emulate(&regs, &store, TABLE + PAGE_SIZE), "not mapped");
	cr_assert_not(emulate(&regs, &store, TABLE + 4), "over two entries");
	frames[L1_MFN].type = FRAME_L2;
	cr_assert_not(emulate(&regs, &store, TABLE));
	frames[L1_MFN].type = FRAME_L1;
	frames[L1_MFN].type_refs = 0;
	cr_assert_not(emulate(&regs, &store, TABLE));
	frames[L1_MFN].type_refs = 1;
	frames[L1_MFN].owner = 2;
	cr_assert_not(emulate(&regs, &store, TABLE));
	frames[L1_MFN].owner = 1;
	*mapping() = 0;
	cr_assert_not(emulate(&regs, &store, TABLE));
	*mapping() = 0x7fffffffUL << PAGE_SHIFT | PTE_PRESENT;
	cr_assert_not(emulate(&regs, &store, TABLE));
	*mapping() = (L1_MFN << PAGE_SHIFT) | PTE_PRESENT;
	domain.vm_assist = 0;
	cr_assert_not(emulate(&regs, &store, TABLE));
}

Test(ptwr, refused_entry_changes_nothing)
{
	static const struct form xchg = { { 0x48, 0x87, 0x17 }, 3, 8, false, false };
	struct cpu_regs regs = { .rdx = 0x1234 };

	replace_error = -PV_EINVAL;
	errors_left = 1;
	cr_assert_not(emulate(&regs, &xchg, TABLE));
	cr_assert_eq(regs.rip, CODE);
	cr_assert_eq(regs.rdx, 0x1234);
}

/* The processor has changed the entry meanwhile: nothing is done, and the guest comes again. */
Test(ptwr, an_entry_that_changed_is_left_to_the_guest)
{
	static const struct form xchg = { { 0x48, 0x87, 0x17 }, 3, 8, false, false };
	static const struct form or_byte = { { 0x80, 0x0f, 0x42 }, 3, 1, false, false };
	struct cpu_regs regs = { .rdx = 0x1234 };

	replace_error = -PV_EAGAIN;
	errors_left = 2;
	cr_assert(emulate(&regs, &xchg, TABLE));
	cr_assert_eq(regs.rip, CODE);
	cr_assert_eq(regs.rdx, 0x1234);
	cr_assert(emulate(&regs, &or_byte, TABLE));
	cr_assert_eq(regs.rip, CODE);
	cr_assert_eq(replace_calls, 2);
	cr_assert(emulate(&regs, &store, TABLE));
	cr_assert_eq(regs.rip, CODE + 3);
	cr_assert_eq(replace_calls, 3);
}

Test(ptwr, pays_debts_first)
{
	struct cpu_regs regs = { .rdx = 0x1234 };

	domain.mm.job.state = MM_JOB_DEMOTE;
	cr_assert(emulate(&regs, &store, TABLE));
	cr_assert_eq(regs.rip, CODE);
	cr_assert_eq(replace_calls, 0);
	cr_assert_not(spin_is_locked(&domain.mm.lock));
}

Test(ptwr, string_stores_step)
{
	static const struct form stosq = { { 0xf3, 0x48, 0xab }, 3, 8, false, false };
	static const struct form movsl = { { 0xa5 }, 1, 4, false, false };
	static u64 source = 0xaabbccdd11223344;
	struct cpu_regs regs = { .rax = 5, .rcx = 2, .rdi = TABLE };
	u64 *table = mfn_to_virt(mfn(L1_MFN));

	cr_assert(emulate(&regs, &stosq, TABLE));
	cr_assert_eq(regs.rip, CODE);
	cr_assert_eq(regs.rcx, 1);
	cr_assert_eq(regs.rdi, TABLE + 8);
	regs.rflags = RFLAGS_DF;
	cr_assert(emulate(&regs, &stosq, TABLE + 8));
	cr_assert_eq(regs.rip, CODE + 3);
	cr_assert_eq(regs.rdi, TABLE);
	cr_assert_eq(table[0], 5);
	cr_assert_eq(table[1], 5);
	regs.rflags = 0;
	regs.rsi = fake_guest_map_here(&source, sizeof(source));
	cr_assert(emulate(&regs, &movsl, TABLE + 4));
	cr_assert_eq(table[0], 0x1122334400000005);
	cr_assert_eq(regs.rsi, (u64)&source + 4);
}

/* Nothing else that can fault on a write is taken for one of these. */
Test(ptwr, other_instructions_are_refused)
{
	static const struct form forms[] = {
		{ { 0x48, 0x39, 0x17 }, 3, 8, false, false },          /* cmp */
		{ { 0x48, 0x83, 0x3f, 0x00 }, 4, 8, false, false },    /* cmp imm */
		{ { 0xff, 0x37 }, 2, 8, false, false },                /* push */
		{ { 0xff, 0x17 }, 2, 8, false, false },                /* call */
		{ { 0x0f, 0xba, 0x27, 1 }, 4, 4, false, false },       /* bt */
		{ { 0x0f, 0x11, 0x07 }, 3, 8, false, false },          /* movups */
		{ { 0x48, 0x0f, 0xc7, 0x0f }, 4, 8, false, false },    /* cmpxchg16b */
		{ { 0x67, 0xab }, 2, 4, false, false },                /* stos by edi */
		{ { 0x48, 0x89, 0xd7 }, 3, 8, false, false },          /* mov r, r */
		{ { 0xc7, 0x4f, 1, 2, 3, 4, 5 }, 7, 4, false, false }, /* c7 /1 */
		{ { 0xfa }, 1, 1, false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct cpu_regs regs = { 0 };

		cr_assert_not(emulate(&regs, &forms[i], TABLE), "form %zu", i);
		cr_assert_eq(regs.rip, CODE);
	}
}
