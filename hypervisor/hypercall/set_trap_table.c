/*
 * set_trap_table: a guest kernel's exception handlers. The table is a list
 * that ends at address 0; each entry takes effect as it is read, so a list
 * with a bad entry leaves those before it in force.
 */
#include <seam/cpu.h>

#include "domain/domain.h"
#include "hypercall/handlers.h"
#include "lib/string.h"
#include "mm/guest.h"
#include "mm/types.h"

/* A list for every vector, and its end; a longer one goes on after pending work. */
#define ENTRIES_AT_ONCE 257U

#define ENTRY_WORK 2U /* of each, in entries of a page table (mm/types.h) */

#define FLAGS_KNOWN (PV_TRAP_DPL_MASK | PV_TRAP_MASK_EVENTS)

static int set_entry(struct vcpu *v, const struct pv_trap_info *entry)
{
	struct pv_trap_info *trap = &v->traps[entry->vector];

	if (!guest_range_ok(entry->address, 1)) {
		return -PV_EINVAL;
	}
	trap->vector = entry->vector;
	trap->flags = entry->flags & FLAGS_KNOWN;
	trap->cs = entry->cs | 3;
	trap->address = entry->address;
	return 0;
}

/* *more: the list has not ended. */
static int set_entries(struct vcpu *v, u64 table, bool *more)
{
	struct pv_trap_info entry = { .address = 1 };
	int err = 0;
	u32 i;

	for (i = 0; err == 0 && entry.address != 0 && i < ENTRIES_AT_ONCE; i++) {
		err = guest_read_at(&entry, table, i, sizeof(entry));
		if (err == 0 && entry.address != 0) {
			err = set_entry(v, &entry);
		}
	}
	mm_count_work(&v->domain->mm, i * ENTRY_WORK);
	*more = err == 0 && entry.address != 0;
	return err;
}

long hypercall_set_trap_table(u64 table, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6)
{
	struct vcpu *v = current_vcpu();
	bool more;
	int err;

	if (table == 0) {
		memset(v->traps, 0, PV_TRAP_VECTORS * sizeof(*v->traps));
		return 0;
	}
	err = set_entries(v, table, &more);
	return more ? hypercall_restart(PV_HYPERCALL_set_trap_table,
					table + ENTRIES_AT_ONCE * sizeof(struct pv_trap_info), 0, 0,
					0) :
		      err;
}
