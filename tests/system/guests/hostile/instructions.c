/*
 * Instructions: the privileged ones become a fault of the guest or do what
 * the ABI says, never what the processor would do in ring 0. Every MSR, every
 * INT n, every port.
 */
#include "groups.h"

#include <stdint.h>

#include "check.h"
#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "probe.h"
#include "start.h"
#include "timer.h"
#include "traps.h"

#define INVALID_OPCODE     PROBE_FAULT(6)
#define GENERAL_PROTECTION PROBE_FAULT(13)

static void expect_fault(const char *name, unsigned long got)
{
	check_true(name, got == GENERAL_PROTECTION || got == INVALID_OPCODE);
}

/* No guest needs these, and each would take the machine. */
static void check_tables(void)
{
	static struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) table = { 0xffff, 0 };

	expect_fault("instructions: lgdt", PROBE("lgdt %1", "m"(table)));
	expect_fault("instructions: lidt", PROBE("lidt %1", "m"(table)));
	expect_fault("instructions: lldt", PROBE("lldt %w1", "r"(0)));
	expect_fault("instructions: ltr", PROBE("ltr %w1", "r"(0xe040)));
	expect_fault("instructions: swapgs", PROBE("swapgs", "r"(0)));
	expect_fault("instructions: sysret", PROBE("sysretq", "c"(0)));
	expect_fault("instructions: sysexit", PROBE("sysexitl", "c"(0)));
	expect_fault("instructions: rsm", PROBE("rsm", "r"(0)));
	expect_fault("instructions: monitor", PROBE("monitor", "c"(0), "d"(0)));
	expect_fault("instructions: mwait", PROBE("mwait", "c"(0)));
	expect_fault("instructions: invlpga", PROBE("invlpga", "c"(0)));
	expect_fault("instructions: vmrun", PROBE("vmrun", "c"(0)));
	expect_fault("instructions: vmload", PROBE("vmload", "c"(0)));
	expect_fault("instructions: vmsave", PROBE("vmsave", "c"(0)));
	expect_fault("instructions: clgi", PROBE("clgi", "c"(0)));
	expect_fault("instructions: stgi", PROBE("stgi", "c"(0)));
	expect_fault("instructions: vmmcall", PROBE("vmmcall", "c"(0)));
	expect_fault("instructions: vmcall", PROBE("vmcall", "c"(0)));
	expect_fault("instructions: vmlaunch", PROBE("vmlaunch", "c"(0)));
	expect_fault("instructions: ud2", PROBE("ud2", "c"(0)));
}

static void check_halt(void)
{
	unsigned long verdict;

	/* A fault, or a sleep until the next event, which must not come before it. */
	events_disable();
	timer_set_deadline(timer_now_ns() + 1000000);
	verdict = PROBE("hlt", "r"(0));
	events_enable();
	check_true("instructions: hlt", verdict == 0 || verdict == GENERAL_PROTECTION);
}

/* Control registers: what is emulated must be harmless. */
static void check_control_registers(void)
{
	unsigned long cr0, cr4;

	__asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	expect_fault("instructions: cr0 without paging",
		     PROBE("mov %1, %%cr0", "r"(cr0 & ~(1ul << 31))));
	expect_fault("instructions: cr0 without protection", PROBE("mov %1, %%cr0", "r"(0ul)));
	expect_fault("instructions: cr3 with no table of ours",
		     PROBE("mov %1, %%cr3", "r"(1ul << 40)));
	expect_fault("instructions: cr3 with an ordinary page",
		     PROBE("mov %1, %%cr3", "r"(mmu_page_mfn(page_alloc()) << 12)));
	expect_fault("instructions: cr8", PROBE("mov %1, %%cr8", "r"(15ul)));
	expect_fault("instructions: cr5", PROBE(".byte 0x0f, 0x22, 0xef", "D"(0ul)));

	/* Nothing may be switched off that the hypervisor relies on. */
	(void)PROBE("mov %1, %%cr4", "r"(0ul));
	(void)PROBE("mov %1, %%cr4", "r"(~0ul));
	(void)PROBE("mov %1, %%cr4", "r"(cr4));
	(void)PROBE("lmsw %w1", "r"(0));
	(void)PROBE("clts", "r"(0));
	(void)PROBE("wbinvd", "r"(0));
	(void)PROBE("invd", "r"(0));
	(void)PROBE("invlpg (%1)", "r"(PV_HYPERVISOR_VIRT_START));
	(void)PROBE("invlpg (%1)", "r"(0x8000000000000000ul));
	(void)PROBE("mov %1, %%cr2", "r"(0x8000000000000000ul));
	check_true("instructions: alive after control registers", timer_now_ns() != 0);
}

