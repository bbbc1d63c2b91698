/*
 * The rings of a store. The indices in the page are the guest's to spoil: ours
 * are kept here and only published there, the guest's are read once and
 * bounded.
 *
 *   guest                     hypervisor
 *   writes req[], req_prod    reads req_prod, copies req[], publishes req_cons
 *   reads rsp_prod, rsp[]     reads rsp_cons, fills rsp[], publishes rsp_prod
 *
 * A guest that breaks the protocol loses its connection: nothing more is read
 * or written, so neither side can be led astray by the rest.
 *
 * Read next: store_message.c.
 */
#include "domain/store_types.h"

#include "lib/log.h"
#include "lib/string.h"

#define MESSAGE_MAX (sizeof(struct pv_store_header) + PV_STORE_PAYLOAD_MAX)

static void close_connection(struct domain_store *s, u32 why)
{
	s->closed = true;
	s->queue_head = s->queue_tail;
	store_drop_transactions(s);
	store_watch_drop_all(s);
	WRITE_ONCE(s->ring->error, why);
	log_warn("d%u broke the store's protocol (%u): it is served no longer", (u32)s->domain->id,
		 why);
}

static u32 queue_room(const struct domain_store *s)
{
	return STORE_QUEUE_SIZE - (s->queue_tail - s->queue_head);
}

/* There is room. */
static void queue_bytes(struct domain_store *s, const void *from, u32 size)
{
	u32 at = s->queue_tail % STORE_QUEUE_SIZE;
	u32 first = MIN(size, STORE_QUEUE_SIZE - at);

	memcpy(s->queue + at, from, first);
	memcpy(s->queue, (const char *)from + first, size - first);
	s->queue_tail += size;
}

bool store_queue_message(struct domain_store *s, const struct pv_store_header *h, const char *a,
			 u32 a_size, const char *b, u32 b_size)
{
	if (s->closed || queue_room(s) < sizeof(*h) + a_size + b_size) {
		return false;
	}
	queue_bytes(s, h, sizeof(*h));
	queue_bytes(s, a, a_size);
	queue_bytes(s, b, b_size);
	return true;
}

static bool flush(struct domain_store *s)
{
	u32 used, was = s->rsp_prod;

	if (s->closed || s->queue_head == s->queue_tail) {
		return false;
	}
	used = s->rsp_prod - READ_ONCE(s->ring->rsp_cons);
	if (used > PV_STORE_RING_SIZE) {
		close_connection(s, PV_STORE_ERROR_RINGIDX);
		return true;
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	while (used < PV_STORE_RING_SIZE && s->queue_head != s->queue_tail) {
		u32 to = s->rsp_prod % PV_STORE_RING_SIZE;
		u32 from = s->queue_head % STORE_QUEUE_SIZE;
		u32 n = MIN(s->queue_tail - s->queue_head, PV_STORE_RING_SIZE - used);

		n = MIN(n, MIN(PV_STORE_RING_SIZE - to, STORE_QUEUE_SIZE - from));
		memcpy(s->ring->rsp + to, s->queue + from, n);
		s->queue_head += n;
		s->rsp_prod += n;
		used += n;
	}
	__atomic_store_n(&s->ring->rsp_prod, s->rsp_prod, __ATOMIC_RELEASE);
	return s->rsp_prod != was;
}

/* Copy up to *left bytes of the ring to where `want` are missing: true if none is missing now. */
static bool take(struct domain_store *s, void *to, u32 want, u32 *left)
{
	u32 size = MIN(want, *left);
	u32 at = s->req_cons % PV_STORE_RING_SIZE;
	u32 first = MIN(size, PV_STORE_RING_SIZE - at);

	memcpy(to, s->ring->req + at, first);
	memcpy((char *)to + first, s->ring->req, size - first);
	s->req_cons += size;
	s->have += size;
	*left -= size;
	return size == want;
}

/* Take what there is of one message: true if it is whole. The header is ours once it is copied. */
static bool take_message(struct domain_store *s, u32 *left)
{
	u32 head = sizeof(s->header), done;

	if (s->have < head && !take(s, (char *)&s->header + s->have, head - s->have, left)) {
		return false;
	}
	if (s->header.len > PV_STORE_PAYLOAD_MAX) {
		close_connection(s, PV_STORE_ERROR_PROTO);
		return false;
	}
	done = s->have - head;
	return take(s, s->payload + done, s->header.len - done, left);
}

/* Room in the queue is first the next request's, then the lost events'. */
bool store_send_ring(struct domain_store *s)
{
	bool moved = flush(s);

	if (queue_room(s) >= MESSAGE_MAX) {
		store_watch_catch_up(s);
		moved |= flush(s);
	}
	return moved;
}

bool store_serve_ring(struct domain_store *s)
{
	u32 was = s->req_cons, left;
	bool moved;

	if (s->closed) {
		return false;
	}
	/* At most a ring full in one go, however fast the guest adds to it. */
	left = READ_ONCE(s->ring->req_prod) - s->req_cons;
	if (left > PV_STORE_RING_SIZE) {
		close_connection(s, PV_STORE_ERROR_RINGIDX);
		return true;
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	moved = store_send_ring(s);
	while (!s->closed && queue_room(s) >= MESSAGE_MAX && take_message(s, &left)) {
		s->have = 0;
		store_handle_message(s);
		moved |= store_send_ring(s);
	}
	if (s->req_cons != was) {
		__atomic_store_n(&s->ring->req_cons, s->req_cons, __ATOMIC_RELEASE);
		moved = true;
	}
	return moved;
}
