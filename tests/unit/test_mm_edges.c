/*
 * Edge values for each argument of each page-table call (T6): nothing but the
 * listed errors comes back, no counts go wrong, no byte of the hypervisor's
 * changes, whatever the numbers, pointers and lengths.
 */
#include <criterion/criterion.h>
#include <string.h>

#include <parley/errno.h>
#include <parley/types.h>

#include "driver.h"
#include "fake_guest.h"
#include "simtlb.h"

static struct driver w;
static u64 lists[64]; /* what pointers of the sweep lead to; no call finds its end mapped */

static void setup(void)
{
	driver_begin(&w);
	fake_guest_map_here(lists, sizeof(lists));
}

static void teardown(void)
{
	const char *why = driver_adopt(&w);

	cr_assert_null(why, "%s", why);
	why = driver_end(&w);
	cr_assert_null(why, "%s", why);
}

TestSuite(mm_edges, .init = setup, .fini = teardown);

static void check(u32 nr, const u64 *a)
{
	const char *why = machine_check();

	if (why == NULL) {
		why = simtlb_check();
	}
	cr_assert_null(why, "call %u(%#lx, %#lx, %#lx, %#lx): %s", nr, a[0], a[1], a[2], a[3], why);
}

static bool is_listed(long rc)
{
	static const int errors[] = {
		PV_EINVAL, PV_EFAULT, PV_EPERM, PV_ENOSYS, PV_ESRCH, PV_ENOMEM
	};

	for (u32 i = 0; i < ARRAY_SIZE(errors); i++) {
		if (rc == -errors[i]) {
			return true;
		}
	}
	return rc >= 0;
}

/* A few restarts are enough: what asks for 2^31 entries is not waited for. */
static void call(u32 nr, const u64 *args)
{
	u64 a[4];
	long rc;
	u32 restarts = 0;

	memcpy(a, args, sizeof(a));
	while (machine_call_once(nr, a, &rc)) {
		if (++restarts == 3) {
			return;
		}
	}
	cr_assert(is_listed(rc), "call %u(%#lx, %#lx, %#lx, %#lx) returns %ld", nr, args[0],
		  args[1], args[2], args[3], rc);
}

/* Numbers at which something ends or wraps; and pointers to what is ours, in part and not at all. */
static u32 edges(u64 *edge)
{
	const u64 values[] = { 0,
			       1,
			       2,
			       63,
			       512,
			       7168,
			       7169,
			       0x7ff0, /* PV_DOMID_SELF */
			       1UL << 31,
			       (1UL << 31) + 1,
			       (1UL << 32) - 1,
			       1UL << 32,
			       1UL << 40,
			       (1UL << 47) - 8,
			       1UL << 47,
			       HV_VIRT_START - 8,
			       HV_VIRT_START,
			       HV_VIRT_END - 8,
			       HV_VIRT_END,
			       1UL << 52,
			       1UL << 63,
			       ~7UL,
			       ~0UL,
			       (u64)lists,
			       (u64)lists + 4,
			       (u64)lists + sizeof(lists) - 8,
			       (u64)lists + sizeof(lists) - 4,
			       0x7000, /* an address that the guest maps */
			       261UL << 39,
			       w.slot[0][4] << PAGE_SHIFT | 7,
			       MODEL_FRAMES << PAGE_SHIFT | 7 };

	memcpy(edge, values, sizeof(values));
	return ARRAY_SIZE(values);
}

/* All pairs of edges in all pairs of arguments; the rest as a sane call has them. */
static void sweep(u32 nr, const u64 sane[4])
{
	u64 edge[40];
	u32 n = edges(edge);

	for (u32 x = 0; x < 4; x++) {
		for (u32 y = x + 1; y < 4; y++) {
			for (u32 i = 0; i < n * n; i++) {
				u64 a[4];

				memcpy(a, sane, sizeof(a));
				a[x] = edge[i / n];
				a[y] = edge[i % n];
				call(nr, a);
				if (i % 61 == 0) {
					check(nr, a);
				}
			}
		}
	}
}

/* What the pointers lead to, for each kind of call. */
static void fill(u64 first, u64 second, u64 third)
{
	for (u32 i = 0; i < ARRAY_SIZE(lists); i++) {
		lists[i] = i % 3 == 0 ? first : i % 3 == 1 ? second : third;
	}
}

Test(mm_edges, mmu_update)
{
	fill(w.slot[0][3] << PAGE_SHIFT, 0, w.slot[0][9] << PAGE_SHIFT | 1);
	sweep(PV_HYPERCALL_mmu_update, (u64[4]){ (u64)lists, 4, 0, PV_DOMID_SELF });
}

