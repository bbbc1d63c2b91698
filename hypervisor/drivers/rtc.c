/*
 * The real-time clock. Its registers are reached through an index and a data
 * port. It may be updating while it is read, so a reading counts only if the
 * same comes twice.
 */
#include "drivers/rtc.h"

#include "drivers/port_io.h"
#include "lib/string.h"

#define RTC_INDEX 0x70
#define RTC_DATA  0x71

#define RTC_SECOND   0x00
#define RTC_MINUTE   0x02
#define RTC_HOUR     0x04
#define RTC_DAY      0x07
#define RTC_MONTH    0x08
#define RTC_YEAR     0x09
#define RTC_STATUS_A 0x0a
#define RTC_STATUS_B 0x0b

#define RTC_A_UPDATING 0x80
#define RTC_B_24_HOURS 0x02
#define RTC_B_BINARY   0x04
#define RTC_HOUR_PM    0x80

#define RTC_TRIES 100000

struct reading {
	u8 second, minute, hour, day, month, year;
};

static u8 rtc_register(u8 index)
{
	port_write8(RTC_INDEX, index);
	return port_read8(RTC_DATA);
}

static void read_all(struct reading *r)
{
	for (u32 i = 0; i < RTC_TRIES && (rtc_register(RTC_STATUS_A) & RTC_A_UPDATING); i++) {
	}
	r->second = rtc_register(RTC_SECOND);
	r->minute = rtc_register(RTC_MINUTE);
	r->hour = rtc_register(RTC_HOUR);
	r->day = rtc_register(RTC_DAY);
	r->month = rtc_register(RTC_MONTH);
	r->year = rtc_register(RTC_YEAR);
}

static u32 number(u8 value, u8 status_b)
{
	return (status_b & RTC_B_BINARY) ? value : (value >> 4) * 10U + (value & 15);
}

/* Days from 1970-01-01 to a date in the Gregorian calendar; years counted from March. */
static u64 days_since_1970(u32 year, u32 month, u32 day)
{
	u32 y = month > 2 ? year : year - 1;
	u32 m = month > 2 ? month - 3 : month + 9;

	return 365UL * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

u64 rtc_read_utc(void)
{
	struct reading a, b;
	u32 hour, day, month;
	u8 status;

	read_all(&a);
	for (u32 i = 0; i < 100; i++) {
		read_all(&b);
		if (memcmp(&a, &b, sizeof(a)) == 0) {
			break;
		}
		a = b;
	}
	status = rtc_register(RTC_STATUS_B);
	hour = number(a.hour & (u8)~RTC_HOUR_PM, status);
	if (!(status & RTC_B_24_HOURS)) {
		hour = hour % 12 + ((a.hour & RTC_HOUR_PM) ? 12 : 0);
	}
	day = number(a.day, status);
	month = number(a.month, status);
	if (hour > 23 || day < 1 || day > 31 || month < 1 || month > 12) {
		return 0;
	}
	return days_since_1970(2000 + number(a.year, status), month, day) * 86400 + hour * 3600UL +
	       number(a.minute, status) * 60UL + number(a.second, status);
}
