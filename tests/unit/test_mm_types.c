/* mm/types.c on the small machine: references, type uses, promotion and demotion of tables. */
#include <criterion/criterion.h>
#include <parley/errno.h>

#include "machine.h"

static struct domain *d;

static void setup(void)
{
	machine_init(256);
	d = machine_domain(1, 2, 200);
}

TestSuite(mm_types, .init = setup);

#define PAGE_RW	(PTE_PRESENT | PTE_WRITE | PTE_USER)

static int pin(mfn_t m, enum frame_type type)
{
	int rc;

	do {
		rc = mm_begin(&d->mm);
		if (rc == 0) {
			rc = frame_pin(&d->mm, m, type);
			mm_end(&d->mm);
		}
	} while (rc == MM_RESTART);
	return rc;
}

Test(mm_types, failed_pin_of_a_tree_gives_back_what_it_took)
{
	struct machine_space s = machine_space(d);
	mfn_t page = machine_frame(d);

	machine_poke(s.table[1], 7, pte_make(page, PAGE_RW));
	machine_poke(s.table[1], 9, pte_make(mfn(frame_count), PAGE_RW));
	cr_assert_eq(pin(s.table[4], FRAME_L4), -PV_EINVAL);
	for (u32 level = 1; level <= 4; level++) {
		cr_assert_eq(frame_at(s.table[level])->refs, 1);
		cr_assert_eq(frame_at(s.table[level])->type_refs, 0);
	}
	cr_assert_eq(frame_at(page)->refs, 1);
	cr_assert_eq(frame_at(page)->type_refs, 0);
}
