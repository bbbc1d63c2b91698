/*
 * Where records go: to the control line, or to a domain that asks for them.
 *
 * To the line each CPU sends what its own ring holds, on its way to a guest or
 * while it idles: a few frames a turn, and only as much as the UART takes at once.
 * Nobody waits for whoever reads at the other end; if that one is slow the ring fills, and what does
 * not fit is counted. A timer looks again where the last record was not sent.
 */
#include <parley/control.h>
#include <parley/errno.h>
#include <seam/cpu.h>

#include "cpu/percpu.h"
#include "domain/line.h"
#include "domain/timer.h"
#include "domain/trace_state.h"
#include "mm/guest.h"

#define FRAMES_A_TURN 4
#define AGAIN_NS      200000UL

/* A domain's trace_read takes no more at once. */
#define READ_MAX 65536U

static u64
	lost_told; /* a: to the domain that reads, or lost before it did; two reads at once may tell twice */

void trace_drain_again(void *unused)
{
	(void)unused;
	cpu_info()->work |= CPU_WORK_TRACE;
}

/* One frame; false: there is nothing, or the line takes nothing. */
static bool send_frame(struct trace_cpu *c)
{
	u8 payload[PV_LINE_PAYLOAD_MAX];
	u32 size = trace_ring_peek(&c->ring, payload, sizeof(payload));

	if (size == 0 || !line_offer(PV_LINE_TRACE, 0, payload, size)) {
		return false;
	}
	trace_ring_take(&c->ring, size);
	return true;
}

void trace_drain(void)
{
	struct trace_cpu *c = &trace_cpus[cpu_id()];
	bool more;

	if (c->ring.bytes == NULL || READ_ONCE(trace_reader) != TRACE_READER_LINE) {
		return;
	}
	if (!spin_trylock(&c->reader)) {
		more = true;
	} else {
		for (u32 i = 0; i < FRAMES_A_TURN && send_frame(c); i++) {
		}
		trace_ring_tell_dropped(&c->ring, time_now_ns(), (u8)cpu_id());
		more = !trace_ring_is_empty(&c->ring);
		spin_unlock(&c->reader);
	}
	if (more || line_offer_is_held()) {
		timer_set(&c->again, time_now_ns() + AGAIN_NS);
	}
}

/* All that a CPU has recorded so far, and how much it has dropped, however long it takes. */
static void finish_cpu(struct trace_cpu *c, u32 cpu)
{
	struct pv_trace_record lost = {
		.time_ns = time_now_ns(),
		.cpu = (u8)cpu,
		.kind = PV_TRACE_lost,
	};
	u8 payload[PV_LINE_PAYLOAD_MAX];
	u64 end = __atomic_load_n(&c->ring.head, __ATOMIC_ACQUIRE);
	u32 size;

	spin_lock(&c->reader);
	while ((s64)(end - c->ring.tail) > 0) {
		size = trace_ring_peek(&c->ring, payload, sizeof(payload));
		line_send(PV_LINE_TRACE, 0, payload, size);
		trace_ring_take(&c->ring, size);
	}
	lost.args[0] = trace_ring_count_untold(&c->ring);
	if (lost.args[0] != 0) {
		line_send(PV_LINE_TRACE, 0, &lost, sizeof(lost));
	}
	spin_unlock(&c->reader);
}

void trace_finish(void)
{
	if (READ_ONCE(trace_reader) != TRACE_READER_LINE) {
		return;
	}
	for (u32 cpu = 0; cpu < cpu_count; cpu++) {
		if (trace_cpus[cpu].ring.bytes != NULL) {
			finish_cpu(&trace_cpus[cpu], cpu);
		}
	}
}

u64 trace_lost_total(void)
{
	u64 total = 0;

	for (u32 cpu = 0; cpu < cpu_count; cpu++) {
		total += __atomic_load_n(&trace_cpus[cpu].ring.lost, __ATOMIC_RELAXED);
	}
	return total;
}

void trace_forget(void)
{
	for (u32 cpu = 0; cpu < cpu_count; cpu++) {
		struct trace_cpu *c = &trace_cpus[cpu];

		spin_lock(&c->reader);
		trace_ring_forget(&c->ring);
		spin_unlock(&c->reader);
	}
	__atomic_store_n(&lost_told, trace_lost_total(), __ATOMIC_RELAXED);
}

/* Records of one ring to guest memory: bytes, or -PV_EFAULT if not even one could be copied. What was not copied stays. */
static long read_ring(struct trace_cpu *c, u64 gva, u32 room)
{
	u8 piece[PV_LINE_PAYLOAD_MAX];
	u32 done = 0, size;
	long rc = 0;

	spin_lock(&c->reader);
	for (;;) {
		size = trace_ring_peek(&c->ring, piece, MIN(room - done, (u32)sizeof(piece)));
		if (size == 0) {
			break;
		}
		rc = guest_write(gva + done, piece, size);
		if (rc < 0) {
			break;
		}
		trace_ring_take(&c->ring, size);
		done += size;
	}
	spin_unlock(&c->reader);
	return rc < 0 && done == 0 ? rc : (long)done;
}

long trace_control_read(const struct domain *caller, struct pv_control_trace_read *r)
{
	u32 room = MIN(r->bytes, READ_MAX), done = 0;
	u64 lost;

	if (READ_ONCE(trace_reader) != caller->id) {
		return -PV_EBUSY;
	}
	if (r->reserved != 0) {
		return -PV_EINVAL;
	}
	for (u32 cpu = 0; cpu < cpu_count; cpu++) {
		long rc = trace_cpus[cpu].ring.bytes == NULL ?
				  0 :
				  read_ring(&trace_cpus[cpu], r->data + done, room - done);

		if (rc < 0 && done == 0) {
			return rc;
		}
		if (rc < 0) {
			break; /* what was copied is taken: tell of that */
		}
		done += (u32)rc;
	}
	lost = trace_lost_total();
	r->bytes = done;
	r->lost = lost - __atomic_exchange_n(&lost_told, lost, __ATOMIC_RELAXED);
	return 0;
}
