/* Who this domain is, and for how long; see clash.h. */
#include "clash.h"

#include "check.h"
#include "cpu.h"
#include "grants.h"
#include "hypercall.h"
#include "power.h"
#include "printf.h"
#include "start.h"
#include "timer.h"

#include <parley/debug.h>

#define ROUNDS_PER_AUDIT 512
#define PATIENCE_NS      (30000 * NS_PER_MS)

unsigned clash_other;
static uint64_t random_state;

unsigned clash_random(unsigned n)
{
	random_state = random_state * 6364136223846793005ul + 1442695040888963407ul;
	return (unsigned)((random_state >> 33) % n);
}

void clash_audit(void)
{
	static bool failed;
	long rc = hypercall2(PV_HYPERCALL_debug, PV_DEBUGOP_audit, 0);

	if (rc != 0 && rc != -PV_ENOSYS && !failed) {
		failed = true; /* once says it all */
		check_result("audit", rc, 0);
	}
}

static uint64_t begin(void)
{
	uint64_t now = timer_now_ns();

	random_state = now ^ clash_other;
	if (grants_init() != 0) {
		power_panic("no grant table");
	}
	ports_init();
	return now + start_option_number("ms", 1000) * NS_PER_MS;
}

/* On a busy host the two may hardly have met: then a while longer. */
static bool is_over(uint64_t end)
{
	uint64_t now = timer_now_ns();

	return now >= end && (ports_saw_something() || now >= end + PATIENCE_NS);
}

static void use(void)
{
	uint64_t end = begin();

	pages_use_init();
	for (unsigned long round = 1; !is_over(end); round++) {
		ports_use();
		pages_use();
		if (round % ROUNDS_PER_AUDIT == 0) {
			clash_audit();
		}
	}
	pages_use_end();
	ports_use_end();
	clash_audit();
}

static void end_as_told(void)
{
	if (start_option_is("end", "poweroff")) {
		power_off(PV_SHUTDOWN_poweroff);
	} else if (start_option_is("end", "crash")) {
		power_off(PV_SHUTDOWN_crash);
	} else if (start_option_is("end", "fault")) {
		hypercall_set_trap_table(NULL);
		__asm__ volatile("ud2");
	}
}

static void change(void)
{
	uint64_t end = begin();
	bool by_reset = start_option_is("how", "reset");
	bool spins = start_option_is("end", "spin");
	bool dies = start_option_is("end", "");

	pages_change_init();
	for (unsigned long round = 1; spins || (dies ? timer_now_ns() < end : !is_over(end));
	     round++) {
		ports_change(by_reset);
		pages_change();
		if (round % ROUNDS_PER_AUDIT == 0) {
			clash_audit();
		}
	}
	end_as_told();
	pages_change_end();
	ports_change_end();
	clash_audit();
}

int main(void)
{
	const char *role = "nobody";

	clash_other = (unsigned)start_option_number("other", 0);
	start_option("role", &role);
	if (start_option_is("role", "keep")) {
		return keep();
	}
	if (start_option_is("role", "use")) {
		use();
		role = "use";
	} else {
		change();
		role = "change";
	}
	printf("clash: %s: %u passed, %u failed\n", role, check_passed(), check_failed());
	return check_failed() != 0;
}
