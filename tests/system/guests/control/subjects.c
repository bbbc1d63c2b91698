/* The simple ones: ends of every kind, and those who sleep or work. Read next: subjects_store.c. */
#include "subjects.h"

#include <stdbool.h>
#include <stddef.h>

#include "cpu.h"
#include "domains.h"
#include "grants.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "power.h"
#include "start.h"
#include "string.h"
#include "timer.h"

static int sleep_on(void)
{
	domains_sign();
	timer_sleep_ns(~0ul >> 2);
	return 1;
}

/* Signs all the time. */
static int busy(void)
{
	while (true) {
		domains_sign();
	}
	return 1;
}

static int end_with(unsigned reason)
{
	domains_sign();
	power_off(reason);
}

static int power_down(void)
{
	return end_with(PV_SHUTDOWN_poweroff);
}

static int reboot(void)
{
	return end_with(PV_SHUTDOWN_reboot);
}

static int say_crash(void)
{
	return end_with(PV_SHUTDOWN_crash);
}

/* Nobody is there to take the exception. */
static int fault(void)
{
	domains_sign();
	hypercall_set_trap_table(NULL);
	__asm__ volatile("ud2");
	return 1;
}

/* Lets the domain to=N map a page: the first reference that is free. */
static int grant(void)
{
	if (grants_init() != 0 || grants_give((unsigned)start_option_number("to", 0),
					      mmu_page_mfn(page_alloc()), false) < 0) {
		return 1;
	}
	return sleep_on();
}

static const struct {
	const char *act;
	int (*live)(void);
} lives[] = {
	{ "sleep", sleep_on },        { "busy", busy },
	{ "poweroff", power_down },   { "reboot", reboot },
	{ "crash", say_crash },       { "fault", fault },
	{ "grant", grant },           { "obey", subject_obey },
	{ "fill", subject_fill },     { "refused", subject_refused },
	{ "calls", subject_calls },   { "storm", subject_storm },
	{ "tracer", subject_tracer }, { "timer", subject_timer },
};

int subject_live(const char *act)
{
	for (unsigned i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		size_t length = strlen(lives[i].act);

		if (strncmp(act, lives[i].act, length) == 0 &&
		    (act[length] == '\0' || act[length] == ' ')) {
			return lives[i].live();
		}
	}
	power_panic("no such act: %s", act);
}
