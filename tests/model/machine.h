/*
 * A whole small machine for tests of the page-table code: memory with frames
 * of the hypervisor's own, the sixteen slots that every root has, CPUs that run
 * vCPUs, domains with vCPUs and frames. All that runs on it is the real code of
 * mm/, hypercall/ and pv/; what stands in for real hardware or for other rooms
 * is here: CR3 and its loading, the descriptor windows, calls between CPUs.
 *
 * Read next: ../unit/test_mm_types.c, or ../model/world.h.
 */
#ifndef FAKE_MACHINE_H
#define FAKE_MACHINE_H

#include "domain/domain.h"
#include "hypercall/hypercall.h"
#include "mm/alloc.h"
#include "mm/ptable.h"

#define MACHINE_CPUS    2
#define MACHINE_DOMAINS 4

/* The rights of an entry for a page as most guests have it, and for one that they only read. */
#define PAGE_RW (PTE_PRESENT | PTE_WRITE | PTE_USER)
#define PAGE_RO (PTE_PRESENT | PTE_USER)

/* Where the hypervisor's slots lead; all of these frames are its own. */
#define MACHINE_HV_PAGES 4

/*
 * Memory of so many frames and no domains. May be called again once all domains
 * are gone. Frames below MACHINE_LOW are never given out.
 */
#define MACHINE_LOW 16

void machine_init(u64 frames);

/* A domain that domain_find() knows, without memory of its own but shared_info. NULL without memory. */
struct domain *machine_domain(u16 id, u32 vcpus, u64 max_frames);

/* A new frame of d, outside any map. */
mfn_t machine_frame(struct domain *d);

/*
 * The smallest address space: a root with one table of each level below it, none
 * writable, the root not pinned. Fills table[1..4].
 */
struct machine_space {
	mfn_t table[5];
};

struct machine_space machine_space(struct domain *d);

/* Write to a frame as a guest with a writable mapping would. */
void machine_poke(mfn_t m, u32 index, u64 value);
u64 machine_peek(mfn_t m, u32 index);

/* This CPU runs v from now on (NULL: idle), as vcpu_switch() has it. */
void machine_run(u32 cpu, struct vcpu *v);

/* Be that CPU: current_vcpu() is who it runs. */
void machine_be(u32 cpu);
struct vcpu *machine_running(u32 cpu);

/* The CPU changes to that half of its vCPU (VCPU_MODE_*), as entry.S does. Hypercalls are the kernel's. */
void machine_enter(u32 cpu, u8 mode);

/* The CPU's CR3 as it reads; 0: the idle root. */
u64 machine_cr3(u32 cpu);

/* Frames in a CPU's descriptor windows, MFN_INVALID where none is. */
mfn_t machine_window_gdt(u32 cpu, u32 page);
mfn_t machine_window_ldt(u32 cpu, u32 page);

/*
 * A step of d's death, as the hypervisor's: its vCPUs run nowhere. True when
 * nothing is left of it to take apart; d is gone then, or waits for those who
 * have grants of it mapped (machine_reap).
 */
bool machine_kill_step(struct domain *d) must_check;
void machine_kill(struct domain *d);

/* Dead domains that nobody holds any more go, if a CPU was told to look (CPU_WORK_REAP). */
void machine_reap(void);

/* Has the domain `by` pinned frame m by a grant, to write if so said? */
bool machine_is_pinned(u64 m, u16 by, bool writable);

/* Call a hypercall as the current vCPU until it no longer restarts; `stops` counts the restarts. */
long machine_call(u32 nr, u64 a1, u64 a2, u64 a3, u64 a4);
/* Once: true if it wants to be restarted, with its arguments in regs. */
bool machine_call_once(u32 nr, u64 a[4], long *result);
extern u64 machine_restarts;

/* What a CPU does when another calls it; a test's scheduler replaces it. */
extern void (*machine_ipi)(u64 mask, void (*fn)(void *arg), void *arg);

/* Is it a lock of a domain, and not one of the allocator's or the heap's? */
bool machine_is_domain_lock(const void *lock);

/*
 * NULL, or what is wrong: memory of the hypervisor was changed, a CPU's CR3 or
 * window is not its vCPU's, a lock is held, or the audit of a domain finds
 * something.
 */
const char *machine_check(void);

/* Keep the log off standard error: what is wrong is so on purpose. */
extern bool machine_is_quiet;

#endif
