/*
 * Memory reservations: giving back what is not ours, sizes without bounds,
 * and a round trip that leaves frame numbers as they should be.
 */
#include "groups.h"

#include <stdint.h>

#include "check.h"
#include "cpu.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "probe.h"
#include "scratch.h"
#include "start.h"

/* Nothing is done: an error, or a count of none. */
static void check_nothing(const char *name, long rc)
{
	check_true(name, rc <= 0);
}

static void check_foreign(void)
{
	unsigned long max = (unsigned long)hypercall_memory_op(PV_MEMORY_maximum_ram_page, NULL);
	uint64_t beyond = max + 1, huge = 1ul << 52, top = ~0ul, foreign;
	unsigned long bad = 0, first = 0;

	check_nothing("memory: give back a frame beyond memory",
		      hypercall_reservation(PV_MEMORY_decrease_reservation, &beyond, 1, 0, 0,
					    PV_DOMID_SELF));
	check_nothing("memory: give back frame 2^52",
		      hypercall_reservation(PV_MEMORY_decrease_reservation, &huge, 1, 0, 0,
					    PV_DOMID_SELF));
	check_nothing("memory: give back frame 2^64-1",
		      hypercall_reservation(PV_MEMORY_decrease_reservation, &top, 1, 0, 0,
					    PV_DOMID_SELF));
	for (foreign = 0; foreign <= max; foreign += 3) {
		if (!scratch_is_own(foreign) &&
		    hypercall_reservation(PV_MEMORY_decrease_reservation, &foreign, 1, 0, 0,
					  PV_DOMID_SELF) > 0 &&
		    bad++ == 0) {
			first = foreign;
		}
	}
	check_sweep("memory: give back foreign frames", bad, first, 1);
}

static void check_sizes(void)
{
	static const unsigned orders[] = { 10, 18, 19, 31, 32, 52, 63, 64, 0x80000000, ~0u };
	uint64_t list[2] = { 0, 0 };
	unsigned long bad = 0, first = 0;
	long got = 0;

	for (unsigned i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		long rc = hypercall_reservation(PV_MEMORY_decrease_reservation, list, 1, orders[i],
						0, PV_DOMID_SELF);

		if (rc <= 0 && orders[i] >= 18) {
			/* More than this machine has. */
			rc = hypercall_reservation(PV_MEMORY_populate_physmap, list, 1, orders[i],
						   0, PV_DOMID_SELF);
		}
		if (rc > 0 && bad++ == 0) {
			first = orders[i];
			got = rc;
		}
	}
	check_sweep("memory: extents of any order", bad, first, got);
	check_nothing("memory: 2^64-1 extents",
		      hypercall_reservation(PV_MEMORY_populate_physmap, list, ~0ul, 9, 0,
					    PV_DOMID_SELF));
	check_nothing("memory: 2^63 extents",
		      hypercall_reservation(PV_MEMORY_populate_physmap, list, 1ul << 63, 0, 0,
					    PV_DOMID_SELF));
	check_nothing("memory: populate on demand",
		      hypercall_reservation(PV_MEMORY_populate_physmap, list, 1, 0,
					    PV_MEMORY_populate_on_demand, PV_DOMID_SELF));
	check_nothing("memory: in no one's name",
		      hypercall_reservation(PV_MEMORY_populate_physmap, list, 1, 0, 0,
					    PV_DOMID_INVALID));
	check_nothing("memory: in another domain's name",
		      hypercall_reservation(PV_MEMORY_populate_physmap, list, 1, 0, 0, 100));
}

