/* The console, by ring or by hypercall; see console.h. */
#include "console.h"

#include <stdbool.h>
#include <stdint.h>

#include "cpu.h"
#include "hypercall.h"
#include "mmu.h"
#include "start.h"
#include "timer.h"

#define OUT_SIZE sizeof(ring->out)
#define IN_SIZE  sizeof(ring->in)
#define DRAIN_NS 100000000ul
#define FULL_NS  1000000ul /* between two looks at a full ring */

/* NULL means console_io. */
static struct pv_console_ring *ring;
static char ring_page[KIT_PAGE_SIZE] __attribute__((aligned(4096)));

/*
 * Held by the vCPU with this number + 1. A fault report on the vCPU that
 * already holds it goes ahead, since broken text is better than none.
 */
static unsigned lock_owner;

static bool console_lock(void)
{
	unsigned me = cpu_current()->id + 1;

	if (__atomic_load_n(&lock_owner, __ATOMIC_RELAXED) == me) {
		return false;
	}
	for (;;) {
		unsigned expected = 0;

		if (__atomic_compare_exchange_n(&lock_owner, &expected, me, false, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED)) {
			return true;
		}
		hypercall_sched_op(PV_SCHEDOP_yield, NULL);
	}
}

static void console_unlock(bool taken)
{
	if (taken) {
		__atomic_store_n(&lock_owner, 0, __ATOMIC_RELEASE);
	}
}

void console_init(void)
{
	if (start_is_privileged() || start_info->console.domU.evtchn == 0) {
		return;
	}
	mmu_map_shared(ring_page, start_info->console.domU.mfn << 12);
	ring = (struct pv_console_ring *)ring_page;
}

static void ring_notify(void)
{
	struct pv_evtchn_send send = { .port = start_info->console.domU.evtchn };

	hypercall_event_channel_op(PV_EVTCHNOP_send, &send);
}

static bool ring_is_full(uint32_t prod)
{
	return prod - __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE) >= OUT_SIZE;
}

/* The hypervisor takes what there is when it is told, unless we have written too much of late. */
static void ring_put(char c)
{
	uint32_t prod = ring->out_prod;

	while (ring_is_full(prod)) {
		ring_notify();
		if (ring_is_full(prod)) {
			struct pv_sched_poll poll = { .timeout = timer_now_ns() + FULL_NS };

			hypercall_sched_op(PV_SCHEDOP_poll, &poll);
		}
	}
	ring->out[prod % OUT_SIZE] = c;
	__atomic_store_n(&ring->out_prod, prod + 1, __ATOMIC_RELEASE);
}

void console_write(const char *text, size_t n)
{
	bool taken = console_lock();

	if (ring == NULL) {
		hypercall_console_io(PV_CONSOLEIO_write, (unsigned)n, (void *)(uintptr_t)text);
		console_unlock(taken);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\n') {
			ring_put('\r');
		}
		ring_put(text[i]);
	}
	ring_notify();
	console_unlock(taken);
}

size_t console_read(char *buf, size_t n)
{
	size_t got = 0;
	uint32_t cons;

	if (ring == NULL) {
		long read = hypercall_console_io(PV_CONSOLEIO_read, (unsigned)n, buf);

		return read > 0 ? (size_t)read : 0;
	}
	cons = ring->in_cons;
	while (got < n && cons != __atomic_load_n(&ring->in_prod, __ATOMIC_ACQUIRE)) {
		buf[got++] = ring->in[cons++ % IN_SIZE];
	}
	__atomic_store_n(&ring->in_cons, cons, __ATOMIC_RELEASE);
	if (got > 0) {
		ring_notify();
	}
	return got;
}

void console_drain(void)
{
	uint64_t start = timer_now_ns();

	while (ring != NULL && ring->out_cons != ring->out_prod &&
	       timer_now_ns() - start < DRAIN_NS) {
		hypercall_sched_op(PV_SCHEDOP_yield, NULL);
	}
}
