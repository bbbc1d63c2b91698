/*
 * Hypercall multicall: a list of hypercalls at the cost of one entry. Also
 * hypercall_restart(), since a call within a batch restarts by being put back
 * into the list.
 *
 * Read next: mmu_update.c.
 */
#include <parley/errno.h>
#include <parley/hypercall.h>
#include <seam/cpu.h>

#include "hypercall/handlers.h"
#include "hypercall/hypercall.h"
#include "domain/domain.h"
#include "mm/guest.h"
#include "mm/types.h"

/* Entries done between two chances to be preempted. */
#define MULTICALL_STEP 256U

#define MULTICALL_RESTART_ARGS 4

/* A CPU's batch while it is being worked through; restarts of its calls are noted here. */
struct multicall_state {
	bool active;
	bool restart;
	u64 args[MULTICALL_RESTART_ARGS];
};

static struct multicall_state multicall_states[HV_MAX_CPUS];

long hypercall_restart(u32 nr, u64 a1, u64 a2, u64 a3, u64 a4)
{
	struct multicall_state *mc = &multicall_states[cpu_id()];
	struct cpu_regs *regs = &cpu_info()->regs;

	if (mc->active) {
		mc->restart = true;
		mc->args[0] = a1;
		mc->args[1] = a2;
		mc->args[2] = a3;
		mc->args[3] = a4;
		return 0;
	}
	regs->rip -= 2; /* SYSCALL again */
	regs->rdi = a1;
	regs->rsi = a2;
	regs->rdx = a3;
	regs->r10 = a4;
	return nr;
}

bool hypercall_restarts_in_list(void)
{
	return multicall_states[cpu_id()].restart;
}

/* A call stopped half way: its entry in the list becomes what is left of it. */
static int put_back(u64 entry_gva, struct multicall_state *mc)
{
	mc->restart = false;
	return guest_write(entry_gva + offsetof(struct pv_multicall_entry, args), mc->args,
			   sizeof(mc->args));
}

static inline __attribute__((always_inline)) long call_one(const struct pv_multicall_entry *e,
							   struct domain *d, bool traced)
{
	if (unlikely(e->op >= PV_HYPERCALL_MAX)) {
		return -PV_ENOSYS;
	}
	d->stats_hypercalls[e->op]++;
	if (traced) {
		return hypercall_traced_in_list(e->op, e->args);
	}
	return hypercall_table[e->op](e->args[0], e->args[1], e->args[2], e->args[3], e->args[4],
				      e->args[5]);
}

/*
 * Do the entries [0, count) of a list, which is the guest's to have; *done tells
 * how many. Stops early when the exit to the guest has work to do, or enough was
 * done: such work is an iret in the list. A multicall refuses to be in one by itself.
 */
static inline __attribute__((always_inline)) long run_list(struct multicall_state *mc,
							   struct domain *d, u64 list, u32 count,
							   u32 *done, bool traced)
{
	const struct cpu_info *info = cpu_info();
	u64 work_end = d->mm.work + MM_BUDGET;
	u32 i;

	for (i = 0; i < count; i++) {
		u64 gva = list + (u64)i * sizeof(struct pv_multicall_entry);
		struct pv_multicall_entry e;
		long result;

		if (unlikely(guest_read_words((u64 *)&e, gva, sizeof(e) / 8) != 0)) {
			return -PV_EFAULT;
		}
		result = call_one(&e, d, traced);
		if (unlikely(mc->restart)) {
			*done = i;
			return put_back(gva, mc);
		}
		if (unlikely(guest_write_u64(gva + offsetof(struct pv_multicall_entry, result),
					     (u64)result) != 0)) {
			return -PV_EFAULT;
		}
		if (unlikely((info->work & ~CPU_WORK_TRACE) != 0 || d->mm.work > work_end)) {
			*done = i + 1;
			return 0;
		}
	}
	*done = count;
	return 0;
}

static inline __attribute__((always_inline)) long multicall(u64 list, u64 count64, u64 a3, u64 a4,
							    bool traced)
{
	struct multicall_state *mc = &multicall_states[cpu_id()];
	struct domain *d = current_vcpu()->domain;
	u32 count = (u32)count64;
	u32 done = 0;
	long rc;

	if (mc->active) {
		return -PV_EINVAL;
	}
	mc->active = true;
	mc->restart = false;
	rc = run_list(mc, d, list, MIN(count, MULTICALL_STEP), &done, traced);
	mc->active = false;
	d->stats_batched += done;
	if (rc == 0 && done < count && !(cpu_info()->work & CPU_WORK_IRET)) {
		return hypercall_restart(PV_HYPERCALL_multicall,
					 list + (u64)done * sizeof(struct pv_multicall_entry),
					 count - done, a3, a4);
	}
	return rc;
}

long hypercall_multicall(u64 list, u64 count, u64 a3, u64 a4, u64 a5, u64 a6)
{
	return multicall(list, count, a3, a4, false);
}

long hypercall_multicall_traced(u64 list, u64 count, u64 a3, u64 a4)
{
	return multicall(list, count, a3, a4, true);
}

long hypercall_unknown(u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6)
{
	return -PV_ENOSYS;
}
