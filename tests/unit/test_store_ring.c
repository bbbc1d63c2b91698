/*
 * domain/store*.c with guests that do not keep to the rules: one that does not read, spoils its
 * ring's indices, sends rubbish; and without memory.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include <parley/errno.h>
#include <parley/store.h>
#include <parley/types.h>

#include "channel/evtchn.h"
#include "domain/store.h"
#include "domain/store_types.h"
#include "mm/alloc.h"
#include "small_domain.h"
#include "store_client.h"

TestSuite(store_ring, .init = store_setup);

static u64 seed = 1;

static u32 random_below(u32 n)
{
	seed = seed * 6364136223846793005UL + 1442695040888963407UL;
	return (u32)(seed >> 33) % n;
}

Test(store_ring, a_guest_that_does_not_read_is_not_served_and_loses_nothing)
{
	struct message m;
	u32 taken, events = 0;

	for (u32 i = 0; i < STORE_WATCHES; i++) {
		char token[STORE_TOKEN_MAX + 1];

		memset(token, 't', STORE_TOKEN_MAX);
		snprintf(token + STORE_TOKEN_MAX - 4, 5, "%04u", i);
		expect_ok(ask_two(PV_STORE_WATCH, "data", token));
		expect_event("data", token);
	}
	/* Without an answer being read: the ring, then the queue fill up, then requests stay. */
	for (u32 i = 0; i < 10000; i++) {
		cr_assert_eq(store_write(client.domain, "data/x", "y"), 0);
	}
	taken = client.ring->req_cons;
	client.ring->req_prod += 17;
	kick();
	cr_assert_eq(client.ring->req_cons, taken);
	client.ring->req_prod -= 17;
	/* It reads: each watch has fired once or more, the last of them after the last write. */
	while (receive(&m)) {
		cr_assert_eq(m.h.type, PV_STORE_WATCH_EVENT);
		events++;
	}
	cr_assert_geq(events, STORE_WATCHES);
	cr_assert_lt(events, 200);
	expect_text(ask(PV_STORE_READ, "data/x"), "y");
	finish();
}

Test(store_ring, many_requests_at_one_kick)
{
	struct message m;
	u32 answers = 0;

	for (u32 i = 0; i < PV_STORE_RING_SIZE / 21; i++) {
		struct pv_store_header h = { .type = PV_STORE_READ, .req_id = i, .len = 5 };

		send_bytes(&h, sizeof(h));
		send_bytes("name", 5);
	}
	kick();
	while (receive(&m)) {
		cr_assert_eq(m.h.req_id, answers++);
		cr_assert_str_eq(m.payload, "one");
	}
	cr_assert_eq(answers, PV_STORE_RING_SIZE / 21);
	finish();
}

Test(store_ring, a_request_may_come_byte_by_byte)
{
	struct pv_store_header h = { .type = PV_STORE_READ, .len = 5 };
	struct message m;

	for (u32 i = 0; i < sizeof(h); i++) {
		send_bytes((u8 *)&h + i, 1);
		kick();
	}
	for (u32 i = 0; i < 5; i++) {
		expect_silence();
		send_bytes("name" + i, 1);
		kick();
	}
	cr_assert(receive(&m));
	cr_assert_str_eq(m.payload, "one");
	(void)told_guest();
	kick();
	cr_assert_not(told_guest(), "nothing moved, so no event: two would go on for ever");
	finish();
}

static void expect_closed(u32 why)
{
	u32 prod = client.ring->rsp_prod;

	cr_assert(client.domain->store->closed);
	cr_assert_eq(client.ring->error, why);
	cr_assert_eq(store_write(client.domain, "data/x", "y"), 0);
	kick();
	cr_assert_eq(client.ring->rsp_prod, prod, "nothing more is sent");
	finish();
}

Test(store_ring, a_payload_that_is_too_long_closes_the_connection)
{
	struct pv_store_header h = { .type = PV_STORE_READ, .len = PV_STORE_PAYLOAD_MAX + 1 };

	expect_ok(ask_two(PV_STORE_WATCH, "data", "t"));
	expect_event("data", "t");
	(void)begin();
	send_bytes(&h, sizeof(h));
	kick();
	expect_closed(PV_STORE_ERROR_PROTO);
}

Test(store_ring, the_longest_payload_is_served)
{
	static char payload[PV_STORE_PAYLOAD_MAX];

	memset(payload, 'a', sizeof(payload));
	expect_error(ask_bytes(PV_STORE_READ, 0, payload, sizeof(payload)), "EINVAL");
	payload[sizeof(payload) - 1] = '\0';
	expect_error(ask_bytes(PV_STORE_READ, 0, payload, sizeof(payload)), "E2BIG");
	finish();
}

Test(store_ring, nonsense_in_the_request_index_closes_the_connection)
{
	client.ring->req_prod = PV_STORE_RING_SIZE + 1;
	kick();
	expect_closed(PV_STORE_ERROR_RINGIDX);
}

