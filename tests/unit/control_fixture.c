/* See control_fixture.h. */
#include "control_fixture.h"

#include <criterion/criterion.h>

#include "host_names.h"

#include <parley/control.h>

#include "domain/image.h"
#include "lib/string.h"
#include "living.h"
#include "mm/alloc.h"

const struct control_caller by_line;
union control_args call;
u64 free_before;

/* All that is there ends, and is forgotten. */
static void end_all(void)
{
	for (u16 id = 1; id < 200; id++) {
		call = (union control_args){ .id = { .domid = id } };
		(void)!control_do(&by_line, PV_CONTROLOP_destroy, &call);
	}
	living_run(TURNS);
}

void control_setup(void)
{
	living_init();
	free_before = alloc_free_count();
}

void control_teardown(void)
{
	for (u32 number = 1; number < 100; number++) {
		(void)!image_free(number);
	}
	end_all();
	end_all();
	cr_assert_eq(alloc_free_count(), free_before, "%ld pages are missing",
		     (long)(free_before - alloc_free_count()));
}

long on_domain(u32 op, u16 domid)
{
	call = (union control_args){ .id = { .domid = domid } };
	return control_do(&by_line, op, &call);
}

u8 state_of(u16 domid)
{
	call = (union control_args){ .list = { .first = domid } };
	cr_assert_eq(control_do(&by_line, PV_CONTROLOP_list, &call), 0);
	if (call.list.count == 0 || call.list.domains[0].domid != domid) {
		return 255;
	}
	return call.list.domains[0].state;
}

struct pv_control_create request_for(const char *name, u32 image)
{
	struct pv_control_create c = {
		.memory_pages = LIVING_PAGES,
		.vcpu_count = 1,
		.kernel = image,
		.weight = 256,
	};

	string_copy(c.name, name, sizeof(c.name));
	return c;
}

long create_by(struct domain *d, struct pv_control_create *c)
{
	struct control_caller who = { .domain = d };
	long rc;

	do {
		call.create = *c;
		rc = control_do(&who, PV_CONTROLOP_create, &call);
		living_step();
	} while (rc == CONTROL_AGAIN);
	c->domid = call.create.domid;
	return rc;
}
