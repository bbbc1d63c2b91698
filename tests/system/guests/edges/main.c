/*
 * edges: sweeps edge values through every argument and field of every call, live (T6).
 * What is swept comes from abi/abi.json. Each result must be one that the list has, and
 * no byte of the guest's memory may change but what it says is written. The first word of
 * the command line says what the domain is:
 *
 *   sweep    all calls but those that would end or block the caller. The last line is
 *            "edges: N passed, M failed", and the domain powers off
 *   keeper   needs "control": true, this image as RAM disk too, and beside it a domain
 *            `neighbour until=keeper`. It makes, of that image, a `control`, then a
 *            `mayfly` after the other; sees that the neighbour is left alone and every
 *            page comes back; and turns the machine off
 *   control  as sweep, with the right of control: victims of its own are what it names
 *   mayfly   makes the calls that end or block, and what they do is what it does
 *
 * Any other sleeps. "spread=N" (0): sweep pairs of arguments and fields that are no
 * farther apart, too. Upcalls stay masked meanwhile: calls may take away the handler
 * that they would enter.
 *
 * Read next: sweeper.c.
 */
#include "roles.h"
#include "start.h"
#include "timer.h"

int main(void)
{
	static const struct {
		const char *word;
		int (*run)(void);
	} roles[] = {
		{ "sweep", sweeper_run },
		{ "keeper", keeper_run },
		{ "control", controller_run },
		{ "mayfly", mayfly_run },
	};

	for (unsigned i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		if (start_option(roles[i].word, NULL)) {
			return roles[i].run();
		}
	}
	timer_sleep_ns(~0ul >> 2);
	return 0;
}
