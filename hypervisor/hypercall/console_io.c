/*
 * console_io(cmd, count, buffer): a domain's console without its ring. Long
 * texts go in steps, so that other work is not kept waiting. A domain that has written more than
 * its share sleeps before the next step, as in a poll of no ports.
 */
#include "hypercall/hypercall.h"

#include <parley/console.h>
#include <seam/cpu.h>

#include "channel/evtchn.h"
#include "domain/console.h"
#include "domain/sched.h"
#include "domain/timer.h"
#include "hypercall/handlers.h"
#include "mm/guest.h"
#include "mm/types.h"

#define CHUNK 128
#define STEP  2048 /* bytes between two chances to be preempted, also in a batch */

static long write_again(u64 count, u64 gva)
{
	return hypercall_restart(PV_HYPERCALL_console_io, PV_CONSOLEIO_write, count, gva, 0);
}

/* Until that time, or until there is an upcall to take; then the call is made again. */
static void sleep_until(struct vcpu *v, u64 when)
{
	timer_stop(&v->poll_timer); /* of a poll that an event ended */
	sched_poll_begin();
	if (evtchn_upcall_due(v)) {
		sched_poll_end();
		return;
	}
	timer_set(&v->poll_timer, when);
	sched_block();
}

static long console_io_write(struct domain *d, u64 count, u64 gva)
{
	u64 when = console_writes_from(d);
	char text[CHUNK];
	u64 done = 0;

	if (when > time_now_ns() && count != 0) {
		sleep_until(current_vcpu(), when);
		return write_again(count, gva);
	}
	while (done < count) {
		u64 n = MIN(count - done, CHUNK);

		if (done >= STEP) {
			return write_again(count - done, gva + done);
		}
		if (guest_read(text, gva + done, n) != 0) {
			return -PV_EFAULT;
		}
		console_write(d, text, n);
		mm_count_work(&d->mm, n * MM_BUDGET / STEP);
		done += n;
	}
	return 0;
}

static long console_io_read(struct domain *d, u64 count, u64 gva)
{
	char text[CHUNK];
	size_t n;

	if (!guest_range_ok(gva, MIN(count, CHUNK))) {
		return -PV_EFAULT;
	}
	n = console_read(d, text, MIN(count, CHUNK));
	if (n > 0 && guest_write(gva, text, n) != 0) {
		return -PV_EFAULT;
	}
	return (long)n;
}

long hypercall_console_io(u64 cmd, u64 count, u64 gva, u64 a4, u64 a5, u64 a6)
{
	struct domain *d = current_vcpu()->domain;

	switch (cmd) {
	case PV_CONSOLEIO_write:
		return console_io_write(d, (u32)count, gva);
	case PV_CONSOLEIO_read:
		return console_io_read(d, (u32)count, gva);
	default:
		return -PV_ENOSYS;
	}
}
