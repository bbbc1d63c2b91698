/*
 * Hypercalls. The number goes in rax, the arguments in rdi, rsi, rdx, r10, r8
 * and r9, the instruction is SYSCALL, and the result comes back in rax: 0 or
 * more for success, a negative PV_E* for an error. rcx and r11 are destroyed.
 *
 * hypercall() takes any number and any arguments, for tests; the typed
 * functions below are what everything else uses. Pointers are guest virtual
 * addresses in the current address space.
 */
#ifndef KIT_HYPERCALL_H
#define KIT_HYPERCALL_H

#include <stdint.h>

#include <parley/callback.h>
#include <parley/console.h>
#include <parley/errno.h>
#include <parley/event_channel.h>
#include <parley/grant_table.h>
#include <parley/hypercall.h>
#include <parley/memory.h>
#include <parley/mmu.h>
#include <parley/physdev.h>
#include <parley/sched.h>
#include <parley/trap.h>
#include <parley/types.h>
#include <parley/vcpu.h>
#include <parley/version.h>
#include <parley/vm_assist.h>

/*
 * The argument registers are marked as changed: the ABI lets a hypervisor
 * destroy those that the call uses.
 */
static inline long hypercall(unsigned long nr, unsigned long a1, unsigned long a2, unsigned long a3,
			     unsigned long a4, unsigned long a5)
{
	register unsigned long r10 __asm__("r10") = a4;
	register unsigned long r8 __asm__("r8") = a5;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10), "+r"(r8)
			 : "a"(nr)
			 : "rcx", "r11", "memory");
	return result;
}

static inline long hypercall0(unsigned long nr)
{
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(nr) : "rcx", "r11", "memory");
	return result;
}

static inline long hypercall2(unsigned long nr, unsigned long a1, unsigned long a2)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result), "+D"(a1), "+S"(a2)
			 : "a"(nr)
			 : "rcx", "r11", "memory");
	return result;
}

static inline long hypercall3(unsigned long nr, unsigned long a1, unsigned long a2,
			      unsigned long a3)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result), "+D"(a1), "+S"(a2), "+d"(a3)
			 : "a"(nr)
			 : "rcx", "r11", "memory");
	return result;
}

static inline long hypercall4(unsigned long nr, unsigned long a1, unsigned long a2,
			      unsigned long a3, unsigned long a4)
{
	register unsigned long r10 __asm__("r10") = a4;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10)
			 : "a"(nr)
			 : "rcx", "r11", "memory");
	return result;
}

/* Replaces trap handlers up to the entry with address 0; NULL clears all. */
static inline long hypercall_set_trap_table(const struct pv_trap_info *table)
{
	return hypercall2(PV_HYPERCALL_set_trap_table, (uintptr_t)table, 0);
}

/* Carries out count page-table writes; *done (or NULL) tells how many succeeded. */
static inline long hypercall_mmu_update(const struct pv_mmu_update *requests, unsigned count,
					unsigned *done, unsigned domid)
{
	return hypercall4(PV_HYPERCALL_mmu_update, (uintptr_t)requests, count, (uintptr_t)done,
			  domid);
}

/* frames: (entries + 511) / 512 machine frame numbers of read-only pages. */
static inline long hypercall_set_gdt(const uint64_t *frames, unsigned entries)
{
	return hypercall2(PV_HYPERCALL_set_gdt, (uintptr_t)frames, entries);
}

/* The stack for entries from user mode. */
static inline long hypercall_stack_switch(unsigned long ss, unsigned long sp)
{
	return hypercall2(PV_HYPERCALL_stack_switch, ss, sp);
}

static inline long hypercall_fpu_taskswitch(int set)
{
	return hypercall2(PV_HYPERCALL_fpu_taskswitch, (unsigned long)set, 0);
}

static inline long hypercall_set_debugreg(unsigned reg, uint64_t value)
{
	return hypercall2(PV_HYPERCALL_set_debugreg, reg, value);
}

