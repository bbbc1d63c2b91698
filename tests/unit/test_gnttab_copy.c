/*
 * What grants do without a mapping, on the small machine: copies, swaps of entries, transfers and
 * flushes of caches, which are refused.
 */
#include <criterion/criterion.h>
#include <string.h>

#include <parley/errno.h>
#include <parley/types.h>
#include <seam/directmap.h>

#include "gnttab_fixture.h"
#include "machine.h"

TestSuite(gnttab_copy, .init = gnttab_setup, .fini = gnttab_teardown);

/* ---- copies ---- */

static s16 copy(struct pv_gnttab_copy c)
{
	c.status = POISON;
	buffer.copy[0] = c;
	cr_assert_eq(op(PV_GNTTABOP_copy, buffer.copy, 1), 0);
	return buffer.copy[0].status;
}

static void fill(mfn_t m, u8 first)
{
	u8 *bytes = mfn_to_virt(m);

	for (u32 i = 0; i < PAGE_SIZE; i++) {
		bytes[i] = (u8)(first + i * 7);
	}
}

Test(gnttab_copy, copies_no_byte_more)
{
	static const struct {
		u16 from, to, len;
	} cases[] = { { 0, 0, 4096 }, { 1, 2, 3 },    { 4095, 0, 1 },  { 0, 4095, 1 },
		      { 100, 7, 0 },  { 4096, 0, 0 }, { 8, 16, 4080 }, { 13, 14, 4082 } };
	static u8 want[PAGE_SIZE];
	mfn_t own = machine_frame(peer);

	give(8, PV_GTF_permit_access | PV_GTF_readonly, 2, page.v);
	give(9, PV_GTF_permit_access, 2, page.v);
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pv_gnttab_copy c = {
			.source = { { .ref = 8 }, 1, cases[i].from },
			.dest = { { .gmfn = own.v }, PV_DOMID_SELF, cases[i].to },
			.len = cases[i].len,
			.flags = PV_GNTCOPY_source_gref,
		};

		fill(page, 1);
		fill(own, 100);
		memcpy(want, mfn_to_virt(own), PAGE_SIZE);
		memcpy(want + c.dest.offset, (u8 *)mfn_to_virt(page) + c.source.offset, c.len);
		cr_assert_eq(copy(c), PV_GNTST_okay);
		cr_assert_arr_eq(want, (u8 *)mfn_to_virt(own), PAGE_SIZE);
		/* and the other way */
		fill(page, 1);
		memcpy(want, mfn_to_virt(page), PAGE_SIZE);
		memcpy(want + cases[i].to, (u8 *)mfn_to_virt(own) + cases[i].from, c.len);
		c.source = (struct pv_gnttab_copy_ptr){ { .gmfn = own.v },
							PV_DOMID_SELF,
							cases[i].from };
		c.dest = (struct pv_gnttab_copy_ptr){ { .ref = 9 }, 1, cases[i].to };
		c.flags = PV_GNTCOPY_dest_gref;
		cr_assert_eq(copy(c), PV_GNTST_okay);
		cr_assert_arr_eq(want, (u8 *)mfn_to_virt(page), PAGE_SIZE);
	}
	cr_assert_eq(entry(8)->flags, PV_GTF_permit_access | PV_GTF_readonly);
	cr_assert_eq(entry(9)->flags, PV_GTF_permit_access);
}

Test(gnttab_copy, overlapping_copies_are_right)
{
	static u8 want[PAGE_SIZE];
	mfn_t own = machine_frame(peer);

	for (u32 shift = 0; shift < 2; shift++) {
		u16 from = shift ? 5 : 9, to = shift ? 9 : 5;

		fill(own, 3);
		memcpy(want, mfn_to_virt(own), PAGE_SIZE);
		memmove(want + to, want + from, 1000);
		cr_assert_eq(copy((struct pv_gnttab_copy){
				     .source = { { .gmfn = own.v }, PV_DOMID_SELF, from },
				     .dest = { { .gmfn = own.v }, PV_DOMID_SELF, to },
				     .len = 1000 }),
			     PV_GNTST_okay);
		cr_assert_arr_eq(want, (u8 *)mfn_to_virt(own), PAGE_SIZE);
	}
}