static void check_extended_control(void)
{
	unsigned long bad = 0, first = 0;

	/* x87 must be on; AVX needs SSE. Whatever is legal is put back below. */
	static const uint32_t masks[] = { 0, 2, 4, 5, 6, 0x80000000, 0xfffffffe };

	for (unsigned i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		unsigned long fault = PROBE_RAX("xsetbv", masks[i], "c"(0), "d"(0));

		if (fault != GENERAL_PROTECTION && fault != INVALID_OPCODE && bad++ == 0) {
			first = masks[i];
		}
	}
	check_sweep("instructions: xsetbv of what is illegal", bad, first, 0);
}

/* Debug registers by instruction: as by hypercall. */
static void check_debug_registers(void)
{
	expect_fault("instructions: dr0 in the hypervisor",
		     PROBE("mov %1, %%dr0", "r"(0xffff828000000000ul)));
	expect_fault("instructions: dr1 not canonical",
		     PROBE("mov %1, %%dr1", "r"(0x8000000000000000ul)));
	(void)PROBE("mov %1, %%dr7", "r"(0xfffffffful));
	(void)PROBE("mov %1, %%dr7", "r"(~0ul));
	(void)PROBE("mov %1, %%dr6", "r"(~0ul));
	hypercall_set_debugreg(7, PV_DR7_DEFAULT);
	hypercall_set_debugreg(6, PV_DR6_DEFAULT);
	check_result("instructions: dr7 as at first", (long)hypercall_get_debugreg(7),
		     PV_DR7_DEFAULT);
}

/* Without I/O privilege; with it, ports answer and lead nowhere. */
static void check_ports(void)
{
	struct pv_physdev_set_iopl iopl = { .iopl = 4 };
	unsigned long bad = 0, first = 0;

	expect_fault("instructions: in without privilege", PROBE("inb $0x80, %%al", "r"(0)));
	expect_fault("instructions: out without privilege", PROBE("outb %%al, $0x80", "r"(0)));
	expect_fault("instructions: cli without privilege", PROBE("cli", "r"(0)));
	expect_fault("instructions: sti without privilege", PROBE("sti", "r"(0)));
	check_result("instructions: iopl 4", hypercall_physdev_op(PV_PHYSDEVOP_set_iopl, &iopl),
		     -PV_EINVAL);
	if (start_is_privileged()) {
		return;
	}
	iopl.iopl = 1;
	check_result("instructions: iopl 1", hypercall_physdev_op(PV_PHYSDEVOP_set_iopl, &iopl), 0);
	for (unsigned port = 0; port < 0x10000; port++) {
		/* Both directions; a write of 0xff to the reset port would be felt. */
		unsigned long fault = PROBE_RAX("outb %%al, %%dx; inb %%dx, %%al", 0xff, "d"(port));

		if (fault != 0 && bad++ == 0) {
			first = port;
		}
	}
	check_sweep("instructions: every port with iopl 1", bad, first, 0);
	check_result("instructions: cli with iopl 1", (long)PROBE("cli", "r"(0)), 0);
	check_result("instructions: sti with iopl 1", (long)PROBE("sti", "r"(0)), 0);
	iopl.iopl = 0;
	hypercall_physdev_op(PV_PHYSDEVOP_set_iopl, &iopl);
	check_true("instructions: interrupts still come", timer_now_ns() != 0);
}

/* POPF cannot turn interrupts off: time goes on and timers fire. */
static void check_flags(void)
{
	unsigned before = timer_event_count();

	__asm__ volatile("pushq $2; popfq" ::: "cc", "memory");
	timer_sleep_ns(1000000);
	check_true("instructions: interrupts after popf", timer_event_count() != before);
	__asm__ volatile("pushfq; orq $0x4000, (%%rsp); popfq" ::: "cc", "memory"); /* NT */
	check_result("instructions: hypercall with nested task set",
		     hypercall_xen_version(PV_VERSION_pagesize, NULL), 4096);
	__asm__ volatile("pushfq; andq $~0x4000, (%%rsp); popfq" ::: "cc", "memory");
	__asm__ volatile("std" ::: "cc");
	hypercall0(PV_HYPERCALL_xen_version);
	__asm__ volatile("cld" ::: "cc");
	/* Alignment checks; the mask bit of CR0 may make this a fault later. */
	__asm__ volatile("pushfq; orq $0x40000, (%%rsp); popfq" ::: "cc", "memory");
	hypercall0(PV_HYPERCALL_xen_version);
	__asm__ volatile("pushfq; andq $~0x40000, (%%rsp); popfq" ::: "cc", "memory");
	check_true("instructions: alive after each flag", true);
}