/* The register's value, or a negative error in the same word. */
static inline uint64_t hypercall_get_debugreg(unsigned reg)
{
	return (uint64_t)hypercall2(PV_HYPERCALL_get_debugreg, reg, 0);
}

/* maddr: machine address of the descriptor. */
static inline long hypercall_update_descriptor(uint64_t maddr, uint64_t descriptor)
{
	return hypercall2(PV_HYPERCALL_update_descriptor, maddr, descriptor);
}

static inline long hypercall_memory_op(unsigned op, void *arg)
{
	return hypercall2(PV_HYPERCALL_memory_op, op, (uintptr_t)arg);
}

/* A memory_op on a list of frames, extents of 1 << order: give back, or get more. How many were done. */
static inline long hypercall_reservation(unsigned op, uint64_t *list, uint64_t count,
					 unsigned order, unsigned flags, unsigned domid)
{
	struct pv_memory_reservation r = {
		.extent_start = (uintptr_t)list,
		.nr_extents = count,
		.extent_order = order,
		.mem_flags = flags,
		.domid = (pv_domid_t)domid,
	};

	return hypercall_memory_op(op, &r);
}

/* Each entry's result is in the entry; the result here is that of the batch. */
static inline long hypercall_multicall(struct pv_multicall_entry *entries, unsigned count)
{
	return hypercall2(PV_HYPERCALL_multicall, (uintptr_t)entries, count);
}

/* Changes the last-level entry that maps va; flags are PV_UVMF_*. */
static inline long hypercall_update_va_mapping(unsigned long va, uint64_t pte, unsigned long flags)
{
	return hypercall3(PV_HYPERCALL_update_va_mapping, va, pte, flags);
}

/* Absolute system time in nanoseconds; 0 cancels. */
static inline long hypercall_set_timer_op(uint64_t deadline)
{
	return hypercall2(PV_HYPERCALL_set_timer_op, deadline, 0);
}

static inline long hypercall_xen_version(unsigned op, void *arg)
{
	return hypercall2(PV_HYPERCALL_xen_version, op, (uintptr_t)arg);
}

static inline long hypercall_console_io(unsigned op, unsigned count, void *buf)
{
	return hypercall3(PV_HYPERCALL_console_io, op, count, (uintptr_t)buf);
}

static inline long hypercall_grant_table_op(unsigned op, void *args, unsigned count)
{
	return hypercall3(PV_HYPERCALL_grant_table_op, op, (uintptr_t)args, count);
}

static inline long hypercall_vm_assist(unsigned op, unsigned type)
{
	return hypercall2(PV_HYPERCALL_vm_assist, op, type);
}

static inline long hypercall_vcpu_op(unsigned op, unsigned vcpu, void *arg)
{
	return hypercall3(PV_HYPERCALL_vcpu_op, op, vcpu, (uintptr_t)arg);
}

static inline long hypercall_set_segment_base(unsigned which, uint64_t base)
{
	return hypercall2(PV_HYPERCALL_set_segment_base, which, base);
}

static inline long hypercall_mmuext_op(const struct pv_mmuext_op *ops, unsigned count,
				       unsigned *done, unsigned domid)
{
	return hypercall4(PV_HYPERCALL_mmuext_op, (uintptr_t)ops, count, (uintptr_t)done, domid);
}

static inline long hypercall_sched_op(unsigned op, void *arg)
{
	return hypercall2(PV_HYPERCALL_sched_op, op, (uintptr_t)arg);
}

static inline long hypercall_callback_op(unsigned op, void *arg)
{
	return hypercall2(PV_HYPERCALL_callback_op, op, (uintptr_t)arg);
}

static inline long hypercall_event_channel_op(unsigned op, void *arg)
{
	return hypercall2(PV_HYPERCALL_event_channel_op, op, (uintptr_t)arg);
}

static inline long hypercall_physdev_op(unsigned op, void *arg)
{
	return hypercall2(PV_HYPERCALL_physdev_op, op, (uintptr_t)arg);
}

#endif
