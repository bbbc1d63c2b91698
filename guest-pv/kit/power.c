/* The end of a domain; see power.h. */
#include "power.h"

#include "console.h"
#include "hypercall.h"
#include "printf.h"

void power_off(unsigned reason)
{
	struct pv_sched_shutdown shutdown = { .reason = reason };

	console_drain();
	for (;;) {
		hypercall_sched_op(PV_SCHEDOP_shutdown, &shutdown);
	}
}

void power_panic(const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	printf("kit: panic: %s\n", text);
	power_off(PV_SHUTDOWN_crash);
}
