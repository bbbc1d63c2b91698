/* See link_fixture.h. */
#include <criterion/criterion.h>
#include <string.h>

#include "fake_session.h"
#include "link_fixture.h"
#include "parley/link.h"

struct problem problem;

void open_link(struct link *link)
{
	cr_assert_eq(link_open(link, NULL, &problem), 0, "%s", problem.text);
}

void expect_problem(const char *text)
{
	cr_assert_not_null(strstr(problem.text, text), "\"%s\" is not in \"%s\"", text,
			   problem.text);
}

int pause_domain(struct link *link, uint16_t domid)
{
	struct pv_control_domain_id id = { .domid = domid };

	return link_call(link, PV_CONTROLOP_pause, &id, sizeof(id), &problem);
}
