/* The flush instructions of the host build; see fake_tlb.h. */
#include "fake_tlb.h"

#include <seam/cpu.h>

void (*fake_tlb_watch)(u32 cpu, bool page, u64 va);
u64 fake_tlb_flushes[64];

void fake_tlb_flush_all(void)
{
	u32 cpu = cpu_id();

	fake_tlb_flushes[cpu]++;
	if (fake_tlb_watch != NULL) {
		fake_tlb_watch(cpu, false, 0);
	}
}

void fake_tlb_flush_page(u64 va)
{
	if (fake_tlb_watch != NULL) {
		fake_tlb_watch(cpu_id(), true, va);
	}
}

__attribute__((weak)) void fake_tlb_set_root(u64 cr3)
{
	(void)cr3;
}
