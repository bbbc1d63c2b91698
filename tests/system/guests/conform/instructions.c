/*
 * Privileged instructions that kernels of this kind still execute, and what
 * the hypervisor does in the processor's place.
 * Read next: segments.c.
 */
#include "groups.h"

#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "mmu.h"
#include "probe.h"
#include "start.h"

#define CR0_TS             0x8ul
#define CR4_PAE            0x20ul
#define CR4_OSXSAVE        0x40000ul
#define MSR_PAT            0x277
#define MSR_EFER           0xc0000080
#define MSR_FS_BASE        0xc0000100
#define MSR_GS_BASE        0xc0000101
#define MSR_USER_GS_BASE   0xc0000102
#define EFER_LONG_MODE     0x500ul
#define EFER_SYSCALL       0x1ul
#define PAT_LAYOUT         0x0000050100070406ul
#define GENERAL_PROTECTION PROBE_FAULT(13)

static uint64_t read_cr0(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr0, %0" : "=r"(value));
	return value;
}

static uint64_t read_cr4(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr4, %0" : "=r"(value));
	return value;
}

static void check_control_registers(void)
{
	uint64_t cr0 = read_cr0(), cr3, cr4 = read_cr4();

	check_true("instructions: cr0 shows paging and protection",
		   (cr0 & 0x80000001) == 0x80000001);
	hypercall_fpu_taskswitch(1);
	check_true("instructions: cr0 shows task switched", (read_cr0() & CR0_TS) != 0);
	hypercall_fpu_taskswitch(0);
	check_true("instructions: and not", (read_cr0() & CR0_TS) == 0);
	hypercall_fpu_taskswitch(1);
	check_result("instructions: clts", (long)PROBE("clts", "r"(0)), 0);
	check_true("instructions: its effect", (read_cr0() & CR0_TS) == 0);
	__asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
	check_true("instructions: cr3 is the root", cr3 >> 12 == mmu_root_mfn());
	check_true("instructions: cr4 shows pae", (cr4 & CR4_PAE) != 0);
	check_result("instructions: cr4 written back", (long)PROBE("mov %1, %%cr4", "r"(cr4)), 0);
	check_true("instructions: cr4 as before", read_cr4() == cr4);
}

static void check_bases(void)
{
	uint64_t word = 0x77, value = 0;

	check_result("instructions: fs base written",
		     (long)probe_write_msr(MSR_FS_BASE, (uintptr_t)&word), 0);
	check_result("instructions: fs base read", (long)probe_read_msr(MSR_FS_BASE, &value), 0);
	check_true("instructions: the same", value == (uintptr_t)&word);
	__asm__ volatile("movq %%fs:0, %0" : "=r"(value)::"memory");
	check_result("instructions: fs base in use", (long)value, 0x77);
	check_result("instructions: gs base read", (long)probe_read_msr(MSR_GS_BASE, &value), 0);
	check_true("instructions: it is this vCPU's", value == (uintptr_t)cpu_current());
	check_result("instructions: gs base written", (long)probe_write_msr(MSR_GS_BASE, value), 0);
	check_true("instructions: gs base in use", cpu_current() == (struct kit_cpu *)value);
	check_result("instructions: user gs base written",
		     (long)probe_write_msr(MSR_USER_GS_BASE, 0x123450), 0);
	probe_read_msr(MSR_USER_GS_BASE, &value);
	check_result("instructions: user gs base read", (long)value, 0x123450);
	probe_write_msr(MSR_USER_GS_BASE, 0);
	probe_write_msr(MSR_FS_BASE, 0);
}

