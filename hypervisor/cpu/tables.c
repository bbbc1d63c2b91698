/*
 * Descriptor tables. The GDT has sixteen pages in the CPU's window: the guest's
 * fourteen, one of ours with the flat segments whose selectors are part of the
 * ABI, and one of zeros.
 *
 * SYSCALL gives no stack, so each CPU has a few instructions of its own that
 * know where its stack is; they go on to entry_syscall.S with the guest's RSP in
 * cpu_info.scratch and RSP at the end of cpu_info.regs.
 * Read next: entry.S.
 */
#include "cpu/tables.h"

#include <parley/trap.h>

#include "cpu/cpu_info.h"
#include "cpu/features.h"
#include "cpu/insn.h"
#include "cpu/percpu.h"
#include "lib/string.h"

#define GATE_COUNT     256
#define GATE_INTERRUPT 0x8eU /* present, DPL 0, interrupts off */
#define GATE_DPL3      0x60U

#define OUR_GDT_BYTE   PV_FIRST_RESERVED_GDT_BYTE
#define GDT_INDEX(sel) (((sel)-OUR_GDT_BYTE) / 8)

/* Descriptors, accessed bits set so that the CPU never writes them. */
#define DESC_CODE64_RING0 0x00af9b000000ffffUL
#define DESC_DATA_RING0   0x00cf93000000ffffUL
#define DESC_CODE32_RING3 0x00cffb000000ffffUL
#define DESC_DATA_RING3   0x00cff3000000ffffUL
#define DESC_CODE64_RING3 0x00affb000000ffffUL
#define DESC_TYPE_LDT     0x82UL
#define DESC_TYPE_TSS     0x89UL

#define VECTOR_DB  1
#define VECTOR_NMI 2
#define VECTOR_BP  3
#define VECTOR_OF  4
#define VECTOR_DF  8
#define VECTOR_PF  14
#define VECTOR_MC  18

struct gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_middle;
	u32 offset_high, reserved;
};

struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3;
	u16 io_bitmap;
} packed_struct;

_Static_assert(sizeof(struct gate) == 16, "IDT layout");
_Static_assert(sizeof(struct tss) == 104, "TSS layout");

/* entry.S, entry_syscall.S. */
extern const u64 exception_stubs[GATE_COUNT];
void entry_syscall(void);
void entry_syscall_smap(void);
void exception_page_fault_smap(void);
void entry_syscall32(void);

/* Written once, before paging_load() makes constants what they are called. */
static struct gate idt[GATE_COUNT] aligned_to(16) __attribute__((section(".written_once")));

/* The SYSCALL stubs as they lie in their page: 64-bit entry first, then 32-bit. */
#define STUB32_OFFSET 64
#define STUB_TARGET   128 /* two addresses to jump to */

static u8 vector_ist(u32 vector)
{
	switch (vector) {
	case VECTOR_DF:
		return IST_DOUBLE_FAULT;
	case VECTOR_NMI:
		return IST_NMI;
	case VECTOR_MC:
		return IST_MACHINE_CHECK;
	case VECTOR_DB:
		return IST_DEBUG;
	default:
		return 0;
	}
}

static u64 vector_stub(u32 vector)
{
	if (vector == VECTOR_PF && cpu_features.smap) {
		return (u64)exception_page_fault_smap;
	}
	return exception_stubs[vector];
}

void tables_init(void)
{
	for (u32 i = 0; i < GATE_COUNT; i++) {
		u64 address = vector_stub(i);
		u8 dpl = i == VECTOR_BP || i == VECTOR_OF ? GATE_DPL3 : 0;

		idt[i] = (struct gate){
			.offset_low = (u16)address,
			.selector = HV_CS,
			.ist = vector_ist(i),
			.type = GATE_INTERRUPT | dpl,
			.offset_middle = (u16)(address >> 16),
			.offset_high = (u32)(address >> 32),
		};
	}
}

/* A descriptor of 16 bytes: TSS or LDT. */
static void set_system_descriptor(u64 *gdt_page, u32 selector, u64 base, u32 limit, u64 type)
{
	u64 *d = &gdt_page[GDT_INDEX(selector)];

	d[0] = (limit & 0xffff) | (base & 0xffffff) << 16 | type << 40 |
	       (u64)(limit >> 16 & 0xf) << 48 | (base >> 24 & 0xff) << 56;
	d[1] = base >> 32;
}

static void fill_gdt(u32 cpu, u64 *page)
{
	page[GDT_INDEX(HV_CS)] = DESC_CODE64_RING0;
	page[GDT_INDEX(HV_DS)] = DESC_DATA_RING0;
	page[GDT_INDEX(PV_FLAT_RING3_CS32)] = DESC_CODE32_RING3;
	page[GDT_INDEX(PV_FLAT_RING3_SS32)] = DESC_DATA_RING3;
	page[GDT_INDEX(PV_FLAT_RING3_CS64)] = DESC_CODE64_RING3;
	set_system_descriptor(page, HV_TSS, percpu_window(cpu) + PERCPU_TSS_OFFSET,
			      sizeof(struct tss) - 1, DESC_TYPE_TSS);
}

