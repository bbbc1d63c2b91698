/* domain/trace_ring.c: nothing is torn, nothing is lost uncounted, whoever reads when. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "domain/trace_ring.h"
#include "fake_points.h"

static struct trace_ring ring;
static u8 extra[PV_TRACE_EXTRA_MAX];
static u64 random_state;

static u32 any(u32 below)
{
	random_state = random_state * 6364136223846793005UL + 1442695040888963407UL;
	return (u32)(random_state >> 33) % below;
}

static void setup(void)
{
	ring = (struct trace_ring){ .bytes = malloc(TRACE_RING_SIZE) };
	memset(ring.bytes, 0xa5, TRACE_RING_SIZE);
	random_state = 1;
}

static void teardown(void)
{
	free(ring.bytes);
}

TestSuite(trace_ring, .init = setup, .fini = teardown);

/* Record number n, of a size that follows from it; its extra bytes are its number. */
static bool put(u64 n)
{
	struct pv_trace_record r = {
		.kind = PV_TRACE_hypercall,
		.args = { n, ~n },
		.extra = (u8)(n * 7 % 17 * 8),
	};

	memset(extra, (int)(n & 0xff), sizeof(extra));
	return trace_ring_put(&ring, &r, extra);
}

/* What a reader has seen. */
static struct {
	u64 next; /* number of the record that must follow */
	u64 seen, lost;
} reader;

static void check_record(const struct pv_trace_record *r, const u8 *behind)
{
	if (r->kind == PV_TRACE_lost) {
		cr_assert_gt(r->args[0], 0);
		reader.lost += r->args[0];
		reader.next += r->args[0];
		return;
	}
	cr_assert_eq(r->args[0], reader.next, "record %lu where %lu was due", r->args[0],
		     reader.next);
	cr_assert_eq(r->args[1], ~r->args[0]);
	cr_assert_eq(r->extra, r->args[0] * 7 % 17 * 8);
	for (u32 i = 0; i < r->extra; i++) {
		cr_assert_eq(behind[i], (u8)r->args[0]);
	}
	reader.next++;
	reader.seen++;
}

/* Take what fits in `size` bytes, and check it. */
static u32 take(u32 size)
{
	u8 *bytes = malloc(size + 1);
	u32 got = trace_ring_peek(&ring, bytes, size), at = 0;

	cr_assert_leq(got, size);
	while (at < got) {
		struct pv_trace_record r;

		memcpy(&r, bytes + at, sizeof(r));
		check_record(&r, bytes + at + sizeof(r));
		at += sizeof(r) + r.extra;
	}
	cr_assert_eq(at, got, "whole records");
	trace_ring_take(&ring, got);
	free(bytes);
	return got;
}

Test(trace_ring, an_empty_ring_gives_nothing)
{
	cr_assert(trace_ring_is_empty(&ring));
	cr_assert_eq(take(4096), 0);
	trace_ring_tell_dropped(&ring, 5, 1);
	cr_assert(trace_ring_is_empty(&ring));
}

Test(trace_ring, records_come_back_whole_in_any_piece_and_round_the_end)
{
	u64 n = 0;

	while (ring.tail < 5 * TRACE_RING_SIZE) {
		for (u32 i = any(40); i > 0; i--) {
			cr_assert(put(n++));
		}
		while (take(any(3000)) > 0 || any(3) > 0) {
		}
	}
	while (take(TRACE_RECORD_MAX) > 0) {
	}
	cr_assert_eq(reader.seen, n);
	cr_assert_eq(reader.lost, 0);
	cr_assert_eq(ring.lost, 0);
}

Test(trace_ring, room_for_less_than_a_record_takes_none)
{
	put(1);
	reader.next = 1;
	cr_assert_eq(take(sizeof(struct pv_trace_record) - 1), 0);
	cr_assert_eq(take(sizeof(struct pv_trace_record) + 55), 0, "56 bytes are behind it");
	cr_assert_eq(take(sizeof(struct pv_trace_record) + 56),
		     sizeof(struct pv_trace_record) + 56);
}

Test(trace_ring, a_full_ring_drops_and_tells_where)
{
	u64 made = 0, kept;

	while (put(made)) {
		made++;
	}
	kept = made++;
	for (u32 i = 0; i < 9; i++) {
		cr_assert_not(put(12), "the longest never fits");
		made++;
	}
	cr_assert_eq(ring.lost, 10);
	cr_assert_gt(take(4000), 0);
	reader.lost = 0;
	cr_assert(put(made++));
	while (take(2048) > 0) {
	}
	cr_assert_eq(reader.seen, kept + 1);
	cr_assert_eq(reader.lost, 10);
	cr_assert_eq(reader.next, made);
}

Test(trace_ring, what_was_dropped_last_is_told_too)
{
	u64 made = 0;

	while (put(made)) {
		made++;
	}
	trace_ring_tell_dropped(&ring, 5, 1);
	while (take(65536) > 0) {
	}
	cr_assert_leq(reader.lost, 1);
	trace_ring_tell_dropped(&ring, 5, 1);
	trace_ring_tell_dropped(&ring, 5, 1);
	take(65536);
	cr_assert_eq(reader.lost, 1);
	cr_assert_eq(reader.seen + reader.lost, made + 1);
}

/* ---- a writer and a reader at once, under schedules from seeds ---- */

static sem_t baton[2];
static bool is_done[2];
static _Thread_local u32 me;
static bool is_racing;

static void pass(void)
{
	sem_post(&baton[!me]);
	while (sem_wait(&baton[me]) != 0) {
	}
}

static void at_point(enum fake_point point, void *what)
{
	(void)point;
	(void)what;
	if (is_racing && !is_done[!me] && any(3) == 0) {
		pass();
	}
}

static void finish(void)
{
	is_done[me] = true;
	sem_post(&baton[!me]);
}

static u64 to_make, written;

static void *write_all(void *unused)
{
	me = 1;
	while (sem_wait(&baton[1]) != 0) {
	}
	for (u64 n = 0; n < to_make; n++) {
		written += put(n);
	}
	finish();
	return unused;
}

static void race(u64 seed, u32 piece)
{
	pthread_t writer;

	random_state = seed;
	memset(&reader, 0, sizeof(reader));
	memset(is_done, 0, sizeof(is_done));
	/* A ring that is nearly full all the time. */
	ring.head = ring.tail = 0;
	ring.lost = ring.told = 0;
	written = 0;
	to_make = 12000;
	sem_init(&baton[0], 0, 0);
	sem_init(&baton[1], 0, 0);
	me = 0;
	pthread_create(&writer, NULL, write_all, NULL);
	is_racing = true;
	fake_point_hook = at_point;
	while (!is_done[1]) {
		if (any(8) == 0) {
			take(piece);
		} else {
			pass();
		}
	}
	is_racing = false;
	fake_point_hook = NULL;
	pthread_join(writer, NULL);
	trace_ring_tell_dropped(&ring, 1, 0);
	while (take(piece) > 0) {
		trace_ring_tell_dropped(&ring, 1, 0);
	}
	cr_assert_eq(reader.seen, written);
	cr_assert_eq(reader.seen + reader.lost, to_make, "written + lost = made");
	cr_assert_eq(ring.lost, reader.lost);
}

Test(trace_ring, two_cpus_under_any_schedule)
{
	u64 lost = 0;

	for (u64 seed = 1; seed <= 40; seed++) {
		race(seed << 20, seed % 2 ? 300 : 2048);
		lost += reader.lost;
	}
	cr_assert_gt(lost, 0, "some schedule must let the ring run over");
}
