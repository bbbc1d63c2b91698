/*
 * hostile: a guest that tries each forbidden thing and expects the documented
 * error, or a fault of its own, with nothing changed. The last line is
 *	hostile: N passed, M failed
 * and the domain then powers off; anything else is a failure of the hypervisor.
 *
 * An initial domain under another hypervisor may do more than a plain guest.
 * Checks that ask for a refusal only of the latter are left out then, by the
 * role that start_info tells, so that the rest can be compared.
 * A word on the command line ("only=tables+frames") runs some of the groups.
 *
 * Read next: entries.c, the heart of it.
 */
#include "groups.h"
#include "check.h"
#include "printf.h"
#include "start.h"
#include "string.h"

static const struct {
	const char *name;
	void (*run)(void);
} groups[] = {
	{ "numbers", numbers_check },
	{ "pointers", pointers_check },
	{ "entries", entries_check },
	{ "tables", tables_check },
	{ "frames", frames_check },
	{ "memory", memory_check },
	{ "descriptors", descriptors_check },
	{ "vcpus", vcpus_check },
	{ "ports", ports_check },
	{ "grants", grants_check },
	{ "instructions", instructions_check },
	{ "returns", returns_check },
	{ "users", users_check },
};

int main(void)
{
	const char *only = NULL;

	start_option("only", &only);
	for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (only == NULL || strstr(only, groups[i].name) != NULL) {
			printf("hostile: %s\n", groups[i].name);
			groups[i].run();
		}
	}
	printf("hostile: %u passed, %u failed\n", check_passed(), check_failed());
	return 0;
}
