/* The second vCPU; see second.h. */
#include "second.h"

#include <stddef.h>

#include "domains.h"
#include "events.h"
#include "smp.h"
#include "timer.h"

static void (*wanted)(void *arg);
static void *wanted_arg;

static int port;

/* There is nothing to do but to wake up. */
static void woken(unsigned unused, void *arg)
{
	(void)unused;
	(void)arg;
}

static void serve(void *unused)
{
	(void)unused;
	for (;;) {
		void (*job)(void *arg);

		events_disable();
		while ((job = __atomic_load_n(&wanted, __ATOMIC_ACQUIRE)) == NULL) {
			events_wait();
		}
		events_enable();
		job(wanted_arg);
		__atomic_store_n(&wanted, NULL, __ATOMIC_RELEASE);
	}
}

static bool start(void)
{
	port = events_bind_ipi(1, woken, NULL);
	return port >= 0 && smp_start(1, serve, NULL) == 0;
}

bool second_begin(void (*job)(void *arg), void *arg)
{
	static bool started;

	started = started || start();
	wanted_arg = arg;
	__atomic_store_n(&wanted, job, __ATOMIC_RELEASE);
	return started && events_send((unsigned)port) == 0;
}

void second_wait(void)
{
	while (__atomic_load_n(&wanted, __ATOMIC_ACQUIRE) != NULL) {
		timer_sleep_ns(100 * NS_PER_US);
	}
}
