/*
 * stuck: sets a watchdog of a second, pokes it for the span, which is longer, and then no
 * more. Prints
 *	stuck: poked until 2500 ms
 * and must not come to print anything else.
 */
#include "load.h"

#include "hypercall.h"
#include "printf.h"
#include "timer.h"

bool load_stuck(void)
{
	struct pv_sched_watchdog dog = { .id = 0, .timeout = 1 };
	long id = hypercall_sched_op(PV_SCHEDOP_watchdog, &dog);

	if (id <= 0) {
		printf("stuck: no watchdog: %ld\n", id);
		return false;
	}
	dog.id = (uint32_t)id;
	while (timer_now_ns() < load_end()) {
		timer_sleep_ns(400 * NS_PER_MS);
		hypercall_sched_op(PV_SCHEDOP_watchdog, &dog);
	}
	printf("stuck: poked until %lu ms\n", timer_now_ns() / NS_PER_MS);
	timer_sleep_ns(3 * NS_PER_SECOND);
	printf("stuck: FAILED, still there at %lu ms\n", timer_now_ns() / NS_PER_MS);
	return false;
}
