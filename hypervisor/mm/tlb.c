/*
 * TOUR(11) TLB flushes and the clock that saves most of them.
 *
 * A flush first takes a new tick of tlb_clock, then flushes, then notes the
 * tick as this CPU's. A frame is stamped with the clock read after its mapping
 * was removed. So a CPU whose tick is newer than the stamp began its flush
 * after the mapping was gone, and holds no translation of it.
 *
 * Read next: pcid.c, then types.c, which stamps and asks.
 */
#include "mm/tlb.h"

#include "cpu/ipi.h"
#include "mm/layout.h"

u64 tlb_clock = 1;

u64 tlb_cpu_tick[HV_MAX_CPUS];

/* Tick, then flush, then publish: partner of the reads in tlb_flush_filtered(). */
void tlb_flush_local(void)
{
	u64 tick = tlb_tick_begin();

	tlb_insn_flush_all();
	tlb_tick_end(tick);
}

void (*tlb_flush_page_local)(u64 va) = tlb_flush_own_page_local;

static void flush_here(void *unused)
{
	(void)unused;
	tlb_flush_local();
}

static void flush_page_here(void *va)
{
	tlb_flush_page_local((u64)va);
}

void tlb_flush_cpus(u64 cpu_mask)
{
	u64 self = 1UL << cpu_id();

	if (cpu_mask & self) {
		tlb_flush_local();
	}
	if (cpu_mask & ~self) {
		ipi_call_cpus(cpu_mask & ~self, flush_here, NULL);
	}
}

void tlb_flush_page_cpus(u64 cpu_mask, u64 va)
{
	u64 self = 1UL << cpu_id();

	if (cpu_mask & self) {
		tlb_flush_page_local(va);
	}
	if (cpu_mask & ~self) {
		ipi_call_cpus(cpu_mask & ~self, flush_page_here, (void *)va);
	}
}

bool tlb_flush_filtered(u64 cpu_mask, u64 stamp)
{
	u64 stale = 0;

	while (cpu_mask != 0) {
		u32 cpu = (u32)__builtin_ctzl(cpu_mask);

		cpu_mask &= cpu_mask - 1;
		if (__atomic_load_n(&tlb_cpu_tick[cpu], __ATOMIC_ACQUIRE) <= stamp) {
			stale |= 1UL << cpu;
		}
	}
	if (stale != 0) {
		tlb_flush_cpus(stale);
	}
	return stale != 0;
}
