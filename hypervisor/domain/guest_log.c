/*
 * log_guest() of lib/log.h: lines that a guest's doing causes. Each domain has
 * a budget, found by its domid; two domains whose ids meet share one.
 */
#include "lib/log.h"

#include <stdarg.h>

#include "domain/domain.h"
#include "lib/printf.h"

#define LIMITS 64

static struct log_limit limits[LIMITS];

void log_guest(const struct domain *d, const char *fmt, ...)
{
	char text[LOG_LINE_MAX];
	va_list args;
	u32 dropped;

	if (!log_limit_allows(&limits[d->id % LIMITS], &dropped)) {
		return;
	}
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (dropped > 0) {
		log_info("d%u %s: (%u lines left out)", d->id, d->name, dropped);
	}
	log_info("d%u %s: %s", d->id, d->name, text);
}
