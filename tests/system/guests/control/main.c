/*
 * control: a domain with the right to control others walks hypercall 53: each operation's good
 * case, each error that is documented, its limits. It is its own kernel: its ramdisk is this
 * very image, of which it makes the domains that it works on (subjects.c). The last line is
 *	control: N passed, M failed
 *
 *   only=GROUP+GROUP   runs some of the groups
 *   off=FORCE          turns the machine off instead, by that `force`; 1: beside another domain
 *   count              tells how many cycles `list` takes at worst, instead
 *   act=WHAT ...       is one of those that are worked on
 *
 * It wants two CPUs and two vCPUs.
 * Read next: domains.h, then looking.c.
 */
#include "check.h"
#include "domains.h"
#include "groups.h"
#include "printf.h"
#include "start.h"
#include "string.h"
#include "subjects.h"

static const struct {
	const char *name;
	void (*run)(void);
} groups[] = {
	{ "looking", looking_check }, { "pausing", pausing_check }, { "sharing", sharing_check },
	{ "asking", asking_check },   { "making", making_check },   { "refused", refused_check },
	{ "unborn", unborn_check },   { "images", images_check },   { "ending", ending_check },
	{ "memory", memory_check },   { "tracing", tracing_check }, { "records", records_check },
	{ "moving", moving_check },
};

static void walk(void)
{
	const char *only = NULL;

	start_option("only", &only);
	for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (only == NULL || strstr(only, groups[i].name) != NULL) {
			printf("control: %s\n", groups[i].name);
			groups[i].run();
			domains_settle();
		}
	}
}

int main(void)
{
	const char *what;

	if (start_option("act", &what)) {
		return subject_live(what);
	}
	domains_begin();
	if (start_option("off", &what)) {
		turn_off((unsigned)string_to_number(what));
	} else if (start_option("count", NULL)) {
		count_list();
	} else {
		walk();
	}
	domains_end();
	printf("control: %u passed, %u failed\n", check_passed(), check_failed());
	return check_failed() == 0 ? 0 : 1;
}
