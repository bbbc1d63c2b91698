/*
 * The hypervisor's own mappings: the sixteen L4 slots that every address space
 * has (mm/layout.h), and the idle root that has nothing else. Rights are
 * strict: nothing is writable and executable, and only the M2P array can be
 * read by guests.
 */
#ifndef MM_PAGING_H
#define MM_PAGING_H

#include "mm/addr.h"

/* What the direct map shall say of a range of machine memory. */
enum paging_kind {
	PAGING_RAM,    /* cached, writable */
	PAGING_TABLES, /* cached, read-only: what the firmware left */
	PAGING_MMIO,   /* uncached, writable */
};

/*
 * Boot: make the tables, first only with the image and the M2P array of m2p_pages
 * pages at m2p (which is filled and gets its alias m2p_writable). Then map each range of
 * RAM; then load them.
 */
void paging_init(maddr_t m2p, u64 m2p_pages);
void paging_map_direct(maddr_t start, u64 size, enum paging_kind kind);
void paging_load(void);

/* The root that only has the hypervisor's slots: for idle CPUs. */
mfn_t paging_idle_root(void);

/* Put the hypervisor's sixteen entries into a root, writable through l4. */
void paging_install_hv_slots(u64 *l4);

/* True if an L4 entry at this slot equals the hypervisor's. */
bool paging_is_hv_slot(u32 slot, u64 entry);

/* A device's registers, uncached; NULL without memory for tables. May be asked for again. */
void *paging_map_mmio(maddr_t start, u64 size) must_check;

/* Firmware tables, read-only: at their place in the direct map, or NULL as above. */
const void *paging_map_tables(maddr_t start, u64 size) must_check;

/*
 * Set or clear a page of a CPU's window: no lock, so for that CPU only or before it
 * runs; the caller flushes the address. A cleared page of the guest's part of the
 * GDT reads as zeros, any other is absent.
 */
void paging_set_window(u64 va, mfn_t m, bool writable);
void paging_set_window_code(u64 va, mfn_t m);
void paging_clear_window(u64 va);

/* Boot: make the table behind a CPU's window. 0 or -PV_ENOMEM. */
int paging_make_window(u32 cpu) must_check;

#endif
