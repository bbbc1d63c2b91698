/*
 * Time: the system clock read from the page shared with the hypervisor, and
 * one deadline a vCPU. All times are nanoseconds of system time.
 */
#ifndef KIT_TIMER_H
#define KIT_TIMER_H

#include <stdint.h>

/* Stops the periodic tick and binds the timer of vCPU 0. Start of day. */
void timer_init(void);

/* The same for the further vCPU this runs on. */
void timer_init_cpu(void);

/* System time, ns since the hypervisor's start. No hypercall. */
uint64_t timer_now_ns(void);

/* UTC, ns since 1970. */
uint64_t timer_wall_ns(void);

/* Asks for an event at this time on this vCPU; a time that is past fires now. */
void timer_set_deadline(uint64_t deadline);

/* Sleeps at least this long; other events are handled meanwhile. */
void timer_sleep_ns(uint64_t ns);

/* How many timer events this vCPU has had. */
unsigned timer_event_count(void);

#endif
