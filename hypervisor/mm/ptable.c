/*
 * TOUR(10) Writing page-table entries: check, take, write, drop. The level-1 path is
 * the hottest code of the hypervisor after entry and exit.
 *
 * Read next: ../hypercall/mmu_update.c, which calls it.
 */
#include "mm/ptable.h"

#include <seam/directmap.h>

#include "mm/guest.h"
#include "mm/l1.h"

/*
 * Store, keeping accessed and dirty bits that the CPU may set at any moment if
 * asked to. The loop ends: only the CPU changes the entry meanwhile (we hold
 * the lock), and it can set each of the two bits once.
 */
static u64 entry_store(u64 *p, u64 entry, enum ptable_ad ad)
{
	u64 old = __atomic_load_n(p, __ATOMIC_RELAXED);

	if (ad == PTABLE_AD_OVERWRITE || !(old & PTE_PRESENT)) {
		__atomic_store_n(p, entry, __ATOMIC_RELAXED);
		return old;
	}
	while (!__atomic_compare_exchange_n(p, &old, entry | (old & (PTE_ACCESSED | PTE_DIRTY)),
					    false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
	}
	return old;
}

/* What of an L1 entry decides which references it holds. */
#define L1_HOLDS (PTE_PRESENT | PTE_WRITE | PTE_ADDR)

static int write_l1(struct mm_owner *o, u64 *p, u64 entry, enum ptable_ad ad)
{
	u64 old = *p;

	if (!(entry & PTE_PRESENT)) {
		old = entry_store(p, entry, PTABLE_AD_OVERWRITE);
		if (old & PTE_PRESENT) {
			l1_entry_drop(o, old);
		}
		return 0;
	}
	if (((old ^ entry) & L1_HOLDS) == 0) {
		if (entry & PTE_L1_REFUSED) {
			return -PV_EINVAL;
		}
		entry_store(p, pte_l1_for_hardware(entry), ad);
		return 0;
	}
	if (l1_entry_take(o, entry) != 0) {
		return -PV_EINVAL;
	}
	old = entry_store(p, pte_l1_for_hardware(entry), ad);
	if (old & PTE_PRESENT) {
		l1_entry_drop(o, old);
	}
	return 0;
}

/*
 * Level 2 to 4. An entry that goes away may live on in paging-structure caches
 * (SDM vol. 3, 4.10.3), and guests rely on it being gone: flush.
 */
static int write_upper(struct mm_owner *o, u64 *p, u32 level, u64 entry, enum ptable_ad ad)
{
	u64 old = *p;
	int rc;

	if ((entry & PTE_PRESENT) && (entry & PTE_LX_REFUSED)) {
		return -PV_EINVAL;
	}
	if ((entry & old & PTE_PRESENT) && ((entry ^ old) & PTE_ADDR) == 0) {
		entry_store(p, pte_lx_for_hardware(entry), ad);
		o->stats[PV_STATS_WORK_flush_all]++;
		tlb_flush_cpus(mm_tlb_cpus(o));
		return 0;
	}
	rc = mm_reserve(o, (entry & PTE_PRESENT) ? pte_mfn(entry) : MFN_INVALID);
	if (rc != 0) {
		return rc;
	}
	if (entry & PTE_PRESENT) {
		rc = frame_get_type(o, pte_mfn(entry), (enum frame_type)(level - 1));
		if (rc != 0) {
			return rc;
		}
		entry = pte_lx_for_hardware(entry);
	} else {
		ad = PTABLE_AD_OVERWRITE; /* what is not present stands as it is given, as in level 1 */
	}
	old = entry_store(p, entry, ad);
	if (old & PTE_PRESENT) {
		frame_put_type(o, pte_mfn(old));
		o->stats[PV_STATS_WORK_flush_all]++;
		tlb_flush_cpus(mm_tlb_cpus(o));
	}
	return 0;
}

int ptable_write(struct mm_owner *o, struct ptable_slot slot, u64 entry, enum ptable_ad ad)
{
	u32 level = frame_at(slot.table)->type;
	u64 *p = (u64 *)mfn_to_virt(slot.table) + slot.index;

	if (likely(level == FRAME_L1)) {
		return write_l1(o, p, entry, ad);
	}
	if (level == FRAME_L4 && slot.index >= HV_L4_FIRST_SLOT && slot.index <= HV_L4_LAST_SLOT) {
		/* Guests copy these from their own root: what is there already is fine. */
		return entry == *p ? 0 : -PV_EINVAL;
	}
	return write_upper(o, p, level, entry, ad);
}

int ptable_replace_l1(struct mm_owner *o, struct ptable_slot slot, u64 old, u64 entry)
{
	u64 *p = (u64 *)mfn_to_virt(slot.table) + slot.index;
	bool holds_change = ((old ^ entry) & L1_HOLDS) != 0;
	u64 stored = entry;

	if (entry & PTE_PRESENT) {
		if (entry & PTE_L1_REFUSED) {
			return -PV_EINVAL;
		}
		if (holds_change && l1_entry_take(o, entry) != 0) {
			return -PV_EINVAL;
		}
		stored = pte_l1_for_hardware(entry);
	}
	if (!__atomic_compare_exchange_n(p, &old, stored, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_RELAXED)) {
		if (holds_change && (entry & PTE_PRESENT)) {
			l1_entry_drop(o, entry);
		}
		return -PV_EAGAIN;
	}
	if (holds_change && (old & PTE_PRESENT)) {
		l1_entry_drop(o, old);
	}
	return 0;
}

int ptable_find_l1(u64 root, u64 va, struct ptable_slot *slot)
{
	u64 e = root;
	u32 level;

	/* Canonical, too: only bits 12 to 47 count below, and each slot of ours has other names. */
	if (!guest_range_ok(va, 1)) {
		return -PV_EINVAL;
	}
	for (level = 4; level > 1; level--) {
		const u64 *table = mfn_to_virt(pte_mfn(e));

		e = table[pte_index(va, level)];
		if (!(e & PTE_PRESENT)) {
			return -PV_EINVAL;
		}
	}
	slot->table = pte_mfn(e);
	slot->index = pte_index(va, 1);
	return 0;
}
