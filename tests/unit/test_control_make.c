/*
 * Making a domain by a control operation: what is refused, that the caller asks again until it
 * is done, and what becomes of it when somebody ends or memory runs out meanwhile. Its images:
 * test_control_images.c.
 */
#include <criterion/criterion.h>

#include "host_names.h"

#include <parley/control.h>
#include <parley/errno.h>

#include "control_fixture.h"
#include "domain/image.h"
#include "domain/lifecycle.h"
#include "lib/log.h"
#include "lib/string.h"
#include "living.h"
#include "mm/alloc.h"

TestSuite(control_make, .init = control_setup, .fini = control_teardown);

Test(control_make, create_by_a_domain)
{
	struct domain *keeper = living_domain("keeper", true);
	u32 image = living_image();
	struct pv_control_create c = request_for("made", image);
	struct domain *d;

	cr_assert_eq(create_by(keeper, &c), 0);
	d = domain_find(c.domid);
	cr_assert_not_null(d);
	cr_assert_str_eq(d->name, "made");
	cr_assert_eq(d->mm.frames.count, LIVING_PAGES);
	cr_assert_eq(living_told(d->id), PV_DOMAIN_STATE_RUNNING);
	cr_assert_eq(create_by(keeper, &c), -PV_EEXIST);
	cr_assert_eq(image_free(image), 0);
	c = request_for("other", image);
	cr_assert_eq(create_by(keeper, &c), -PV_ENOENT);
}

Test(control_make, create_paused)
{
	struct domain *keeper = living_domain("keeper", true);
	struct pv_control_create c = request_for("made", living_image());

	c.flags = PV_CONTROL_FLAG_paused;
	cr_assert_eq(create_by(keeper, &c), 0);
	cr_assert_eq(living_told(c.domid), PV_DOMAIN_STATE_PAUSED);
	cr_assert_eq(state_of(c.domid), PV_CONTROL_STATE_paused);
	cr_assert_not(domain_find(c.domid)->vcpus[0]->sched.queued);
	cr_assert_eq(on_domain(PV_CONTROLOP_unpause, c.domid), 0);
	cr_assert(domain_find(c.domid)->vcpus[0]->sched.queued);
}

Test(control_make, create_refuses)
{
	struct domain *keeper = living_domain("keeper", true);
	u32 image = living_image();
	struct pv_control_create c;
	u64 before = alloc_free_count();

#define REFUSED(change, error)                                                \
	do {                                                                  \
		c = request_for("made", image);                               \
		change;                                                       \
		cr_assert_eq(create_by(keeper, &c), -(error), "%s", #change); \
	} while (0)

	REFUSED(c.name[0] = '\0', PV_EINVAL);
	REFUSED(c.name[2] = ' ', PV_EINVAL);
	REFUSED(c.name[2] = '\x1b', PV_EINVAL);
	REFUSED(memset(c.name, 'x', sizeof(c.name)), PV_EINVAL);
	REFUSED(memset(c.cmdline, 'x', sizeof(c.cmdline)), PV_EINVAL);
	REFUSED(c.reserved[1] = 1, PV_EINVAL);
	REFUSED(c.flags = 8, PV_EINVAL);
	REFUSED(c.vcpu_count = 0, PV_EINVAL);
	REFUSED(c.vcpu_count = DOMAIN_VCPU_MAX + 1, PV_EINVAL);
	REFUSED(c.weight = 0, PV_EINVAL);
	REFUSED(c.weight = 65536, PV_EINVAL);
	REFUSED(c.affinity = 2, PV_EINVAL);
	REFUSED(c.memory_pages = 0, PV_EINVAL);
	REFUSED(c.memory_pages = 100, PV_EINVAL);
	REFUSED(c.memory_pages = 1UL << 20, PV_ENOMEM);
	REFUSED(c.memory_pages = 1UL << 40, PV_EINVAL);
	REFUSED(c.kernel = 99, PV_ENOENT);
	REFUSED(c.kernel = PV_CONTROL_IMAGE_NONE, PV_ENOENT);
	REFUSED(c.ramdisk = 99, PV_ENOENT);
	REFUSED(string_copy(c.name, "keeper", sizeof(c.name)), PV_EEXIST);
	living_run(TURNS);
	cr_assert_eq(alloc_free_count(), before);
}

Test(control_make, no_kernel_is_told)
{
	struct domain *keeper = living_domain("keeper", true);
	struct pv_control_create c;

	call = (union control_args){ .image = { .size = 100 } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_image_new, &call), 0);
	c = request_for("made", call.image.image);
	cr_assert_eq(create_by(keeper, &c), -PV_ENOEXEC);
}

