/* The host's time: hypervisor time is fake_tsc (seam/cpu.h), one tick a ns; the APIC timer is a number. */
#ifndef FAKE_CLOCK_H
#define FAKE_CLOCK_H

#include "lib/types.h"

extern u64 fake_alarm_ns;    /* what lapic_timer_set() got last */
extern u32 fake_alarm_count; /* how often */

#endif