static u64 regs_end(u32 cpu)
{
	return (u64)percpu_info(cpu) + offsetof(struct cpu_info, regs) + sizeof(struct cpu_regs);
}

static void fill_tss(u32 cpu, struct tss *tss)
{
	u64 stacks = percpu_window(cpu) + PERCPU_STACK_OFFSET;

	tss->rsp[0] = regs_end(cpu);
	for (u32 i = 0; i < IST_COUNT; i++) {
		tss->ist[i] = stacks + (i + 1) * PAGE_SIZE;
	}
	tss->io_bitmap = sizeof(*tss); /* beyond the limit: no port is free */
}

/* Append a 32-bit distance from its own end to a target. */
static u8 *put_distance(u8 *at, u64 at_va, u64 target)
{
	s32 distance = (s32)(target - (at_va + sizeof(distance)));

	memcpy(at, &distance, sizeof(distance));
	return at + sizeof(distance);
}

/*
 * mov %rsp, scratch(%rip); lea regs_end(%rip), %rsp; jmp *target(%rip).
 * No register of the guest is touched.
 */
static void fill_stub(u32 cpu, u8 *page, u32 offset, u32 target)
{
	static const u8 store_rsp[] = { 0x48, 0x89, 0x25 };
	static const u8 load_rsp[] = { 0x48, 0x8d, 0x25 };
	static const u8 jump[] = { 0xff, 0x25 };
	u64 stub = percpu_window(cpu) + PERCPU_STUB_OFFSET;
	u8 *at = page + offset;

	memcpy(at, store_rsp, sizeof(store_rsp));
	at += sizeof(store_rsp);
	at = put_distance(at, stub + (u64)(at - page), (u64)&percpu_info(cpu)->scratch);
	memcpy(at, load_rsp, sizeof(load_rsp));
	at += sizeof(load_rsp);
	at = put_distance(at, stub + (u64)(at - page), regs_end(cpu));
	memcpy(at, jump, sizeof(jump));
	at += sizeof(jump);
	put_distance(at, stub + (u64)(at - page), stub + target);
}

static void fill_stubs(u32 cpu, u8 *page)
{
	u64 targets[2] = { cpu_features.smap ? (u64)entry_syscall_smap : (u64)entry_syscall,
			   (u64)entry_syscall32 };

	fill_stub(cpu, page, 0, STUB_TARGET);
	fill_stub(cpu, page, STUB32_OFFSET, STUB_TARGET + sizeof(u64));
	memcpy(page + STUB_TARGET, targets, sizeof(targets));
}

void tables_fill(u32 cpu, void *gdt_page, void *tss_page, void *stub_page)
{
	fill_gdt(cpu, gdt_page);
	fill_tss(cpu, tss_page);
	fill_stubs(cpu, stub_page);
}

static void load_segments(void)
{
	__asm__ volatile("pushq %0\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:\n\t"
			 "movl %1, %%eax\n\t"
			 "movl %%eax, %%ss\n\t"
			 "xorl %%eax, %%eax\n\t"
			 "movl %%eax, %%ds\n\t"
			 "movl %%eax, %%es\n\t"
			 "movl %%eax, %%fs\n\t"
			 "movl %%eax, %%gs"
			 :
			 : "i"(HV_CS), "i"(HV_DS)
			 : "rax", "memory");
}

static void load_syscall(u64 stub)
{
	msr_write(MSR_STAR, (u64)PV_FLAT_RING3_CS32 << 48 | (u64)HV_CS << 32);
	msr_write(MSR_LSTAR, stub);
	msr_write(MSR_CSTAR, stub + STUB32_OFFSET);
	msr_write(MSR_SFMASK, RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL | RFLAGS_NT |
				      RFLAGS_RF | RFLAGS_AC | RFLAGS_VM);
	/*
	 * LIMIT: SYSENTER raises #GP. The guests' CPUID hides it; on AMD it is not
	 * there in 64-bit mode at all.
	 */
	msr_write(MSR_SYSENTER_CS, 0);
}

void tables_load(void)
{
	u64 window = percpu_window(cpu_info()->cpu);
	struct table_register gdt = { HV_GDT_LIMIT, window + PERCPU_GDT_OFFSET };
	struct table_register interrupts = { sizeof(idt) - 1, (u64)idt };

	cpu_lgdt(&gdt);
	load_segments();
	cpu_lidt(&interrupts);
	cpu_ltr(HV_TSS);
	cpu_lldt(0);
	load_syscall(window + PERCPU_STUB_OFFSET);
}

void tables_load_ldt(u32 entries)
{
	u64 window = percpu_window(cpu_info()->cpu);

	if (entries == 0) {
		cpu_lldt(0);
		return;
	}
	set_system_descriptor((u64 *)(window + PERCPU_GDT_OFFSET + OUR_GDT_BYTE), HV_LDT,
			      window + PERCPU_LDT_OFFSET, entries * 8 - 1, DESC_TYPE_LDT);
	cpu_lldt(HV_LDT);
}
