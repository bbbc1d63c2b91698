/* Tagged translations; what they are for is in simpcid.h. */
#include "simpcid.h"

#include <stdlib.h>
#include <string.h>

#include <seam/directmap.h>

#include "fake_tlb.h"
#include "machine.h"
#include "mm/pcid.h"

#define HELD_MAX 256

static struct {
	u32 count;
	struct simpcid_held held[HELD_MAX];
} cpus[MACHINE_CPUS];

/* ---- making ---- */

static void hold(u32 cpu, u64 va, u64 entry)
{
	u64 pcid = entry & PTE_GLOBAL ? 0 : machine_cr3(cpu) & CR3_PCID;
	struct simpcid_held new = { va, entry, pcid };

	for (u32 i = 0; i < cpus[cpu].count; i++) {
		if (memcmp(&cpus[cpu].held[i], &new, sizeof(new)) == 0) {
			return;
		}
	}
	if (cpus[cpu].count == HELD_MAX) {
		abort(); /* the test's tables are small */
	}
	cpus[cpu].held[cpus[cpu].count++] = new;
}

static void look_at_table(u32 cpu, u64 frame, u32 level, u64 va)
{
	const u64 *table = mfn_to_virt(mfn(frame));

	for (u64 i = 0; i < PTE_TABLE_ENTRIES; i++) {
		u64 below = va | i << (PAGE_SHIFT + 9 * (level - 1));

		if (!(table[i] & PTE_PRESENT) ||
		    (level == 4 && i >= HV_L4_FIRST_SLOT && i <= HV_L4_LAST_SLOT)) {
			continue;
		}
		if (level == 1) {
			hold(cpu, below, table[i]);
		} else {
			look_at_table(cpu, pte_mfn(table[i]).v, level - 1, below);
		}
	}
}

void simpcid_look(u32 cpu)
{
	if (machine_running(cpu) != NULL) {
		look_at_table(cpu, machine_cr3(cpu) >> PAGE_SHIFT, 4, 0);
	}
}

/* ---- dropping ---- */

static bool goes(const struct simpcid_held *h, const struct fake_tlb_event *what)
{
	bool is_global = (h->entry & PTE_GLOBAL) != 0;
	bool is_tagged = !is_global && h->pcid == what->pcid;
	bool is_there = h->va == (what->va & PAGE_MASK);

	switch (what->kind) {
	case FAKE_TLB_PAGE:
		return is_there && (is_global || is_tagged);
	case FAKE_TLB_PAGE_OF:
		return is_there && is_tagged;
	case FAKE_TLB_PCID:
		return is_tagged;
	case FAKE_TLB_CR3:
		return is_tagged && !what->keeps;
	default:
		return true;
	}
}

static void drop(u32 cpu, const struct fake_tlb_event *what)
{
	u32 kept = 0;

	for (u32 i = 0; i < cpus[cpu].count; i++) {
		if (!goes(&cpus[cpu].held[i], what)) {
			cpus[cpu].held[kept++] = cpus[cpu].held[i];
		}
	}
	cpus[cpu].count = kept;
}

void simpcid_begin(void)
{
	memset(cpus, 0, sizeof(cpus));
	fake_tlb_watch = drop;
}

/* ---- asking ---- */

const struct simpcid_held *simpcid_held(u32 cpu, u32 i)
{
	return i < cpus[cpu].count ? &cpus[cpu].held[i] : NULL;
}

bool simpcid_is_usable(u32 cpu, const struct simpcid_held *held)
{
	return (held->entry & PTE_GLOBAL) != 0 || held->pcid == (machine_cr3(cpu) & CR3_PCID);
}

u32 simpcid_count(u32 cpu, u64 pcid, u64 but)
{
	u32 count = 0;

	for (u32 i = 0; i < cpus[cpu].count; i++) {
		const struct simpcid_held *h = &cpus[cpu].held[i];

		count += !(h->entry & PTE_GLOBAL) && h->pcid == pcid && h->va != but;
	}
	return count;
}
