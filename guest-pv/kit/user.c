/*
 * User address spaces and the way into and out of user mode; see user.h.
 * Read next: traps_entry.S, user_enter and user_leave.
 */
#include "user.h"

#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "power.h"

#define RFLAGS_IF     0x200
#define RFLAGS_ALWAYS 0x2

uint64_t user_enter(struct kit_regs *regs);
void user_leave(uint64_t result) __attribute__((noreturn));

static user_call_t call_handler;
static struct user_result results[KIT_MAX_VCPUS];
static void *entry_stacks[KIT_MAX_VCPUS];

long user_space_init(struct user_space *space)
{
	void *l4 = page_alloc();
	long rc = mmu_make_readonly(l4);

	if (rc != 0) {
		return rc;
	}
	space->l4_mfn = mmu_page_mfn(l4);
	return mmu_pin(4, space->l4_mfn);
}

long user_space_add_page(struct user_space *space, unsigned long va, uint64_t flags, void **page)
{
	void *fresh = page_alloc();
	uint64_t user_slot, kernel_slot, maddr;
	long rc;

	if (va >= USER_END) {
		return -PV_EINVAL;
	}
	rc = mmu_map(space->l4_mfn, va, mmu_pte(mmu_page_mfn(fresh), flags | PV_PTE_USER));
	if (rc != 0) {
		return rc;
	}
	if (page != NULL) {
		*page = fresh;
	}
	mmu_walk_from(space->l4_mfn, va, 4, &user_slot);
	maddr = mmu_walk(va, 4, &kernel_slot);
	if (mmu_pte_mfn(kernel_slot) == mmu_pte_mfn(user_slot)) {
		return 0;
	}
	return mmu_write_entry(maddr, user_slot);
}

void user_set_call_handler(user_call_t handler)
{
	call_handler = handler;
}

/* The base pointer and the entry stack of this vCPU. */
static void space_activate(struct user_space *space)
{
	struct kit_cpu *cpu = cpu_current();
	long rc;

	if (entry_stacks[cpu->id] == NULL) {
		entry_stacks[cpu->id] = page_alloc();
	}
	rc = hypercall_stack_switch(PV_FLAT_KERNEL_SS,
				    (uintptr_t)entry_stacks[cpu->id] + KIT_PAGE_SIZE);
	if (rc == 0 && cpu->user != space) {
		rc = mmu_ext(PV_MMUEXT_NEW_USER_BASEPTR, space->l4_mfn, 0);
		cpu->user = space;
	}
	if (rc != 0) {
		power_panic("entering user mode: %ld", rc);
	}
}

struct user_result user_run(struct user_space *space, unsigned long rip, unsigned long rsp,
			    uint64_t arg1, uint64_t arg2)
{
	bool enabled = events_disable();
	struct kit_regs regs = {
		.rdi = arg1,
		.rsi = arg2,
		.rip = rip,
		.cs = PV_FLAT_USER_CS,
		.rflags = RFLAGS_IF | RFLAGS_ALWAYS,
		.rsp = rsp,
		.ss = PV_FLAT_USER_SS,
	};

	space_activate(space);
	user_enter(&regs);
	events_restore(enabled);
	return results[cpu_current()->id];
}

void user_handle_syscall(struct kit_regs *regs)
{
	unsigned id = cpu_current()->id;

	if (regs->rax == USER_CALL_EXIT) {
		results[id] = (struct user_result){
			.reason = USER_EXITED,
			.value = regs->rdi,
		};
		user_leave(0);
	}
	regs->rax = call_handler != NULL ? call_handler(regs) : (uint64_t)-PV_ENOSYS;
}

void user_end_by_fault(const struct kit_regs *regs)
{
	struct kit_cpu *cpu = cpu_current();

	results[cpu->id] = (struct user_result){
		.reason = USER_FAULTED,
		.vector = regs->vector,
		.error = regs->error,
		.rip = regs->rip,
		.address = cpu->fault_address,
	};
	user_leave(0);
}
