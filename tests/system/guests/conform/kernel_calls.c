/*
 * What a kernel sets up for itself: traps, callbacks, stacks, descriptors, bases.
 * Read next: debug.c.
 */
#include "groups.h"

#include <stdint.h>

#include "calls.h"
#include "cpu.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "string.h"
#include "traps.h"

#define NOT_CANONICAL (1ul << 63)
#define LOW           0x20000000ul
#define CPUID_AMD     0x68747541u /* "Auth" */
#define DATA_SEGMENT  0x00cff3000000fffful
#define CALL_GATE_32  0x0000e40000000000ul /* present, DPL 3, type 4: 16-bit call gate */

static long callback(unsigned op, unsigned type, uint64_t address)
{
	struct pv_callback_register cb = { .type = (uint16_t)type, .address = address };

	return hypercall_callback_op(op, &cb);
}

static void check_traps(void)
{
	struct pv_trap_info table[2] = { { .vector = 0x90,
					   .cs = PV_FLAT_KERNEL_CS,
					   .flags = 3,
					   .address = (uintptr_t)traps_stubs[0x90] } };

	DOES("set_trap_table", "one", hypercall_set_trap_table(table), 0);
	table[0].address = NOT_CANONICAL;
	REFUSES("set_trap_table", PV_EINVAL, "not canonical", hypercall_set_trap_table(table));
	REFUSES("set_trap_table", PV_EFAULT, "from nowhere",
		hypercall_set_trap_table((void *)NOWHERE));
	DOES("stack_switch", "none", hypercall_stack_switch(PV_FLAT_KERNEL_SS, 0), 0);
	DOES("fpu_taskswitch", "set", hypercall_fpu_taskswitch(1), 0);
	DOES("fpu_taskswitch", "clear", hypercall_fpu_taskswitch(0), 0);
}

static void check_callbacks(void)
{
	DOES("callback_op.register", "syscall32",
	     callback(PV_CALLBACKOP_register, PV_CALLBACK_syscall32,
		      (uintptr_t)traps_syscall_entry),
	     0);
	if (calls_on_parley()) {
		DOES("callback_op.unregister", "syscall32",
		     callback(PV_CALLBACKOP_unregister, PV_CALLBACK_syscall32, 0), 0);
	}
	REFUSES("callback_op.register", PV_EINVAL, "not canonical",
		callback(PV_CALLBACKOP_register, PV_CALLBACK_syscall32, NOT_CANONICAL));
	REFUSES("callback_op.register", PV_ENOSYS, "no such type",
		callback(PV_CALLBACKOP_register, 99, 0));
	REFUSES("callback_op.unregister", PV_EINVAL, "the event callback",
		callback(PV_CALLBACKOP_unregister, PV_CALLBACK_event, 0));
	REFUSES("callback_op.unregister", PV_ENOSYS, "no such type",
		callback(PV_CALLBACKOP_unregister, 99, 0));
	REFUSES("callback_op", PV_EFAULT, "from nowhere",
		hypercall_callback_op(PV_CALLBACKOP_register, (void *)NOWHERE));
	REFUSES("callback_op", PV_ENOSYS, "beyond the numbers", callback(2, 0, 0));
	if (calls_on_parley()) {
		REFUSES("set_callbacks", PV_EINVAL, "not canonical",
			hypercall3(PV_HYPERCALL_set_callbacks, NOT_CANONICAL,
				   (uintptr_t)traps_failsafe_entry,
				   (uintptr_t)traps_syscall_entry));
	}
}

