/* The ring of trace records; see trace_ring.h. */
#include "domain/trace_ring.h"

#include "lib/string.h"

_Static_assert((TRACE_RING_SIZE & (TRACE_RING_SIZE - 1)) == 0, "positions are masked");
_Static_assert(sizeof(struct pv_trace_record) % 8 == 0 && PV_TRACE_EXTRA_MAX % 8 == 0, "records");

static u32 record_size(const struct pv_trace_record *r)
{
	return (u32)sizeof(*r) + r->extra;
}

/* Copy in at a position; may go round the end. */
static void copy_in(struct trace_ring *ring, u64 at, const void *from, u32 size)
{
	u32 offset = (u32)(at & (TRACE_RING_SIZE - 1));
	u32 first = (u32)MIN((u64)size, TRACE_RING_SIZE - offset);

	memcpy(ring->bytes + offset, from, first);
	memcpy(ring->bytes, (const u8 *)from + first, size - first);
}

static void copy_out(const struct trace_ring *ring, u64 at, void *to, u32 size)
{
	u32 offset = (u32)(at & (TRACE_RING_SIZE - 1));
	u32 first = (u32)MIN((u64)size, TRACE_RING_SIZE - offset);

	memcpy(to, ring->bytes + offset, first);
	memcpy((u8 *)to + first, ring->bytes, size - first);
}

/* Tell at a position how many are missing there; returns the position behind that. */
static u64 put_dropped(struct trace_ring *ring, u64 at, u64 now_ns, u8 cpu)
{
	struct pv_trace_record r = {
		.time_ns = now_ns,
		.cpu = cpu,
		.kind = PV_TRACE_lost,
		.args = { ring->lost - ring->told },
	};

	copy_in(ring, at, &r, sizeof(r));
	__atomic_store_n(&ring->told, ring->lost, __ATOMIC_RELAXED);
	return at + sizeof(r);
}

static u64 count_room(const struct trace_ring *ring)
{
	return TRACE_RING_SIZE - (ring->head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE));
}

bool trace_ring_put(struct trace_ring *ring, const struct pv_trace_record *r, const void *extra)
{
	u32 size = record_size(r) + (ring->lost != ring->told ? (u32)sizeof(*r) : 0);
	u64 head = ring->head;

	if (size > count_room(ring)) {
		__atomic_store_n(&ring->lost, ring->lost + 1, __ATOMIC_RELAXED);
		return false;
	}
	if (ring->lost != ring->told) {
		head = put_dropped(ring, head, r->time_ns, r->cpu);
	}
	copy_in(ring, head, r, sizeof(*r));
	copy_in(ring, head + sizeof(*r), extra, r->extra);
	__atomic_store_n(&ring->head, head + record_size(r), __ATOMIC_RELEASE);
	return true;
}

void trace_ring_tell_dropped(struct trace_ring *ring, u64 now_ns, u8 cpu)
{
	if (ring->lost != ring->told && count_room(ring) >= sizeof(struct pv_trace_record)) {
		__atomic_store_n(&ring->head, put_dropped(ring, ring->head, now_ns, cpu),
				 __ATOMIC_RELEASE);
	}
}

u32 trace_ring_peek(const struct trace_ring *ring, void *to, u32 size)
{
	u64 head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
	u64 at = ring->tail;
	u32 done = 0;

	while (at != head && size - done >= sizeof(struct pv_trace_record)) {
		struct pv_trace_record r;
		u32 bytes;

		copy_out(ring, at, &r, sizeof(r));
		bytes = record_size(&r);
		if (bytes > size - done) {
			break;
		}
		copy_out(ring, at, (u8 *)to + done, bytes);
		at += bytes;
		done += bytes;
	}
	return done;
}

void trace_ring_take(struct trace_ring *ring, u32 size)
{
	__atomic_store_n(&ring->tail, ring->tail + size, __ATOMIC_RELEASE);
}

void trace_ring_forget(struct trace_ring *ring)
{
	__atomic_store_n(&ring->told, ring->lost, __ATOMIC_RELAXED);
	__atomic_store_n(&ring->tail, __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE),
			 __ATOMIC_RELEASE);
}

u64 trace_ring_count_untold(const struct trace_ring *ring)
{
	u64 told = __atomic_load_n(&ring->told, __ATOMIC_RELAXED);

	return __atomic_load_n(&ring->lost, __ATOMIC_RELAXED) - told;
}

bool trace_ring_is_empty(const struct trace_ring *ring)
{
	return __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) == ring->tail;
}