static void check_msrs(void)
{
	uint64_t efer = 0, pat = 0, value;

	check_result("instructions: efer read", (long)probe_read_msr(MSR_EFER, &efer), 0);
	check_true("instructions: long mode and syscall",
		   (efer & (EFER_LONG_MODE | EFER_SYSCALL)) == (EFER_LONG_MODE | EFER_SYSCALL));
	check_result("instructions: efer written back", (long)probe_write_msr(MSR_EFER, efer), 0);
	check_result("instructions: pat read", (long)probe_read_msr(MSR_PAT, &pat), 0);
	check_true("instructions: pat layout", pat == PAT_LAYOUT);
	check_result("instructions: unknown msr read", (long)probe_read_msr(0x12345678, &value),
		     GENERAL_PROTECTION);
	check_result("instructions: unknown msr written", (long)probe_write_msr(0x12345678, 0),
		     GENERAL_PROTECTION);
}

/* What user mode finds natively must agree with what the kernel is told. */
static void check_extended_state(void)
{
	uint32_t low, high;

	if ((cpu_read_cpuid(1, 0).ecx >> 26 & 3) != 3) {
		return;
	}
	__asm__ volatile("mov %0, %%cr4" ::"r"(read_cr4() | CR4_OSXSAVE));
	check_true("instructions: cr4 takes OSXSAVE", (read_cr4() & CR4_OSXSAVE) != 0);
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	check_true("instructions: xcr0 has x87", (low & 1) != 0);
	check_result("instructions: xcr0 written back",
		     (long)PROBE_RAX("xsetbv", low, "c"(0), "d"(high)), 0);
	check_true("instructions: sizes are told", cpu_read_cpuid(13, 0).ebx >= 576);
}

static void check_fsgsbase(void)
{
	bool offered = (cpu_read_cpuid(7, 0).ebx & 1) != 0;

	if (offered) {
		__asm__ volatile("mov %0, %%cr4" ::"r"(read_cr4() | 1ul << 16));
		check_result("instructions: rdfsbase when offered",
			     (long)PROBE("rdfsbase %%rax", "r"(0)), 0);
	}
}

/* I/O privilege makes these legal for the kernel; none has an effect. */
static void check_io(void)
{
	struct pv_physdev_set_iopl iopl = { .iopl = 1 };
	uint8_t byte = 0;
	uint16_t word = 0;
	uint32_t dword = 0;

	check_result("instructions: iopl 1", hypercall_physdev_op(PV_PHYSDEVOP_set_iopl, &iopl), 0);
	check_result("instructions: cli", (long)PROBE("cli", "r"(0)), 0);
	check_result("instructions: the mask is not touched",
		     cpu_current()->info->evtchn_upcall_mask, 0);
	check_result("instructions: sti", (long)PROBE("sti", "r"(0)), 0);
	if (!start_is_privileged()) {
		__asm__ volatile("inb $0x80, %0" : "=a"(byte));
		__asm__ volatile("inw $0x80, %0" : "=a"(word));
		__asm__ volatile("inl $0x80, %0" : "=a"(dword));
		check_true("instructions: nobody answers",
			   byte == 0xff && word == 0xffff && dword == 0xffffffff);
		check_result("instructions: out to a register",
			     (long)PROBE_RAX("outl %%eax, %%dx", 0x80000000, "d"(0xcf8)), 0);
	}
	iopl.iopl = 0;
	hypercall_physdev_op(PV_PHYSDEVOP_set_iopl, &iopl);
	check_result("instructions: cli without privilege", (long)PROBE("cli", "r"(0)),
		     GENERAL_PROTECTION);
}

static void check_others(void)
{
	uint64_t flags, first = cpu_read_tsc();

	check_result("instructions: wbinvd", (long)PROBE("wbinvd", "r"(0)), 0);
	events_disable();
	__asm__ volatile("pushfq; popq %0" : "=r"(flags));
	check_true("instructions: IF is always shown set", (flags & 0x200) != 0);
	events_enable();
	check_true("instructions: the counter goes up", cpu_read_tsc() > first);
}

void instructions_check(void)
{
	check_control_registers();
	check_bases();
	check_msrs();
	check_extended_state();
	check_fsgsbase();
	check_io();
	check_others();
}
