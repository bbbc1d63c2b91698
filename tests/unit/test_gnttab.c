/* channel/gnttab.c and its hypercall: the table grows, its frames are the guest's to write, no more. Mapping and copying: test_gnttab_map.c. */
#include <criterion/criterion.h>
#include <signal.h>

#include <parley/errno.h>
#include <parley/grant_table.h>
#include <seam/cpu.h>
#include <seam/directmap.h>

#include "channel/gnttab.h"
#include "fake_guest.h"
#include "hypercall/handlers.h"
#include "hypercall/hypercall.h"
#include "machine.h"
#include "mm/alloc.h"
#include "mm/types.h"

static struct domain *d;

static void setup(void)
{
	machine_init(512);
	d = machine_domain(1, 1, 64);
	machine_run(0, d->vcpus[0]);
	machine_be(0);
	fake_guest_reset();
}

TestSuite(gnttab, .init = setup);

static long call(u64 cmd, void *arg)
{
	return hypercall_grant_table_op(cmd, (u64)arg, 1, 0, 0, 0);
}

Test(gnttab, grows_and_never_shrinks)
{
	mfn_t first;

	cr_assert_eq(gnttab_frame_count(d), 0);
	cr_assert_eq(gnttab_grow(d, 1), 0);
	first = gnttab_frame(d, 0);
	cr_assert_eq(gnttab_grow(d, 3), 0);
	cr_assert_eq(gnttab_frame_count(d), 3);
	cr_assert_eq(gnttab_grow(d, 1), 0);
	cr_assert_eq(gnttab_frame_count(d), 3);
	cr_assert_eq(gnttab_frame(d, 0).v, first.v);
	cr_assert_eq(gnttab_grow(d, GNTTAB_FRAMES_MAX), 0);
	cr_assert_eq(gnttab_grow(d, GNTTAB_FRAMES_MAX + 1), -PV_EINVAL);
	cr_assert_eq(gnttab_frame_count(d), GNTTAB_FRAMES_MAX);
}

Test(gnttab, its_frames_can_be_mapped_and_never_be_tables)
{
	mfn_t m;

	cr_assert_eq(gnttab_grow(d, 1), 0);
	m = gnttab_frame(d, 0);
	spin_lock(&d->mm.lock);
	cr_assert_eq(frame_get_type(&d->mm, m, FRAME_WRITABLE), 0);
	frame_put_type(&d->mm, m);
	cr_assert_eq(frame_get_type(&d->mm, m, FRAME_L1), -PV_EINVAL);
	spin_unlock(&d->mm.lock);
}

Test(gnttab, memory_comes_back)
{
	u64 before = alloc_free_count();
	struct domain *e = machine_domain(2, 1, 64);

	cr_assert_eq(gnttab_grow(e, 5), 0);
	cr_assert_lt(alloc_free_count(), before);
	machine_kill(e);
	cr_assert_eq(alloc_free_count(), before);
}

Test(gnttab, setup_lists_the_frames)
{
	u64 list[2] = { 0 };
	struct pv_gnttab_setup_table op = {
		.dom = PV_DOMID_SELF, .nr_frames = 2, .status = 99, .frame_list = (u64)list
	};

	fake_guest_map_here(&op, sizeof(op));
	fake_guest_map_here(list, sizeof(list));
	cr_assert_eq(call(PV_GNTTABOP_setup_table, &op), 0);
	cr_assert_eq(op.status, PV_GNTST_okay);
	cr_assert_eq(list[0], gnttab_frame(d, 0).v);
	cr_assert_eq(list[1], gnttab_frame(d, 1).v);
}

Test(gnttab, what_is_wrong_is_in_the_status)
{
	struct pv_gnttab_setup_table op = { .dom = 2, .nr_frames = 1 };
	struct pv_gnttab_query_size size = { .dom = PV_DOMID_SELF };

	fake_guest_map_here(&op, sizeof(op));
	fake_guest_map_here(&size, sizeof(size));
	cr_assert_eq(call(PV_GNTTABOP_setup_table, &op), 0);
	cr_assert_eq(op.status, PV_GNTST_permission_denied);
	op.dom = PV_DOMID_SELF;
	op.nr_frames = ~0U;
	cr_assert_eq(call(PV_GNTTABOP_setup_table, &op), 0);
	cr_assert_eq(op.status, PV_GNTST_general_error);
	op.nr_frames = 1;
	op.frame_list = 8;
	cr_assert_eq(call(PV_GNTTABOP_setup_table, &op), 0);
	cr_assert_eq(op.status, PV_GNTST_bad_virt_addr);
	cr_assert_eq(call(PV_GNTTABOP_query_size, &size), 0);
	cr_assert_eq(size.status, PV_GNTST_okay);
	cr_assert_eq(size.nr_frames, 1);
	cr_assert_eq(size.max_nr_frames, GNTTAB_FRAMES_MAX);
}

Test(gnttab, versions)
{
	struct pv_gnttab_set_version set = { .version = 2 };
	struct pv_gnttab_get_version get = { .dom = PV_DOMID_SELF };

	fake_guest_map_here(&set, sizeof(set));
	fake_guest_map_here(&get, sizeof(get));
	cr_assert_eq(call(PV_GNTTABOP_set_version, &set), -PV_ENOSYS);
	cr_assert_eq(set.version, 1);
	set.version = 3;
	cr_assert_eq(call(PV_GNTTABOP_set_version, &set), -PV_EINVAL);
	cr_assert_eq(set.version, 1);
	cr_assert_eq(call(PV_GNTTABOP_set_version, &set), 0);
	cr_assert_eq(call(PV_GNTTABOP_get_version, &get), 0);
	cr_assert_eq(get.version, 1);
}

Test(gnttab, wild_arguments)
{
	cr_assert_eq(call(PV_GNTTABOP_setup_table, (void *)8), -PV_EFAULT);
	cr_assert_eq(call(PV_GNTTABOP_setup_table, (void *)HV_VIRT_START), -PV_EFAULT);
	cr_assert_eq(hypercall_grant_table_op(PV_GNTTABOP_setup_table, 8, 0, 0, 0, 0), -PV_EINVAL);
	cr_assert_eq(hypercall_grant_table_op(PV_GNTTABOP_setup_table, 8, ~0UL, 0, 0, 0),
		     -PV_EINVAL);
	for (u64 cmd = 13; cmd < 40; cmd++) {
		cr_assert_eq(call(cmd, (void *)8), -PV_ENOSYS);
	}
	cr_assert_eq(call(~0UL, (void *)8), -PV_ENOSYS);
}
