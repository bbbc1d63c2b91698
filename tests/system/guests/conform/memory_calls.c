/* memory_op. Read next: event_calls.c. */
#include "groups.h"

#include <stdint.h>

#include "calls.h"
#include "cpu.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"

/* A page given back and got again at its old place; then what is wrong with each. */
static void check_balloon(void)
{
	uint64_t *page = page_alloc();
	uint64_t pfn = ((uintptr_t)page - MMU_VIRT_BASE) / KIT_PAGE_SIZE, mfn = mmu_page_mfn(page),
		 frame;
	struct pv_memory_domain self = { .domid = PV_DOMID_SELF };
	long before = hypercall_memory_op(PV_MEMORY_current_reservation, &self);

	check_result("memory: unmapped", mmu_set_mapping((uintptr_t)page, 0), 0);
	frame = mfn;
	DOES("memory_op.decrease_reservation", "a frame",
	     hypercall_reservation(PV_MEMORY_decrease_reservation, &frame, 1, 0, 0, PV_DOMID_SELF),
	     1);
	DOES("memory_op.current_reservation", "one less",
	     hypercall_memory_op(PV_MEMORY_current_reservation, &self), before - 1);
	DOES("memory_op.decrease_reservation", "not twice",
	     hypercall_reservation(PV_MEMORY_decrease_reservation, &frame, 1, 0, 0, PV_DOMID_SELF),
	     0);
	frame = pfn;
	DOES("memory_op.populate_physmap", "a frame",
	     hypercall_reservation(PV_MEMORY_populate_physmap, &frame, 1, 0, 0, PV_DOMID_SELF), 1);
	((uint64_t *)start_info->mfn_list)[pfn] = frame;
	check_result("memory: mapped again",
		     mmu_set_mapping((uintptr_t)page, mmu_pte(frame, MMU_PTE_DATA)), 0);
	if (calls_on_parley()) {
		check_result("memory: it is zero", (long)page[0], 0);
		frame = pfn;
		DOES("memory_op.populate_physmap", "none above the limit",
		     hypercall_reservation(PV_MEMORY_populate_physmap, &frame, 1, 0, 0,
					   PV_DOMID_SELF),
		     0);
		REFUSES("memory_op.populate_physmap", PV_EINVAL, "order 1",
			hypercall_reservation(PV_MEMORY_populate_physmap, &frame, 1, 1, 0,
					      PV_DOMID_SELF));
		REFUSES("memory_op.populate_physmap", PV_EPERM, "another domain",
			hypercall_reservation(PV_MEMORY_populate_physmap, &frame, 1, 0, 0, 100));
	}
	DOES("memory_op.populate_physmap", "an empty list",
	     hypercall_reservation(PV_MEMORY_populate_physmap, NULL, 0, 0, 0, PV_DOMID_SELF), 0);
	DOES("memory_op.decrease_reservation", "a table stays",
	     (frame = mmu_root_mfn(), hypercall_reservation(PV_MEMORY_decrease_reservation, &frame,
							    1, 0, 0, PV_DOMID_SELF)) >= 0,
	     1);
	page_free(page);
}

static void check_questions(void)
{
	struct pv_memory_domain who = { .domid = PV_DOMID_SELF };
	static struct pv_e820_entry entries[64];
	struct pv_memory_map map = { .nr_entries = 64, .buffer = (uintptr_t)entries };
	long max;

	check_true("memory_op.maximum_ram_page: some",
		   hypercall_memory_op(PV_MEMORY_maximum_ram_page, NULL) >=
			   (long)start_info->nr_pages - 1);
	check_true("memory_op.maximum_gpfn: ours",
		   !calls_on_parley() || hypercall_memory_op(PV_MEMORY_maximum_gpfn, &who) >=
						 (long)start_info->nr_pages - 1);
	max = hypercall_memory_op(PV_MEMORY_maximum_reservation, &who);
	check_true("memory_op.maximum_reservation: what there is, or more",
		   max >= hypercall_memory_op(PV_MEMORY_current_reservation, &who) || max == -1);
	who.domid = 0x7123;
	REFUSES("memory_op.current_reservation", PV_ESRCH, "no such domain",
		hypercall_memory_op(PV_MEMORY_current_reservation, &who));
	REFUSES("memory_op.maximum_reservation", PV_ESRCH, "no such domain",
		hypercall_memory_op(PV_MEMORY_maximum_reservation, &who));
	REFUSES("memory_op.current_reservation", PV_EFAULT, "from nowhere",
		hypercall_memory_op(PV_MEMORY_current_reservation, (void *)NOWHERE));
	REFUSES("memory_op.machphys_mapping", PV_EFAULT, "to the hypervisor",
		hypercall_memory_op(PV_MEMORY_machphys_mapping, (void *)HYPERVISOR));
	DOES("memory_op.memory_map", "room for 64", hypercall_memory_op(PV_MEMORY_memory_map, &map),
	     calls_on_parley() ? 0 : -PV_ENOSYS);
	if (calls_on_parley()) {
		map.nr_entries = 1;
		DOES("memory_op.memory_map", "room for one",
		     hypercall_memory_op(PV_MEMORY_memory_map, &map), 0);
		map.nr_entries = 0;
		REFUSES("memory_op.memory_map", PV_EINVAL, "room for none",
			hypercall_memory_op(PV_MEMORY_memory_map, &map));
	}
	REFUSES("memory_op", PV_ENOSYS, "beyond the numbers", hypercall_memory_op(63, &map));
}

/* Every node that the flags can name, of a machine that has one. Nothing comes of it, nothing breaks. */
static void check_nodes(void)
{
	unsigned long bad = 0, first = 0;
	long got = 0;

	for (unsigned node = 0; node < 256; node++) {
		uint64_t frame = 0;
		long rc = hypercall_reservation(PV_MEMORY_increase_reservation, &frame, 1, 31,
						node << 8, PV_DOMID_SELF);

		if (rc != 0 && rc != -PV_ENOSYS && rc != -PV_EINVAL && rc != -PV_EPERM &&
		    bad++ == 0) {
			first = node;
			got = rc;
		}
	}
	check_sweep("memory_op.increase_reservation: every node", bad, first, got);
}

void memory_calls_check(void)
{
	check_balloon();
	check_questions();
	check_nodes();
}
