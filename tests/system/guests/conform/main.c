/*
 * conform: a guest that relies on the interface as kernels do, and checks that
 * each promise is kept to the letter: what is there at the first instruction,
 * what a frame on the stack looks like, what each call answers and does. The
 * promises were found by running it on Xen 4.17. The last line is
 *	conform: N passed, M failed
 * "only=GROUP+GROUP" on the command line runs some of the groups.
 *
 * Its counterpart is `hostile`, for what must be refused.
 * Read next: start.c.
 */
#include "check.h"
#include "groups.h"
#include "printf.h"
#include "start.h"
#include "string.h"

static const struct {
	const char *name;
	void (*run)(void);
} groups[] = {
	{ "start", start_check },
	{ "information", information_check },
	{ "frames", frames_check },
	{ "returns", returns_check },
	{ "instructions", instructions_check },
	{ "segments", segments_check },
	{ "paging", paging_check },
	{ "ports", ports_check },
	{ "time", time_check },
	{ "vcpus", vcpus_check },
	{ "watchdogs", watchdogs_check },
	{ "grants", grants_check },
	{ "mmu-calls", mmu_calls_check },
	{ "memory-calls", memory_calls_check },
	{ "event-calls", event_calls_check },
	{ "grant-calls", grant_calls_check },
	{ "vcpu-calls", vcpu_calls_check },
	{ "kernel-calls", kernel_calls_check },
	{ "debug", debug_check },
	{ "other-calls", other_calls_check },
	{ "processor", processor_check },
	{ "store", store_check },
};

int main(void)
{
	const char *only = NULL;

	start_option("only", &only);
	for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (only == NULL || strstr(only, groups[i].name) != NULL) {
			printf("conform: %s\n", groups[i].name);
			groups[i].run();
		}
	}
	printf("conform: %u passed, %u failed\n", check_passed(), check_failed());
	return 0;
}