static void check_descriptors(void)
{
	uint64_t *gdt = page_alloc();
	uint64_t frames[15], maddr = (uint64_t)mmu_page_mfn(gdt) << PV_PAGE_SHIFT;

	for (unsigned i = 0; i < 15; i++) {
		frames[i] = mmu_page_mfn(gdt);
	}
	REFUSES("set_gdt", PV_EINVAL, "mapped writable", hypercall_set_gdt(frames, 16));
	mmu_make_readonly(gdt);
	DOES("set_gdt", "7168 entries", hypercall_set_gdt(frames, 7168), 0);
	REFUSES("set_gdt", PV_EINVAL, "7169 entries", hypercall_set_gdt(frames, 7169));
	REFUSES("set_gdt", PV_EFAULT, "a list from nowhere",
		hypercall_set_gdt((void *)NOWHERE, 16));
	DOES("update_descriptor", "of a table in use",
	     hypercall_update_descriptor(maddr + 8, DATA_SEGMENT), 0);
	REFUSES("update_descriptor", PV_EINVAL, "between two",
		hypercall_update_descriptor(maddr + 4, DATA_SEGMENT));
	REFUSES("update_descriptor", PV_EINVAL, "beyond memory",
		hypercall_update_descriptor(ODD_FRAME << PV_PAGE_SHIFT, DATA_SEGMENT));
	if (calls_on_parley()) {
		REFUSES("update_descriptor", PV_EINVAL, "a gate",
			hypercall_update_descriptor(maddr + 8, CALL_GATE_32));
	}
	DOES("set_gdt", "none", hypercall_set_gdt(frames, 0), 0);
	check_result("set_gdt: the page is free", mmu_make_writable(gdt), 0);
	page_free(gdt);
	DOES("set_segment_base.FS", "0", hypercall_set_segment_base(PV_SEGBASE_FS, 0), 0);
	DOES("set_segment_base.GS_USER", "0", hypercall_set_segment_base(PV_SEGBASE_GS_USER, 0), 0);
	DOES("set_segment_base.GS_KERNEL", "as it is",
	     hypercall_set_segment_base(PV_SEGBASE_GS_KERNEL, (uintptr_t)cpu_current()), 0);
	DOES("set_segment_base.GS_USER_SEL", "0",
	     hypercall_set_segment_base(PV_SEGBASE_GS_USER_SEL, 0), 0);
	REFUSES("set_segment_base", PV_EINVAL, "not canonical",
		hypercall_set_segment_base(PV_SEGBASE_FS, NOT_CANONICAL));
	REFUSES("set_segment_base", PV_EINVAL, "no such base", hypercall_set_segment_base(4, 0));
}

uint64_t compat_call(void *low);
extern const char compat_entry[], compat_gone[], compat_code[], compat_code_end[];

static bool on_no_syscall(struct kit_regs *regs)
{
	regs->rip = (uintptr_t)compat_gone;
	regs->cs = PV_FLAT_KERNEL_CS & ~3ul;
	return true;
}

/* A SYSCALL in 32-bit code is no hypercall, not even the kernel's. Only AMD has it there. */
static void check_compat_syscall(void)
{
	void *page = page_alloc();
	bool has = cpu_read_cpuid(0, 0).ebx == CPUID_AMD;
	uint64_t cs;

	memcpy(page, compat_code, (size_t)(compat_code_end - compat_code));
	check_result("syscall32: code below 4 GiB",
		     mmu_map(mmu_root_mfn(), LOW,
			     mmu_pte(mmu_page_mfn(page), PV_PTE_PRESENT | PV_PTE_WRITE)),
		     0);
	traps_set_handler(6, 0, on_no_syscall);
	callback(PV_CALLBACKOP_register, PV_CALLBACK_syscall32, (uintptr_t)compat_entry);
	cs = compat_call((void *)LOW);
	check_result("syscall32: of the kernel", (long)(cs & 0xffff),
		     has ? (long)(PV_FLAT_RING3_CS32 & ~3ul) : 0);
	callback(PV_CALLBACKOP_register, PV_CALLBACK_syscall32, 0);
	traps_set_handler(6, 0, NULL);
	mmu_set_mapping(LOW, 0);
	page_free(page);
}

void kernel_calls_check(void)
{
	check_traps();
	check_callbacks();
	check_compat_syscall();
	check_descriptors();
}
