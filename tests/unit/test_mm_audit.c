/* mm/audit.c: it finds nothing wrong in what is right, and each thing that is wrong. */
#include <criterion/criterion.h>
#include <parley/errno.h>

#include "domain/audit.h"
#include "machine.h"

static struct domain *d, *other;
static struct machine_space s;
static mfn_t page, gdt;

/* A domain with some of everything that holds frames. */
static void setup(void)
{
	machine_is_quiet = true;
	machine_init(256);
	d = machine_domain(1, 2, 200);
	other = machine_domain(2, 1, 20);
	s = machine_space(d);
	page = machine_frame(d);
	gdt = machine_frame(d);
	machine_poke(s.table[1], 1, pte_make(page, PAGE_RW));
	machine_poke(s.table[1], 2, pte_make(s.table[1], PAGE_RO));
	machine_poke(s.table[1], 3, pte_make(d->shared_mfn, PAGE_RW));
	cr_assert_eq(mm_begin(&d->mm), 0);
	cr_assert_eq(frame_pin(&d->mm, s.table[4], FRAME_L4), 0);
	cr_assert_eq(frame_get_type(&d->mm, s.table[4], FRAME_L4), 0);
	cr_assert_eq(frame_get_type(&d->mm, gdt, FRAME_SEGDESC), 0);
	mm_end(&d->mm);
	vcpu_set_kernel_root(d->vcpus[0], mfn_to_maddr(s.table[4]).v);
	d->vcpus[1]->gdt_frames[0] = gdt;
	d->vcpus[1]->gdt_entries = 1;
	cr_assert_eq(domain_audit(d), 0);
	cr_assert_eq(domain_audit(other), 0);
}

TestSuite(mm_audit, .init = setup);

