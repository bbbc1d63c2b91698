/* The PC's battery-backed clock (MC146818), read once at boot for the time of day. */
#ifndef DRIVERS_RTC_H
#define DRIVERS_RTC_H

#include "lib/types.h"

/* Seconds since 1970-01-01 00:00 UTC, taking the clock to run in UTC; 0 if it shows no sensible date. */
u64 rtc_read_utc(void);

#endif
