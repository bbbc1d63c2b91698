/*
 * pv/traps.c, the way out, with the real scheduler and life of domains: a guest that ends by
 * being loaded is reported and freed like any other.
 */
#include <criterion/criterion.h>

#include "host_names.h"

#include <parley/control.h>
#include <parley/hypercall.h>
#include <parley/trap.h>
#include <parley/vcpu.h>
#include <parley/vm_assist.h>
#include <seam/cpu.h>
#include <seam/idle.h>

#include "cpu/switch.h"
#include "domain/sched.h"
#include "fake_guest.h"
#include "hypercall/handlers.h"
#include "living.h"
#include "mm/alloc.h"
#include "pv/iret.h"
#include "pv/traps.h"

const char exit_iret_insn[1];

static struct domain *stays, *ends;
static u32 loads; /* of `ends` */

/* Segments of `ends` have been taken away, and its stack cannot take the frame that tells it: see load() in cpu/switch.c. */
void vcpu_switch(struct vcpu *prev, struct vcpu *next)
{
	fake_cpu_info.current = next;
	if (next != NULL && next->domain == ends) {
		loads++;
		domain_crash(ends, "kernel stack cannot take a frame");
	}
}

static void wake_the_other(void)
{
	sched_wake(stays->vcpus[0]);
}

Test(exit, who_ends_by_being_loaded_is_reported_and_freed)
{
	struct cpu_regs regs = { 0 };
	u64 before;

	living_init();
	stays = living_domain("stays", false);
	schedule();
	before = alloc_free_count();
	ends = living_domain("ends", false);
	sched_block();
	fake_interrupt = wake_the_other;
	pv_exit_work(&regs);
	cr_assert_eq(loads, 1);
	cr_assert_eq(current_vcpu(), stays->vcpus[0]);
	cr_assert_eq(living_told(ends->id), PV_DOMAIN_STATE_CRASHED);
	living_run(400);
	cr_assert_eq(living_told(2), PV_DOMAIN_STATE_GONE);
	cr_assert_geq(alloc_free_count(), before - 10, "but for its record");
}

static const char here[1];

/* A batch with an iret before its last call: done as far as that, and on the way out the return. */
static void batch_with_iret(struct cpu_regs *regs, struct pv_multicall_entry *calls)
{
	calls[0] = (struct pv_multicall_entry){ .op = PV_HYPERCALL_iret, .result = 7 };
	calls[1] = (struct pv_multicall_entry){ .op = PV_HYPERCALL_iret, .result = 7 };
	fake_guest_map_here(calls, 2 * sizeof(*calls));
	cr_assert_eq(hypercall_multicall((u64)calls, 2, 0, 0, 0, 0), 0);
	cr_assert_eq(calls[0].result, 0);
	cr_assert_eq(calls[1].result, 7);
	cr_assert_eq(fake_cpu_info.regs.rip, 0, "nothing to call again for");
	pv_exit_work(regs);
	cr_assert_eq(fake_cpu_info.work & CPU_WORK_IRET, 0);
}

Test(exit, an_iret_ends_a_batch)
{
	struct pv_iret_context frame = {
		.rax = 1,
		.r11 = 2,
		.rcx = 3,
		.rip = (u64)here,
		.cs = PV_FLAT_KERNEL_CS & ~3UL,
		.rsp = 4,
		.ss = PV_FLAT_KERNEL_SS,
	};
	struct cpu_regs regs = { .rsp = (u64)&frame, .rdi = 5 };
	struct pv_multicall_entry calls[2];

	living_init();
	stays = living_domain("stays", false);
	schedule();
	fake_guest_map_here(&frame, sizeof(frame));
	batch_with_iret(&regs, calls);
	cr_assert(regs.rax == 1 && regs.r11 == 2 && regs.rcx == 3 && regs.rsp == 4 &&
		  regs.rdi == 5);
	cr_assert_eq(regs.rip, (u64)here);
	cr_assert_eq(regs.cs, PV_FLAT_KERNEL_CS | 3);
	cr_assert_eq(current_vcpu()->info->evtchn_upcall_mask, 1);
}

Test(exit, an_iret_sets_the_iopl_of_who_shows_one)
{
	struct pv_iret_context frame = { .rip = (u64)here,
					 .cs = PV_FLAT_KERNEL_CS & ~3UL,
					 .rflags = 0x3202 };
	struct cpu_regs regs = { .rsp = (u64)&frame };
	struct vcpu *v;

	living_init();
	stays = living_domain("stays", false);
	schedule();
	v = current_vcpu();
	fake_guest_map_here(&frame, sizeof(frame));
	pv_iret(&regs);
	cr_assert_eq(v->iopl, 0);
	cr_assert_neq(v->path, VCPU_PATH_IN_C);

	regs.rsp = (u64)&frame;
	cr_assert_eq(hypercall_vm_assist(PV_VM_ASSIST_CMD_enable, PV_VM_ASSIST_architectural_iopl,
					 0, 0, 0, 0),
		     0);
	cr_assert_eq(v->path, VCPU_PATH_IN_C);
	pv_iret(&regs);
	cr_assert_eq(v->iopl, 3);
	cr_assert_eq(regs.rflags, 0x202, "what the processor gets has none");
	cr_assert_eq(v->path, VCPU_PATH_IN_C);
	cr_assert_eq(hypercall_vm_assist(PV_VM_ASSIST_CMD_disable, PV_VM_ASSIST_architectural_iopl,
					 0, 0, 0, 0),
		     0);
	cr_assert_neq(v->path, VCPU_PATH_IN_C);
}

Test(exit, an_iret_in_a_batch_whose_frame_is_not_there_ends_its_domain)
{
	struct cpu_regs regs = { .rsp = 0x1000 };
	struct pv_multicall_entry calls[2];
	struct domain *one, *two;
	u16 id;

	living_init();
	one = living_domain("one", false);
	two = living_domain("two", false);
	schedule();
	id = current_vcpu()->domain->id;
	stays = id == one->id ? two : one;
	batch_with_iret(&regs, calls);
	cr_assert_eq(current_vcpu()->domain, stays);
	cr_assert_eq(living_told(id), PV_DOMAIN_STATE_CRASHED);
	living_run(400);
	cr_assert_eq(living_told(id), PV_DOMAIN_STATE_GONE);
}