/* Spoil something: the audit must see it, and be content again when it is mended. */
#define cr_assert_found(spoil, mend)                      \
	do {                                              \
		spoil;                                    \
		cr_assert_gt(domain_audit(d), 0, #spoil); \
		mend;                                     \
		cr_assert_eq(domain_audit(d), 0, #mend);  \
	} while (0)

Test(mm_audit, counts)
{
	const mfn_t all[] = { page, gdt, s.table[1], s.table[4], d->shared_mfn };

	for (u32 i = 0; i < ARRAY_SIZE(all); i++) {
		struct frame *f = frame_at(all[i]);

		cr_assert_found(f->refs++, f->refs--);
		cr_assert_found(f->refs--, f->refs++);
		cr_assert_found(f->type_refs++, f->type_refs--);
		cr_assert_found(f->type_refs--, f->type_refs++);
		cr_assert_found(f->type ^= 7, f->type ^= 7);
	}
}

Test(mm_audit, flags)
{
	cr_assert_found(frame_at(page)->flags ^= FRAME_ALLOCATED,
			frame_at(page)->flags ^= FRAME_ALLOCATED);
	cr_assert_found(frame_at(s.table[4])->flags ^= FRAME_PINNED,
			frame_at(s.table[4])->flags ^= FRAME_PINNED);
	cr_assert_found(frame_at(s.table[2])->flags ^= FRAME_VALIDATED,
			frame_at(s.table[2])->flags ^= FRAME_VALIDATED);
	cr_assert_found(frame_at(gdt)->flags ^= FRAME_VALIDATED,
			frame_at(gdt)->flags ^= FRAME_VALIDATED);
}

#define cr_assert_entry_found(table, index, entry)                 \
	do {                                                       \
		u64 was = machine_peek(table, index);              \
		cr_assert_found(machine_poke(table, index, entry), \
				machine_poke(table, index, was));  \
	} while (0)

Test(mm_audit, entries)
{
	mfn_t theirs = machine_frame(other);

	cr_assert_entry_found(s.table[1], 1, 0);
	cr_assert_entry_found(s.table[1], 1, pte_make(page, PAGE_RO | PTE_GLOBAL));
	cr_assert_entry_found(s.table[1], 1, pte_make(page, PAGE_RW)); /* no GLOBAL */
	cr_assert_entry_found(s.table[1], 1, machine_peek(s.table[1], 1) | PTE_PSE);
	cr_assert_entry_found(s.table[1], 9, pte_make(theirs, PAGE_RO | PTE_GLOBAL));
	cr_assert_entry_found(s.table[1], 9, pte_make(mfn(0), PAGE_RO | PTE_GLOBAL));
	cr_assert_entry_found(s.table[1], 9, pte_make(mfn(frame_count), PAGE_RO | PTE_GLOBAL));
	cr_assert_entry_found(s.table[1], 9, pte_make(s.table[2], PAGE_RW | PTE_GLOBAL));
	cr_assert_entry_found(s.table[3], 0, machine_peek(s.table[3], 0) & ~PTE_USER);
	cr_assert_entry_found(s.table[4], HV_L4_FIRST_SLOT, 0);
	cr_assert_entry_found(s.table[4], HV_L4_LAST_SLOT, pte_make(s.table[3], PAGE_RW));
	cr_assert_entry_found(gdt, 100, 0x0000ec0000000000);
	cr_assert_entry_found(gdt, 100, 0x00af9a000000ffff);
}

Test(mm_audit, roots)
{
	cr_assert_found(d->vcpus[1]->kernel_cr3 = d->vcpus[0]->kernel_cr3,
			d->vcpus[1]->kernel_cr3 = 0);
	cr_assert_found(d->vcpus[1]->user_cr3 = mfn_to_maddr(s.table[4]).v,
			d->vcpus[1]->user_cr3 = 0);
	cr_assert_found(d->vcpus[1]->gdt_entries = 0, d->vcpus[1]->gdt_entries = 1);
	cr_assert_found(d->vcpus[0]->info_mfn = page, d->vcpus[0]->info_mfn = MFN_INVALID);
}

Test(mm_audit, owners_and_lists)
{
	cr_assert_found(d->mm.frames.count++, d->mm.frames.count--);
	cr_assert_found(d->mm.frames.tail = 1, d->mm.frames.tail = (u32)gdt.v);
	cr_assert_found(frame_at(page)->owner = other->id, frame_at(page)->owner = d->id);
	cr_assert_found(frame_list_remove(&d->mm.frames, frame_at(gdt)),
			frame_list_add(&d->mm.frames, frame_at(gdt)));
	cr_assert_found(d->mm.max_frames = 3, d->mm.max_frames = 200);
	cr_assert_found(frame_list_add(&d->mm.frames, frame_at(d->shared_mfn)),
			frame_list_remove(&d->mm.frames, frame_at(d->shared_mfn)));
}

/* Half done, in both directions, at every entry. */
Test(mm_audit, half_done_jobs)
{
	struct machine_space t = machine_space(d);
	u32 stops = 0;
	int rc;

	machine_poke(t.table[1], 5, pte_make(page, PAGE_RW));
	machine_poke(t.table[3], 77, machine_peek(t.table[3], 0));
	for (fake_mm_budget = 1; fake_mm_budget < 5; fake_mm_budget++) {
		do {
			rc = mm_begin(&d->mm);
			if (rc == 0) {
				rc = frame_pin(&d->mm, t.table[4], FRAME_L4);
				mm_end(&d->mm);
			}
			stops += mm_has_debt(&d->mm);
			cr_assert_eq(domain_audit(d), 0);
		} while (rc == MM_RESTART);
		cr_assert_eq(mm_begin(&d->mm), 0);
		cr_assert_eq(frame_unpin(&d->mm, t.table[4]), 0);
		mm_end(&d->mm);
		while (mm_has_debt(&d->mm)) {
			cr_assert_eq(domain_audit(d), 0);
			if (mm_begin(&d->mm) == 0) {
				mm_end(&d->mm);
			}
			stops++;
		}
	}
	cr_assert_gt(stops, 20);
}

Test(mm_audit, without_memory)
{
	while (!mfn_equal(machine_frame(d), MFN_INVALID)) {
	}
	while (alloc_page() != NULL) {
	}
	cr_assert_eq(domain_audit(d), -PV_ENOMEM);
}
