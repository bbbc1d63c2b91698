/*
 * A CPU's ring of trace records: one writer, the CPU itself with interrupts off;
 * one reader at a time, any CPU. Neither waits for the other. What does not fit is
 * dropped and counted, and the count goes into the ring, as a PV_TRACE_lost
 * record, before the next record that fits; so whoever reads knows what is missing and where.
 *
 * Positions are bytes since the beginning and only grow. Barriers: the writer
 * publishes `head` by release behind the record's bytes, the reader gives room back
 * by a release of `tail` behind its last look at them; each acquires the other's.
 *
 * Read next: trace.h.
 */
#ifndef DOMAIN_TRACE_RING_H
#define DOMAIN_TRACE_RING_H

#include <parley/trace.h>

#include "lib/types.h"

#define TRACE_RING_ORDER 8 /* pages, as a power of two: 1 MiB */
#define TRACE_RING_SIZE  ((u64)PAGE_SIZE << TRACE_RING_ORDER)

/* The longest record. */
#define TRACE_RECORD_MAX (sizeof(struct pv_trace_record) + PV_TRACE_EXTRA_MAX)

struct trace_ring {
	u8 *bytes;               /* TRACE_RING_SIZE, NULL: there is none yet */
	u64 head;                /* a: written by the writer only */
	u64 lost;                /* a, the writer's: all that were dropped */
	u64 told;                /* a, the writer's: of those, told in the ring */
	u64 tail aligned_to(64); /* a: written by the reader only */
};

/*
 * Append a record and its r->extra bytes. False: there was no room, it is counted.
 * The ring's own CPU only; bytes must be there.
 */
bool trace_ring_put(struct trace_ring *ring, const struct pv_trace_record *r, const void *extra);

/*
 * Copy whole records from the oldest on, as many as fit in `size` bytes; returns
 * the bytes copied. They stay in the ring until trace_ring_take().
 */
u32 trace_ring_peek(const struct trace_ring *ring, void *to, u32 size);

/* Give up the first `size` bytes, a sum of whole records. */
void trace_ring_take(struct trace_ring *ring, u32 size);

/*
 * Nobody shall hear of what is in the ring, nor of what was dropped so far. The reader,
 * while nobody writes.
 */
void trace_ring_forget(struct trace_ring *ring);

/*
 * The writer: if records were dropped and none has come since that would tell, tell
 * it now, if there is room.
 */
void trace_ring_tell_dropped(struct trace_ring *ring, u64 now_ns, u8 cpu);

/* Records that were dropped and are not told yet, as far as the reader can see. */
u64 trace_ring_count_untold(const struct trace_ring *ring);

/* Nothing to read, as far as the reader can see. */
bool trace_ring_is_empty(const struct trace_ring *ring);

#endif