Test(store_ring, nonsense_in_the_reply_index_closes_the_connection)
{
	client.ring->rsp_cons = 1;
	client.ring->req_prod = 0;
	send_message(PV_STORE_READ, 0, "name", 5);
	expect_closed(PV_STORE_ERROR_RINGIDX);
}

Test(store_ring, our_indices_are_not_believed)
{
	client.ring->req_cons = 12345;
	client.ring->rsp_prod = 54321;
	client.ring->req_prod = 0;
	for (const char *p = "\x02\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0name"; client.ring->req_prod < 21;
	     p++) {
		client.ring->req[client.ring->req_prod++] = *p;
	}
	kick();
	cr_assert_eq(client.ring->req_cons, 21);
	cr_assert_eq(client.ring->rsp_prod, 19);
	cr_assert_eq(memcmp(client.ring->rsp + 16, "one", 3), 0);
	finish();
}

/* Indices that are mostly near the truth, else the connection would only be closed; no long payload. */
static void spoil_indices(struct pv_store_ring *ring, const struct domain_store *store)
{
	ring->req_prod = store->req_cons + random_below(random_below(4) != 0 ? 1025 : ~0U);
	ring->rsp_cons = store->rsp_prod - random_below(random_below(4) != 0 ? 1025 : ~0U);
	ring->req[(store->req_cons + 14) % 1024] = 0;
	ring->req[(store->req_cons + 15) % 1024] = 0;
}

/* A store that was closed is made anew. */
static void reopen(void)
{
	struct pv_start_info start = { .nr_pages = 4096 };
	struct domain *d = client.domain;

	evtchn_fini(d);
	store_fini_domain(d);
	memset(&d->events, 0, sizeof(d->events));
	cr_assert_eq(evtchn_init(d), 0);
	memset(client.ring, 0, PAGE_SIZE);
	cr_assert_eq(store_init_domain(d, client.ring, &start, &client.port), 0);
}

/* Any indices and any bytes: whatever happens stays within the store. */
Test(store_ring, wild_rings)
{
	for (u32 round = 0; round < 3000; round++) {
		if (client.domain->store->closed) {
			reopen();
		}
		for (u32 i = 0; i < PAGE_SIZE / 4; i++) {
			((u32 *)client.ring)[i] = random_below(~0U);
		}
		for (u32 i = 0; i < 8 && !client.domain->store->closed; i++) {
			spoil_indices(client.ring, client.domain->store);
			kick();
		}
		check_tree(client.domain->store->tree);
	}
}

/* Well-formed messages with odd contents, in any order. */
Test(store_ring, wild_messages)
{
	static const char *const words[] = { "data", "data/a", "data/a/b", "data/b", "/",
					     "name", "T",      "F",        "1",      "0",
					     "t",    "n1",     "@x",       "//",     "" };
	static struct message m;

	for (u32 round = 0; round < 30000; round++) {
		char payload[2048];
		u32 size = 0, parts = random_below(4);

		for (u32 i = 0; i < parts; i++) {
			const char *word = words[random_below(ARRAY_SIZE(words))];

			memcpy(payload + size, word, strlen(word) + 1);
			size += (u32)strlen(word) + 1;
		}
		if (random_below(8) == 0 && size > 0) {
			size--;
		}
		if (random_below(8) == 0) {
			u32 more = random_below(1100);

			memset(payload + size, 'x', more);
			size += more;
		}
		send_message(random_below(24), random_below(3) == 0 ? random_below(20) : 0, payload,
			     size);
		while (random_below(16) != 0 && receive(&m)) {
			cr_assert(m.h.len > 0 || m.h.type != PV_STORE_ERROR);
		}
		while (client.ring->req_prod != client.ring->req_cons && receive(&m)) {
		}
		if (round % 64 == 0) {
			check_tree(client.domain->store->tree);
		}
		cr_assert_not(client.domain->store->closed);
	}
	finish();
}

/* Every allocation fails in turn. */
Test(store_ring, without_memory_nothing_is_left_behind)
{
	struct pv_start_info start = { .nr_pages = 16 };
	struct domain *poor = small_domain(3, 1);
	void *its_ring = small_domain_page(poor);
	u32 its_port;
	static void *pages[8192];
	u32 n = 0;

	cr_assert_eq(evtchn_init(poor), 0);
	while ((pages[n] = alloc_page()) != NULL) {
		n++;
	}
	for (u32 given = 0;; given++) {
		int rc = store_init_domain(poor, its_ring, &start, &its_port);

		if (rc == 0) {
			break;
		}
		cr_assert_eq(rc, -PV_ENOMEM);
		cr_assert_null(poor->store);
		cr_assert_lt(given, n);
		alloc_free_page(pages[n - 1 - given]);
	}
	store_fini_domain(poor);
}
