/* See mm_fixture.h. */
#include <criterion/criterion.h>

#include "machine.h"
#include "mm_fixture.h"

struct domain *d, *other;

void mm_setup(void)
{
	machine_init(256);
	d = machine_domain(1, 2, 200);
	other = machine_domain(2, 1, 100);
}

void mm_check(void)
{
	fake_mm_budget = MM_BUDGET_DEFAULT;
	cr_assert_null(machine_check());
}

int pin(mfn_t m, enum frame_type type)
{
	return DO(frame_pin(&d->mm, m, type));
}

/* As the hypercall does: room for the demotion first, then the debt that it may leave. */
int unpin(mfn_t m)
{
	int rc = DO(mm_reserve(&d->mm, MFN_INVALID) ? MM_RESTART : frame_unpin(&d->mm, m));

	return rc != 0 ? rc : DO(0);
}

int release(mfn_t m)
{
	return DO(frame_release(&d->mm, m));
}