Test(mm_edges, mmuext_op)
{
	for (u64 cmd = 0; cmd < 22; cmd++) {
		fill(cmd, w.slot[0][9], w.slot[0][10]);
		sweep(PV_HYPERCALL_mmuext_op, (u64[4]){ (u64)lists, 4, 0, PV_DOMID_SELF });
	}
}

/* Each operation with each edge as its arguments. */
Test(mm_edges, mmuext_op_elements)
{
	u64 edge[40];
	u32 n = edges(edge);

	for (u64 cmd = 0; cmd < 24; cmd++) {
		for (u32 i = 0; i < n * n; i++) {
			u64 a[4] = { (u64)lists, 1, 0, PV_DOMID_SELF };

			lists[0] = cmd;
			lists[1] = edge[i / n];
			lists[2] = edge[i % n];
			call(PV_HYPERCALL_mmuext_op, a);
			if (i % 61 == 0) {
				check(PV_HYPERCALL_mmuext_op, a);
			}
		}
	}
}

Test(mm_edges, mmu_update_elements)
{
	u64 edge[40];
	u32 n = edges(edge);

	for (u32 kind = 0; kind < 8; kind++) {
		for (u32 i = 0; i < n * n; i++) {
			u64 a[4] = { (u64)lists, 1, 0, PV_DOMID_SELF };

			lists[0] = (edge[i / n] & ~7UL) | kind;
			lists[1] = edge[i % n];
			call(PV_HYPERCALL_mmu_update, a);
			if (i % 61 == 0) {
				check(PV_HYPERCALL_mmu_update, a);
			}
		}
	}
}

Test(mm_edges, update_va_mapping)
{
	sweep(PV_HYPERCALL_update_va_mapping,
	      (u64[4]){ 0x7000, w.slot[0][9] << PAGE_SHIFT | 7, 2, 0 });
}

Test(mm_edges, descriptors)
{
	fill(w.slot[0][9], w.slot[0][10], w.slot[0][11]);
	sweep(PV_HYPERCALL_set_gdt, (u64[4]){ (u64)lists, 512, 0, 0 });
	sweep(PV_HYPERCALL_update_descriptor, (u64[4]){ w.slot[0][9] << PAGE_SHIFT, 0, 0, 0 });
}

/* Where the list is, how long, in what order, whose: each an edge. */
Test(mm_edges, memory_op)
{
	u64 edge[40];
	u32 n = edges(edge);

	fill(w.slot[0][20], w.slot[0][21], 5);
	for (u64 op = 0; op < 64; op++) {
		for (u32 i = 0; i < n * n; i++) {
			struct pv_memory_reservation *r = (void *)&lists[8];
			u64 a[4] = { op | (i % 7 == 0 ? edge[i % n] << PV_MEMORY_OP_BITS : 0),
				     (u64)r };

			*r = (struct pv_memory_reservation){
				.extent_start = edge[i / n],
				.nr_extents = edge[i % n],
				.extent_order = (u32)edge[i % 5 == 0 ? i % n : 0],
				.mem_flags = (u32)edge[i % 11],
				.domid = i % 13 == 0 ? (u16)edge[i % n] : PV_DOMID_SELF,
			};
			call(PV_HYPERCALL_memory_op, a);
			if (i % 61 == 0) {
				check(PV_HYPERCALL_memory_op, a);
			}
		}
		sweep(PV_HYPERCALL_memory_op, (u64[4]){ op, (u64)&lists[8], 0, 0 });
		op += op > 12 ? 7 : 0;
	}
}

/* Every number of a call, with edges, within a multicall; and multicalls of edges. */
Test(mm_edges, multicall)
{
	u64 edge[40];
	u32 n = edges(edge);

	for (u64 nr = 0; nr < PV_HYPERCALL_MAX + 2; nr++) {
		for (u32 i = 0; i < n; i++) {
			u64 a[4] = { (u64)lists, 2, 0, 0 };

			memset(lists, 0, sizeof(lists));
			lists[0] = nr;
			lists[2] = edge[i];
			lists[3] = edge[(i * 7) % n];
			lists[4] = edge[(i * 11) % n];
			lists[8] = i % 3 == 0 ? edge[i] : nr;
			call(PV_HYPERCALL_multicall, a);
			check(PV_HYPERCALL_multicall, a);
		}
	}
	memset(lists, 0, sizeof(lists));
	sweep(PV_HYPERCALL_multicall, (u64[4]){ (u64)lists, 2, 0, 0 });
}
