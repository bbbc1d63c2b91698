/*
 * TOUR(10) Writing page-table entries: check, take, write, drop. The level-1 path is
 * the hottest code of the hypervisor after entry and exit.
 *
 * Read next: ../hypercall/mmu_update.c, which calls it.
 */
#include "mm/ptable.h"

#include <seam/directmap.h>

#include "mm/group.h"
#include "mm/guest.h"
#include "mm/l1.h"

static inline u64 *slot_entry(struct ptable_slot slot)
{
	return (u64 *)mfn_to_virt(slot.table) + slot.index;
}

/*
 * Store over `old`, keeping accessed and dirty bits that the CPU may set at any moment
 * if asked to and both are present. The loop ends: only the CPU changes the entry
 * meanwhile (we hold the lock), and it can set each of the two bits once.
 */
static inline void entry_store(u64 *p, u64 old, u64 entry, enum ptable_ad ad)
{
	if (ad == PTABLE_AD_OVERWRITE || !(old & entry & PTE_PRESENT)) {
		__atomic_store_n(p, entry, __ATOMIC_RELAXED);
		return;
	}
	while (!__atomic_compare_exchange_n(p, &old, entry | (old & (PTE_ACCESSED | PTE_DIRTY)),
					    false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
	}
}

/* What of an L1 entry decides which references it holds. */
#define L1_HOLDS (PTE_PRESENT | PTE_WRITE | PTE_ADDR)

/*
 * Whoever writes a present L1 entry takes what it holds first; the frame that it maps
 * may have to become writable for that, and then all is done again.
 */
static __attribute__((noinline)) int write_l1_after(struct mm_owner *o, struct ptable_slot slot,
						    u64 entry, enum ptable_ad ad, int taken)
{
	if (taken == L1_NOT_WRITABLE_YET && l1_make_writable(o, entry) == 0) {
		return ptable_write(o, slot, entry, ad);
	}
	return -PV_EINVAL;
}

static inline int write_l1(struct mm_owner *o, struct ptable_slot slot, u64 entry,
			   enum ptable_ad ad)
{
	u64 *p = slot_entry(slot);
	u64 old = READ_ONCE(*p);

	if (entry & PTE_PRESENT) {
		int rc;

		if (((old ^ entry) & L1_HOLDS) == 0) {
			if (entry & PTE_L1_REFUSED) {
				return -PV_EINVAL;
			}
			entry_store(p, old, pte_l1_for_hardware(entry), ad);
			return 0;
		}
		rc = l1_entry_take_fast(o, entry);
		if (unlikely(rc != 0)) {
			return write_l1_after(o, slot, entry, ad, rc);
		}
		group_note(frame_at(slot.table), slot.index);
		entry = pte_l1_for_hardware(entry);
	}
	entry_store(p, old, entry, ad);
	if (old & PTE_PRESENT) {
		l1_entry_drop(o, old);
	}
	return 0;
}

/*
 * Level 2 to 4. An entry that goes away may live on in paging-structure caches
 * (SDM vol. 3, 4.10.3), and guests rely on it being gone: flush.
 */
static __attribute__((noinline)) int write_upper(struct mm_owner *o, struct ptable_slot slot,
						 u32 level, u64 entry, enum ptable_ad ad)
{
	u64 *p = slot_entry(slot);
	u64 old = READ_ONCE(*p);
	int rc;

	if ((entry & PTE_PRESENT) && (entry & PTE_LX_REFUSED)) {
		return -PV_EINVAL;
	}
	if ((entry & old & PTE_PRESENT) && ((entry ^ old) & PTE_ADDR) == 0) {
		entry_store(p, old, pte_lx_for_hardware(entry), ad);
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
		group_note(frame_at(slot.table), slot.index);
		entry = pte_lx_for_hardware(entry);
	}
	entry_store(p, old, entry, ad);
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

	if (likely(level == FRAME_L1)) {
		return write_l1(o, slot, entry, ad);
	}
	if (level == FRAME_L4 && slot.index >= HV_L4_FIRST_SLOT && slot.index <= HV_L4_LAST_SLOT) {
		/* Guests copy these from their own root: what is there already is fine. */
		return entry == *slot_entry(slot) ? 0 : -PV_EINVAL;
	}
	return write_upper(o, slot, level, entry, ad);
}

static __attribute__((noinline)) int replace_l1_after(struct mm_owner *o, struct ptable_slot slot,
						      u64 old, u64 entry, int taken)
{
	if (taken == L1_NOT_WRITABLE_YET && l1_make_writable(o, entry) == 0) {
		return ptable_replace_l1(o, slot, old, entry);
	}
	return -PV_EINVAL;
}

int ptable_replace_l1(struct mm_owner *o, struct ptable_slot slot, u64 old, u64 entry)
{
	bool holds_change = ((old ^ entry) & L1_HOLDS) != 0;
	u64 stored = entry;

	if (entry & PTE_PRESENT) {
		int rc = 0;

		if (entry & PTE_L1_REFUSED) {
			return -PV_EINVAL;
		}
		if (holds_change) {
			rc = l1_entry_take_fast(o, entry);
		}
		if (unlikely(rc != 0)) {
			return replace_l1_after(o, slot, old, entry, rc);
		}
		group_note(frame_at(slot.table), slot.index);
		stored = pte_l1_for_hardware(entry);
	}
	if (unlikely(!__atomic_compare_exchange_n(slot_entry(slot), &old, stored, false,
						  __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))) {
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

u64 *ptable_find_l1(u64 root, u64 va)
{
	u64 e = root;
	u64 *table;
	u32 level;

	/* Canonical, too: only bits 12 to 47 count below, and each slot of ours has other names. */
	if (!guest_range_ok(va, 1)) {
		return NULL;
	}
#pragma GCC unroll 3
	for (level = 4; level > 1; level--) {
		table = maddr_to_virt(maddr(e & PTE_ADDR));
		e = table[pte_index(va, level)];
		if (!(e & PTE_PRESENT)) {
			return NULL;
		}
	}
	table = maddr_to_virt(maddr(e & PTE_ADDR));
	return &table[pte_index(va, 1)];
}