/* At each step of the build in turn: destroyed, and nothing of it remains (teardown). */
Test(control_make, destroyed_while_being_built)
{
	struct domain *keeper = living_domain("keeper", true);
	struct control_caller who = { .domain = keeper };
	u32 image = living_image();
	u32 step = 0;
	long rc;

	do {
		u64 before = alloc_free_count();
		u16 id = 0;

		call.create = request_for("made", image);
		rc = control_do(&who, PV_CONTROLOP_create, &call);
		cr_assert_eq(rc, CONTROL_AGAIN);
		for (u32 i = 0; i < step; i++) {
			living_step();
		}
		for (u16 i = keeper->id + 1; i < 200; i++) {
			if (state_of(i) == PV_CONTROL_STATE_building) {
				id = i;
			}
		}
		if (id != 0) {
			cr_assert_eq(on_domain(PV_CONTROLOP_destroy, id), 0);
		}
		do {
			call.create = request_for("made", image);
			rc = control_do(&who, PV_CONTROLOP_create, &call);
			living_step();
		} while (rc == CONTROL_AGAIN);
		cr_assert_eq(rc, id != 0 ? -PV_ESRCH : 0);
		if (rc == 0) {
			break;
		}
		living_run(TURNS);
		cr_assert_eq(alloc_free_count(), before, "step %u", step);
		step++;
	} while (step < 1000);
	cr_assert_geq(step, 10, "it takes so many steps at least");
	cr_assert_lt(step, 1000);
}

Test(control_make, a_vcpu_makes_one_at_a_time)
{
	struct domain *keeper = living_domain("keeper", true);
	struct control_caller who = { .domain = keeper }, other = { .domain = keeper, .vcpu = 1 };
	u32 image = living_image();

	call.create = request_for("first", image);
	cr_assert_eq(control_do(&who, PV_CONTROLOP_create, &call), CONTROL_AGAIN);
	call.create = request_for("second", image);
	cr_assert_eq(control_do(&who, PV_CONTROLOP_create, &call), -PV_EBUSY);
	call.create = request_for("second", image);
	cr_assert_eq(control_do(&other, PV_CONTROLOP_create, &call), CONTROL_AGAIN);
	living_run(TURNS);
	/* The first's outcome was never fetched: the next request forgets it. */
	call.create = request_for("third", image);
	cr_assert_eq(control_do(&who, PV_CONTROLOP_create, &call), CONTROL_AGAIN);
	call.create = request_for("second", image);
	cr_assert_eq(control_do(&other, PV_CONTROLOP_create, &call), 0);
	cr_assert_str_eq(domain_find(call.create.domid)->name, "second");
}

Test(control_make, who_asked_may_end_meanwhile)
{
	struct domain *keeper = living_domain("keeper", true);
	static struct domain heir;
	struct control_caller who = { .domain = keeper };
	u32 image = living_image();

	call.create = request_for("made", image);
	cr_assert_eq(control_do(&who, PV_CONTROLOP_create, &call), CONTROL_AGAIN);
	cr_assert_eq(on_domain(PV_CONTROLOP_destroy, keeper->id), 0);
	heir.id = keeper->id;
	living_run(TURNS);
	cr_assert_eq(lifecycle_count(), 1, "what it asked for is made");
	who.domain = &heir;
	call.create = request_for("made", image);
	cr_assert_eq(control_do(&who, PV_CONTROLOP_create, &call), -PV_EEXIST,
		     "the outcome is not told to whoever has the number");
}

Test(control_make, memory_runs_out_anywhere)
{
	struct domain *keeper = living_domain("keeper", true);
	u32 image = living_image();
	u32 failed = 0;

	/* Fill memory, then free a bit more each time until it is enough. */
	static void *pages[16384];
	u32 count = 0;

	while ((pages[count] = alloc_page()) != NULL) {
		count++;
	}
	for (;;) {
		struct pv_control_create c = request_for("made", image);
		long rc = create_by(keeper, &c);

		living_run(TURNS);
		if (rc == 0) {
			break;
		}
		cr_assert_eq(rc, -PV_ENOMEM);
		failed++;
		for (u32 i = 0; i < (failed < 60 ? 1U : 40U); i++) {
			alloc_free_page(pages[--count]);
		}
	}
	cr_assert_gt(failed, 60);
	while (count > 0) {
		alloc_free_page(pages[--count]);
	}
}

static u32 count_logged(void)
{
	static char text[LOG_RING_SIZE + 1];
	u32 count = 0;

	text[log_read(text, sizeof(text) - 1)] = '\0';
	for (const char *p = text; (p = strstr(p, " was not built: ")) != NULL; p++) {
		count++;
	}
	return count;
}

/* Who asked is told; the host hears of those that it asked for, and of those that come again. */
Test(control_make, refusals_of_a_domains_requests_fill_no_log)
{
	struct domain *keeper = living_domain("keeper", true);
	struct pv_control_create c = request_for("keeper", living_image());
	u32 told = living_frames(PV_LINE_DOMAIN);

	for (u32 i = 0; i < 500; i++) {
		cr_assert_eq(create_by(keeper, &c), -PV_EEXIST);
	}
	cr_assert_gt(count_logged(), 8);
	cr_assert_lt(count_logged(), 40);
	cr_assert_eq(living_frames(PV_LINE_DOMAIN), told);
	call.create = c;
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_create, &call), -PV_EEXIST);
	cr_assert_eq(living_frames(PV_LINE_DOMAIN), told + 1);
}
