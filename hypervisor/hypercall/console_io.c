/*
 * console_io(cmd, count, buffer): a domain's console without its ring. Long
 * texts go in steps, so that other work is not kept waiting.
 */
#include "hypercall/hypercall.h"

#include <parley/console.h>
#include <seam/cpu.h>

#include "domain/console.h"
#include "hypercall/handlers.h"
#include "mm/guest.h"
#include "mm/types.h"

#define CHUNK 128
#define STEP  2048 /* bytes between two chances to be preempted, also in a batch */

static long console_io_write(struct domain *d, u64 count, u64 gva)
{
	char text[CHUNK];
	u64 done = 0;

	while (done < count) {
		u64 n = MIN(count - done, CHUNK);

		if (done >= STEP) {
			return hypercall_restart(PV_HYPERCALL_console_io, PV_CONSOLEIO_write,
						 count - done, gva + done, 0);
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
