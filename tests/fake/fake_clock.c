#include "fake_clock.h"

#include "drivers/lapic.h"
#include "drivers/tsc.h"

u64 tsc_hz = 1000000000;
u32 tsc_khz = 1000000;
struct time_scale tsc_scale = { .mul = 1U << 31, .shift = 1 };
u64 tsc_start;

u64 fake_alarm_ns = UINT64_MAX;
u32 fake_alarm_count;

void lapic_timer_set(u64 ns)
{
	fake_alarm_ns = ns;
	fake_alarm_count++;
}
