/* Grants; see grants.h. */
#include "grants.h"

#include <stddef.h>

#include "cpu.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"

/* An address of its own for the table, which is no page of the linear map. */
#define TABLE_VA 0x18000000000ul

static volatile struct pv_grant_entry_v1 *table;
static unsigned next_ref = PV_GNTTAB_NR_RESERVED_ENTRIES;

long grants_init(void)
{
	uint64_t frame = 0;
	struct pv_gnttab_setup_table setup = {
		.dom = PV_DOMID_SELF,
		.nr_frames = 1,
		.frame_list = (uintptr_t)&frame,
	};
	long rc;

	if (table != NULL) {
		return 0;
	}
	rc = hypercall_grant_table_op(PV_GNTTABOP_setup_table, &setup, 1);
	if (rc != 0 || setup.status != PV_GNTST_okay) {
		return rc != 0 ? rc : setup.status;
	}
	rc = mmu_map(mmu_root_mfn(), TABLE_VA, mmu_pte(frame, MMU_PTE_DATA));
	if (rc == 0) {
		table = (void *)TABLE_VA;
	}
	return rc;
}

volatile struct pv_grant_entry_v1 *grants_table(void)
{
	return table;
}

void grants_set(unsigned ref, unsigned flags, unsigned domid, unsigned long mfn)
{
	uint64_t word = (uint64_t)mfn << 32 | (uint64_t)(domid & 0xffff) << 16 | (flags & 0xffff);

	__atomic_store_n((volatile uint64_t *)(volatile void *)&table[ref], word, __ATOMIC_SEQ_CST);
}

int grants_give(unsigned domid, unsigned long mfn, bool readonly)
{
	for (unsigned tried = 0; tried < GRANTS_COUNT; tried++) {
		unsigned ref = next_ref;

		next_ref = next_ref + 1 < GRANTS_COUNT ? next_ref + 1 :
							 PV_GNTTAB_NR_RESERVED_ENTRIES;
		if (table[ref].flags == PV_GTF_invalid) {
			grants_set(ref, PV_GTF_permit_access | (readonly ? PV_GTF_readonly : 0),
				   domid, mfn);
			return (int)ref;
		}
	}
	return PV_GNTST_no_space;
}

bool grants_end(unsigned ref)
{
	uint16_t flags = table[ref].flags;

	do {
		if (flags & (PV_GTF_reading | PV_GTF_writing)) {
			return false;
		}
	} while (!__atomic_compare_exchange_n(&table[ref].flags, &flags, PV_GTF_invalid, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	return true;
}

long grants_map(unsigned domid, unsigned ref, unsigned long va, unsigned flags)
{
	struct pv_gnttab_map_grant_ref map = {
		.host_addr = va,
		.flags = flags,
		.ref = ref,
		.dom = (pv_domid_t)domid,
		.status = PV_GNTST_general_error,
	};
	long rc = hypercall_grant_table_op(PV_GNTTABOP_map_grant_ref, &map, 1);

	if (rc != 0) {
		return rc;
	}
	return map.status != PV_GNTST_okay ? map.status : (long)map.handle;
}

long grants_unmap(unsigned handle, unsigned long va, uint64_t bus_addr)
{
	struct pv_gnttab_unmap_grant_ref unmap = {
		.host_addr = va,
		.dev_bus_addr = bus_addr,
		.handle = handle,
		.status = PV_GNTST_general_error,
	};
	long rc = hypercall_grant_table_op(PV_GNTTABOP_unmap_grant_ref, &unmap, 1);

	return rc != 0 ? rc : unmap.status;
}

static long copy(struct pv_gnttab_copy *op)
{
	long rc;

	op->status = PV_GNTST_general_error;
	rc = hypercall_grant_table_op(PV_GNTTABOP_copy, op, 1);
	return rc != 0 ? rc : op->status;
}

static struct pv_gnttab_copy_ptr own_side(const void *p)
{
	unsigned long offset = (uintptr_t)p % KIT_PAGE_SIZE;

	return (struct pv_gnttab_copy_ptr){
		.u.gmfn = mmu_va_to_mfn((uintptr_t)p - offset),
		.domid = PV_DOMID_SELF,
		.offset = (uint16_t)offset,
	};
}

long grants_copy_from(void *to, unsigned domid, unsigned ref, unsigned offset, unsigned size)
{
	struct pv_gnttab_copy op = {
		.source = { .u.ref = ref, .domid = (pv_domid_t)domid, .offset = (uint16_t)offset },
		.dest = own_side(to),
		.len = (uint16_t)size,
		.flags = PV_GNTCOPY_source_gref,
	};

	return copy(&op);
}

long grants_copy_to(unsigned domid, unsigned ref, unsigned offset, const void *from, unsigned size)
{
	struct pv_gnttab_copy op = {
		.source = own_side(from),
		.dest = { .u.ref = ref, .domid = (pv_domid_t)domid, .offset = (uint16_t)offset },
		.len = (uint16_t)size,
		.flags = PV_GNTCOPY_dest_gref,
	};

	return copy(&op);
}