/* Pages are unmapped, given back, and others taken in their place. */
static void check_round_trip(void)
{
	enum { COUNT = 8 };
	uint64_t frames[COUNT];
	unsigned long pfns[COUNT], wrong = 0;
	uint64_t *p2m = (uint64_t *)start_info->mfn_list;

	for (unsigned i = 0; i < COUNT; i++) {
		void *page = page_alloc();

		frames[i] = mmu_page_mfn(page);
		pfns[i] = mmu_mfn_to_pfn(frames[i]);
		mmu_set_mapping((uintptr_t)page, 0);
	}
	check_result("memory: give back our own",
		     hypercall_reservation(PV_MEMORY_decrease_reservation, frames, COUNT, 0, 0,
					   PV_DOMID_SELF),
		     COUNT);
	check_refused("memory: map what was given back",
		      mmu_set_mapping((uintptr_t)mmu_pfn_to_va(pfns[0]),
				      mmu_pte(frames[0], MMU_PTE_DATA)));
	check_nothing("memory: give it back twice",
		      hypercall_reservation(PV_MEMORY_decrease_reservation, frames, 1, 0, 0,
					    PV_DOMID_SELF));
	for (unsigned i = 0; i < COUNT; i++) {
		frames[i] = pfns[i];
	}
	check_result("memory: take others",
		     hypercall_reservation(PV_MEMORY_populate_physmap, frames, COUNT, 0, 0,
					   PV_DOMID_SELF),
		     COUNT);
	for (unsigned i = 0; i < COUNT; i++) {
		void *page = mmu_pfn_to_va(pfns[i]);

		p2m[pfns[i]] = frames[i];
		wrong += mmu_mfn_to_pfn(frames[i]) != pfns[i];
		wrong += mmu_make_writable(page) != 0;
		wrong += probe_write((uintptr_t)page, i) != 0;
		page_free(page);
	}
	check_result("memory: they are ours, known, and writable", (long)wrong, 0);
}

/* Exchange: sizes that do not match, and pointers that lead nowhere. */
static void check_exchange(void)
{
	uint64_t in[2] = { 0, 0 }, out[2] = { 0, 0 };
	struct pv_memory_exchange x = {
		.in = { .extent_start = (uintptr_t)in, .nr_extents = 2, .domid = PV_DOMID_SELF },
		.out = { .extent_start = (uintptr_t)out, .nr_extents = 1, .domid = PV_DOMID_SELF },
	};

	check_refused("memory: exchange of unequal sizes",
		      hypercall_memory_op(PV_MEMORY_exchange, &x));
	x.out.nr_extents = 1ul << 63;
	x.in.nr_extents = 1ul << 63;
	check_refused("memory: exchange of 2^63 extents",
		      hypercall_memory_op(PV_MEMORY_exchange, &x));
	x.in.nr_extents = x.out.nr_extents = 1;
	x.in.extent_start = PV_HYPERVISOR_VIRT_START;
	check_refused("memory: exchange from the hypervisor's list",
		      hypercall_memory_op(PV_MEMORY_exchange, &x));
	x.in.extent_start = (uintptr_t)in;
	x.nr_exchanged = ~0ul;
	check_refused("memory: exchange that is past its end",
		      hypercall_memory_op(PV_MEMORY_exchange, &x));
}

static void check_queries(void)
{
	static const unsigned ids[] = { 100, 0x7fef, PV_DOMID_IO, PV_DOMID_XEN, PV_DOMID_INVALID };
	unsigned long bad = 0, first = 0;
	long got = 0;
	struct pv_memory_domain self = { .domid = PV_DOMID_SELF };

	for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct pv_memory_domain domain = { .domid = (uint16_t)ids[i] };
		long rc = hypercall_memory_op(PV_MEMORY_current_reservation, &domain);

		if (rc >= 0 && bad++ == 0) {
			first = ids[i];
			got = rc;
		}
	}
	check_sweep("memory: another domain's reservation", bad, first, got);
	check_true("memory: our own reservation",
		   hypercall_memory_op(PV_MEMORY_current_reservation, &self) > 0);
}

void memory_check(void)
{
	check_foreign();
	check_sizes();
	check_round_trip();
	check_exchange();
	check_queries();
}