/* MSRs that would give the machine away, if a write reached them. */
static const struct {
	uint32_t msr;
	uint64_t value;
} dangerous[] = {
	{ 0x1b, 0 },                /* APIC base */
	{ 0x174, 0x10 },            /* SYSENTER_CS */
	{ 0x175, 0 },               /* SYSENTER_ESP */
	{ 0x176, 0x123000 },        /* SYSENTER_EIP */
	{ 0x1d9, 0xffff },          /* DEBUGCTL */
	{ 0x277, 0 },               /* PAT */
	{ 0x2ff, 0 },               /* MTRR default type */
	{ 0x600, 0x123000 },        /* DS area */
	{ 0x6e0, 1 },               /* TSC deadline */
	{ 0x830, 0 },               /* x2APIC ICR */
	{ 0xc0000080, 0 },          /* EFER */
	{ 0xc0000081, 0 },          /* STAR */
	{ 0xc0000082, 0x123000 },   /* LSTAR */
	{ 0xc0000083, 0x123000 },   /* CSTAR */
	{ 0xc0000084, 0 },          /* SFMASK */
	{ 0xc0000103, 0xffffffff }, /* TSC_AUX */
	{ 0xc0010010, 0 },          /* SYSCFG */
	{ 0xc0010114, 0 },          /* VM_CR */
	{ 0xc0010117, 0x1000 },     /* VM_HSAVE_PA */
};

static void check_dangerous_msrs(void)
{
	for (unsigned i = 0; i < sizeof(dangerous) / sizeof(dangerous[0]); i++) {
		probe_write_msr(dangerous[i].msr, dangerous[i].value);
		probe_write_msr(dangerous[i].msr, ~0ul);
	}
	/* A hypercall and an exception show whether any of them took effect. */
	check_result("instructions: hypercall after msr writes",
		     hypercall_xen_version(PV_VERSION_pagesize, NULL), 4096);
	expect_fault("instructions: fault after msr writes", PROBE("lgdt (%1)", "r"(0)));
}

/* Every MSR of the usual ranges is read, and written with what was read. */
static void check_all_msrs(void)
{
	static const uint32_t ranges[] = { 0,          0x800,      0x40000000, 0xc0000000,
					   0xc0010000, 0xc0011000, 0xfffff000 };
	unsigned long bad = 0, first = 0, readable = 0;
	uint64_t value;

	for (unsigned i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		for (uint32_t msr = ranges[i]; msr < ranges[i] + 0x800 && msr >= ranges[i]; msr++) {
			unsigned long fault = probe_read_msr(msr, &value);

			readable += fault == 0;
			if (fault != 0 && fault != GENERAL_PROTECTION && bad++ == 0) {
				first = msr;
			}
			/* The GS base is this kit's own. */
			if (msr == 0xc0000101) {
				continue;
			}
			fault = probe_write_msr(msr, value);
			if (fault != 0 && fault != GENERAL_PROTECTION && bad++ == 0) {
				first = msr;
			}
		}
	}
	check_sweep("instructions: every msr answers or faults", bad, first, 0);
	check_true("instructions: some msrs are readable", readable > 0);
	check_result("instructions: fs base not canonical",
		     (long)probe_write_msr(0xc0000100, 0x8000000000000000ul), GENERAL_PROTECTION);
	check_result("instructions: gs base not canonical",
		     (long)probe_write_msr(0xc0000101, 0x0000800000000000ul), GENERAL_PROTECTION);
	check_result("instructions: user gs base not canonical",
		     (long)probe_write_msr(0xc0000102, 0xffff7ffffffffffful), GENERAL_PROTECTION);
}

void instructions_check(void)
{
	check_tables();
	check_halt();
	check_control_registers();
	check_extended_control();
	check_debug_registers();
	check_ports();
	check_flags();
	check_dangerous_msrs();
	check_all_msrs();
	interrupts_check();
}