Test(gnttab_copy, copies_that_are_refused)
{
	mfn_t own = machine_frame(peer);
	struct pv_gnttab_copy good = { .source = { { .ref = 8 }, 1, 0 },
				       .dest = { { .gmfn = own.v }, PV_DOMID_SELF, 0 },
				       .len = 64,
				       .flags = PV_GNTCOPY_source_gref };
	struct pv_gnttab_copy c;

	give(8, PV_GTF_permit_access | PV_GTF_readonly, 2, page.v);
	cr_assert_eq(copy(good), PV_GNTST_okay);
	c = good, c.source.offset = 4033;
	cr_assert_eq(copy(c), PV_GNTST_bad_copy_arg);
	c = good, c.dest.offset = 0xffff;
	cr_assert_eq(copy(c), PV_GNTST_bad_copy_arg);
	c = good, c.source.domid = 3;
	cr_assert_eq(copy(c), PV_GNTST_bad_domain);
	c = good, c.source.u.ref = 512;
	cr_assert_eq(copy(c), PV_GNTST_bad_gntref);
	c = good, c.source.u.ref = 9;
	cr_assert_eq(copy(c), PV_GNTST_general_error);
	c = good, c.flags = 0, c.source.u.gmfn = page.v;
	cr_assert_eq(copy(c), PV_GNTST_permission_denied);
	c.source.domid = PV_DOMID_SELF;
	cr_assert_eq(copy(c), PV_GNTST_bad_page);
	c = good, c.dest.domid = 2;
	cr_assert_eq(copy(c), PV_GNTST_permission_denied);
	c = good, c.dest.u.gmfn = page.v;
	cr_assert_eq(copy(c), PV_GNTST_bad_page);
	c = good, c.dest.u.gmfn = peer_space.table[2].v;
	cr_assert_eq(copy(c), PV_GNTST_general_error);
	c = good, c.dest.u.gmfn = own.v | 1UL << 40;
	cr_assert_eq(copy(c), PV_GNTST_bad_page);
	c = good, c.dest = (struct pv_gnttab_copy_ptr){ { .ref = 8 }, 1, 0 };
	c.flags |= PV_GNTCOPY_dest_gref;
	cr_assert_eq(copy(c), PV_GNTST_general_error);
	cr_assert_eq(entry(8)->flags, PV_GTF_permit_access | PV_GTF_readonly);
	cr_assert_eq(pins(8), 0);
	cr_assert_eq(frame_at(page)->refs, 1);
	cr_assert_eq(frame_at(own)->refs, 1);
	cr_assert_eq(frame_at(own)->type_refs, 0);
}

/* ---- the rest ---- */

Test(gnttab_copy, swap_of_entries_that_nobody_uses)
{
	machine_be(0);
	give(8, PV_GTF_permit_access, 2, page.v);
	give(9, PV_GTF_permit_access | PV_GTF_readonly, 7, 5);
	buffer.swap[0] = (struct pv_gnttab_swap_grant_ref){ 8, 9, POISON };
	buffer.swap[1] = (struct pv_gnttab_swap_grant_ref){ 8, 512, POISON };
	cr_assert_eq(op(PV_GNTTABOP_swap_grant_ref, buffer.swap, 2), 0);
	cr_assert_eq(buffer.swap[0].status, PV_GNTST_okay);
	cr_assert_eq(buffer.swap[1].status, PV_GNTST_bad_gntref);
	cr_assert_eq(entry(9)->frame, page.v);
	cr_assert_eq(entry(8)->domid, 7);
	machine_be(1);
	cr_assert_eq(map(9, 0x5000, PV_GNTMAP_host_map), PV_GNTST_okay);
	machine_be(0);
	buffer.swap[1] = (struct pv_gnttab_swap_grant_ref){ 9, 9, POISON };
	cr_assert_eq(op(PV_GNTTABOP_swap_grant_ref, buffer.swap, 2), 0);
	cr_assert_eq(buffer.swap[0].status, PV_GNTST_eagain);
	cr_assert_eq(buffer.swap[1].status, PV_GNTST_okay);
	buffer.swap[0] = (struct pv_gnttab_swap_grant_ref){ 9, 8, POISON };
	cr_assert_eq(op(PV_GNTTABOP_swap_grant_ref, buffer.swap, 1), 0);
	cr_assert_eq(buffer.swap[0].status, PV_GNTST_eagain);
	cr_assert_eq(entry(9)->frame, page.v);
}

Test(gnttab_copy, transfers_and_cache_flushes)
{
	buffer.transfer[0].status = buffer.transfer[1].status = POISON;
	cr_assert_eq(op(PV_GNTTABOP_transfer, buffer.transfer, 2), 0);
	cr_assert_eq(buffer.transfer[0].status, PV_GNTST_general_error);
	cr_assert_eq(buffer.transfer[1].status, PV_GNTST_general_error);
	buffer.flush[0] =
		(struct pv_gnttab_cache_flush){ .length = 4096, .op = PV_GNTTAB_CACHE_CLEAN };
	cr_assert_eq(op(PV_GNTTABOP_cache_flush, buffer.flush, 1), 0);
	buffer.flush[0].offset = 1;
	cr_assert_eq(op(PV_GNTTABOP_cache_flush, buffer.flush, 1), -PV_EINVAL);
	buffer.flush[0].op = PV_GNTTAB_CACHE_SOURCE_GREF;
	cr_assert_eq(op(PV_GNTTABOP_cache_flush, buffer.flush, 1), -PV_EOPNOTSUPP);
	buffer.flush[0] = (struct pv_gnttab_cache_flush){ .length = 1, .op = 4 };
	cr_assert_eq(op(PV_GNTTABOP_cache_flush, buffer.flush, 1), -PV_EINVAL);
	buffer.flush[0] = (struct pv_gnttab_cache_flush){ .length = 0xffff, .op = 1 };
	cr_assert_eq(op(PV_GNTTABOP_cache_flush, buffer.flush, 1), -PV_EINVAL);
}
