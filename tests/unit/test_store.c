/*
 * domain/store*.c: the tree, each message as a guest sends it, watches,
 * transactions, limits; and a guest that spoils its ring, sends rubbish, or
 * does not read. After everything the tree's books must be right.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <parley/errno.h>
#include <parley/store.h>
#include <parley/types.h>

#include "channel/evtchn.h"
#include "channel/evtchn_ops.h"
#include "domain/sched.h"
#include "domain/store.h"
#include "domain/store_types.h"
#include "mm/alloc.h"
#include "small_domain.h"

static struct domain *d;
static struct pv_store_ring *ring;
static u32 port;
static u64 free_before;
static u64 seed = 1;

void sched_wake(struct vcpu *v)
{
}

void sched_wake_anyhow(struct vcpu *v)
{
}

static u32 random_below(u32 n)
{
	seed = seed * 6364136223846793005UL + 1442695040888963407UL;
	return (u32)(seed >> 33) % n;
}

static struct domain *domain_with_store(u16 id, struct pv_store_ring **its_ring, u32 *its_port)
{
	struct pv_start_info start = { .nr_pages = 4096 };
	struct domain *new = small_domain(id, 2);

	strcpy(new->name, "one");
	new->uuid[0] = 0xab;
	start.console.domU.mfn = 77;
	start.console.domU.evtchn = 5;
	cr_assert_eq(evtchn_init(new), 0);
	*its_ring = small_domain_page(new);
	free_before = alloc_free_count();
	cr_assert_eq(store_init_domain(new, *its_ring, &start, its_port), 0);
	cr_assert_gt(*its_port, 0);
	return new;
}

static void setup(void)
{
	small_domains_init();
	d = domain_with_store(1, &ring, &port);
}

TestSuite(store, .init = setup);

/* ---- a guest ---- */

struct message {
	struct pv_store_header h;
	char payload[PV_STORE_PAYLOAD_MAX + 1];
};

static void kick(void)
{
	cr_assert_eq(evtchn_send(d, port), 0);
}

static bool told_guest(void)
{
	bool told = (d->shared->evtchn_pending[0] >> port) & 1;

	d->shared->evtchn_pending[0] = 0;
	return told;
}

/* Put bytes into the ring, with kicks when it is full. */
static void send_bytes(const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (ring->req_prod - ring->req_cons == PV_STORE_RING_SIZE) {
			kick();
			cr_assert_lt(ring->req_prod - ring->req_cons, PV_STORE_RING_SIZE);
		}
		ring->req[ring->req_prod % PV_STORE_RING_SIZE] = ((const char *)bytes)[i];
		ring->req_prod++;
	}
}

static void send_message(u32 type, u32 tx, const void *payload, u32 size)
{
	struct pv_store_header h = { .type = type, .req_id = 1000 + type, .tx_id = tx, .len = size };

	send_bytes(&h, sizeof(h));
	send_bytes(payload, size);
	kick();
}

static bool read_byte(char *to)
{
	if (ring->rsp_prod == ring->rsp_cons) {
		return false;
	}
	*to = ring->rsp[ring->rsp_cons % PV_STORE_RING_SIZE];
	ring->rsp_cons++;
	if (ring->rsp_prod == ring->rsp_cons) {
		kick();
	}
	return true;
}

/* The next message from the server, if there is one. */
static bool receive(struct message *m)
{
	memset(m, 0, sizeof(*m));
	for (u32 i = 0; i < sizeof(m->h); i++) {
		if (!read_byte((char *)&m->h + i)) {
			cr_assert_eq(i, 0, "half a header");
			return false;
		}
	}
	cr_assert_leq(m->h.len, PV_STORE_PAYLOAD_MAX);
	for (u32 i = 0; i < m->h.len; i++) {
		cr_assert(read_byte(m->payload + i), "half a payload");
	}
	return true;
}

/* Send, and take the answer; its type must be the request's or ERROR. */
static struct message *ask_bytes(u32 type, u32 tx, const void *payload, u32 size)
{
	static struct message m;

	send_message(type, tx, payload, size);
	cr_assert(receive(&m), "no answer to type %u", type);
	cr_assert(m.h.type == type || m.h.type == PV_STORE_ERROR);
	cr_assert_eq(m.h.req_id, 1000 + type);
	cr_assert_eq(m.h.tx_id, tx);
	return &m;
}

static struct message *ask_in(u32 tx, u32 type, const char *string)
{
	return ask_bytes(type, tx, string, (u32)strlen(string) + 1);
}

static struct message *ask(u32 type, const char *string)
{
	return ask_in(0, type, string);
}

static struct message *write_in(u32 tx, const char *path, const char *value)
{
	char bytes[PV_STORE_PAYLOAD_MAX];
	size_t size = strlen(path) + 1;

	memcpy(bytes, path, size);
	memcpy(bytes + size, value, strlen(value));
	return ask_bytes(PV_STORE_WRITE, tx, bytes, (u32)(size + strlen(value)));
}

static struct message *ask_two(u32 type, const char *a, const char *b)
{
	char bytes[PV_STORE_PAYLOAD_MAX];
	size_t size = strlen(a) + 1;

	memcpy(bytes, a, size);
	memcpy(bytes + size, b, strlen(b) + 1);
	return ask_bytes(type, 0, bytes, (u32)(size + strlen(b) + 1));
}

#define expect_ok(m)          expect_text(m, "OK")
#define expect_text(m, text)  do_expect_text(m, text, __LINE__)
#define expect_error(m, name) do_expect_error(m, name, __LINE__)

static void do_expect_text(const struct message *m, const char *text, int line)
{
	cr_assert_neq(m->h.type, PV_STORE_ERROR, "line %d: %s", line, m->payload);
	cr_assert_str_eq(m->payload, text, "line %d: %s", line, m->payload);
}

static void do_expect_error(const struct message *m, const char *name, int line)
{
	cr_assert_eq(m->h.type, PV_STORE_ERROR, "line %d", line);
	cr_assert_eq(m->h.len, strlen(name) + 1, "line %d", line);
	cr_assert_str_eq(m->payload, name, "line %d: %s", line, m->payload);
}

static void expect_event(const char *path, const char *token)
{
	struct message m;

	cr_assert(receive(&m), "no event %s", path);
	cr_assert_eq(m.h.type, PV_STORE_WATCH_EVENT);
	cr_assert_eq(m.h.len, strlen(path) + strlen(token) + 2);
	cr_assert_str_eq(m.payload, path);
	cr_assert_str_eq(m.payload + strlen(path) + 1, token);
}

static void expect_silence(void)
{
	struct message m;

	cr_assert_not(receive(&m), "%u: %s", m.h.type, m.payload);
}

/* The books of a tree, done again. */
static void check_tree(const struct store_tree *t)
{
	u8 used[STORE_POOL_SIZE] = { 0 };
	u32 nodes = 0, bytes = 0;

	for (u32 i = 0; i < STORE_NODES; i++) {
		const struct store_node *n = &t->nodes[i];

		if (n->serial == 0) {
			continue;
		}
		nodes++;
		cr_assert_lt(i, t->limit);
		cr_assert(i == STORE_ROOT || t->nodes[n->parent].serial != 0, "an orphan");
		cr_assert_leq(n->serial, n->changed);
		cr_assert_leq(n->changed, t->generation);
		for (u32 at = n->at; at < n->at + n->name_size + n->value_size; at++) {
			cr_assert_not(used[at], "two nodes share a byte");
			used[at] = 1;
			bytes++;
		}
	}
	cr_assert_eq(nodes, t->node_count);
	cr_assert_eq(bytes, t->pool_used);
	for (u32 i = 0; i < bytes; i++) {
		cr_assert(used[i], "a hole in the pool");
	}
}

/* The end: everything is given back. */
static void finish(void)
{
	check_tree(d->store->tree);
	store_fini_domain(d);
	cr_assert_null(d->store);
	evtchn_fini(d);
	cr_assert_geq(alloc_free_count(), free_before);
}

/* ---- what a domain finds ---- */

Test(store, a_domain_finds_what_it_was_given)
{
	expect_text(ask(PV_STORE_READ, "domid"), "1");
	expect_text(ask(PV_STORE_READ, "name"), "one");
	expect_text(ask(PV_STORE_READ, "vm"), "/vm/ab000000-0000-0000-0000-000000000000");
	expect_text(ask(PV_STORE_READ, "/vm/ab000000-0000-0000-0000-000000000000/name"), "one");
	expect_text(ask(PV_STORE_READ, "memory/target"), "16384");
	expect_text(ask(PV_STORE_READ, "memory/static-max"), "16384");
	expect_text(ask(PV_STORE_READ, "cpu/1/availability"), "online");
	expect_error(ask(PV_STORE_READ, "cpu/2/availability"), "ENOENT");
	expect_text(ask(PV_STORE_READ, "/local/domain/1/console/ring-ref"), "77");
	expect_text(ask(PV_STORE_READ, "console/port"), "5");
	expect_text(ask(PV_STORE_READ, "console/type"), "parley");
	cr_assert_eq(ask(PV_STORE_DIRECTORY, "device")->h.len, 0);
	cr_assert_eq(ask(PV_STORE_DIRECTORY, "control")->h.len, 0);
	expect_text(ask(PV_STORE_DIRECTORY, "/local/domain"), "1");
	expect_error(ask(PV_STORE_DIRECTORY, "device/vbd"), "ENOENT");
	cr_assert_eq(ring->server_features, PV_STORE_FEATURE_ERROR);
	finish();
}

Test(store, domains_have_stores_of_their_own)
{
	struct pv_store_ring *other_ring;
	u32 other_port;
	struct domain *other = domain_with_store(2, &other_ring, &other_port);
	char value[8];

	expect_ok(write_in(0, "data/x", "mine"));
	cr_assert_eq(store_read(other, "data/x", value, sizeof(value)), -PV_ENOENT);
	cr_assert_eq(store_read(other, "/local/domain/1/data/x", value, sizeof(value)), -PV_ENOENT);
	expect_error(ask(PV_STORE_READ, "/local/domain/2/name"), "ENOENT");
	expect_text(ask(PV_STORE_DIRECTORY, "/local/domain"), "1");
}

/* ---- messages ---- */

Test(store, writes_and_reads)
{
	struct message *m;

	expect_ok(write_in(0, "data/a/b", "value"));
	expect_text(ask(PV_STORE_READ, "data/a/b"), "value");
	cr_assert_eq(ask(PV_STORE_READ, "data/a/b")->h.len, 5);
	expect_text(ask(PV_STORE_READ, "/local/domain/1/data/a/b"), "value");
	cr_assert_eq(ask(PV_STORE_READ, "data/a")->h.len, 0);
	expect_ok(write_in(0, "data/a/c", ""));
	m = ask(PV_STORE_DIRECTORY, "data/a");
	cr_assert_eq(m->h.len, 4);
	cr_assert_eq(memcmp(m->payload, "b\0c", 4), 0);
	expect_ok(ask_bytes(PV_STORE_WRITE, 0, "data/a/b\0x\0y", 12));
	m = ask(PV_STORE_READ, "data/a/b");
	cr_assert_eq(m->h.len, 3);
	cr_assert_eq(memcmp(m->payload, "x\0y", 3), 0);
	expect_ok(write_in(0, "data/a", "both"));
	expect_text(ask(PV_STORE_READ, "data/a"), "both");
	cr_assert(told_guest());
	finish();
}

Test(store, makes_and_removes)
{
	expect_ok(ask(PV_STORE_MKDIR, "data/x/y/z"));
	expect_ok(write_in(0, "data/x/y", "v"));
	expect_ok(ask(PV_STORE_MKDIR, "data/x/y"));
	expect_text(ask(PV_STORE_READ, "data/x/y"), "v");
	expect_ok(ask(PV_STORE_RM, "data/x"));
	expect_error(ask(PV_STORE_READ, "data/x/y/z"), "ENOENT");
	expect_error(ask(PV_STORE_READ, "data/x"), "ENOENT");
	cr_assert_eq(ask(PV_STORE_DIRECTORY, "data")->h.len, 0);
	expect_ok(ask(PV_STORE_RM, "data/x"));
	expect_error(ask(PV_STORE_RM, "data/x/y"), "ENOENT");
	finish();
}

Test(store, a_guest_changes_only_what_is_below_its_home)
{
	static const char *const others[] = { "/",
					      "/local",
					      "/local/domain/1",
					      "/local/domain/2/x",
					      "/local/domain/10/x",
					      "/local/domain/12",
					      "/tool",
					      "/vm/ab000000-0000-0000-0000-000000000000/name" };

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		expect_error(write_in(0, others[i], "x"), "EACCES");
		expect_error(ask(PV_STORE_MKDIR, others[i]), "EACCES");
		expect_error(ask(PV_STORE_RM, others[i]), "EACCES");
	}
	expect_error(ask_two(PV_STORE_SET_PERMS, "/local/domain/1", "n1"), "EACCES");
	expect_text(ask(PV_STORE_GET_PERMS, "/local/domain/1"), "r0");
	expect_text(ask(PV_STORE_GET_PERMS, "control"), "n1");
	expect_ok(ask_two(PV_STORE_SET_PERMS, "control", "b0"));
	expect_text(ask(PV_STORE_GET_PERMS, "control"), "n1");
	expect_error(ask(PV_STORE_SET_PERMS, "control"), "EINVAL");
	expect_error(ask_two(PV_STORE_SET_PERMS, "nothing", "n1"), "ENOENT");
	finish();
}

Test(store, paths_that_are_none)
{
	static const char *const bad[] = { "",      "a//b", "//",  "/a/",  "a/",  "a b",
					   "a\xff", "a*",   "a.b", "../x", "@x y" };
	char path[600];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		expect_error(write_in(0, bad[i], "x"), "EINVAL");
		expect_error(ask(PV_STORE_READ, bad[i]), "EINVAL");
		expect_error(ask(PV_STORE_DIRECTORY, bad[i]), "EINVAL");
	}
	expect_error(ask_bytes(PV_STORE_READ, 0, "", 0), "EINVAL");
	expect_error(ask_bytes(PV_STORE_READ, 0, "name", 4), "EINVAL");
	memset(path, 'a', sizeof(path));
	for (size_t size = 200; size < 300; size++) {
		char given[300];

		/* Both forms, to the byte: relative ones count with the home before them. */
		memcpy(given, path, size);
		given[size] = '\0';
		expect_error(ask(PV_STORE_READ, given),
			     size + strlen("/local/domain/1/") > 256 ? "E2BIG" : "ENOENT");
		given[0] = '/';
		expect_error(ask(PV_STORE_READ, given), size > 256 ? "E2BIG" : "ENOENT");
	}
	path[256 - strlen("/local/domain/1/")] = '\0';
	expect_ok(write_in(0, path, "the longest"));
	expect_text(ask(PV_STORE_READ, path), "the longest");
	finish();
}

Test(store, the_types_that_are_not_served)
{
	static const u32 forbidden[] = { PV_STORE_CONTROL, PV_STORE_INTRODUCE, PV_STORE_RELEASE,
					 PV_STORE_RESUME, PV_STORE_SET_TARGET };
	static const u32 unknown[] = {
		PV_STORE_WATCH_EVENT, PV_STORE_ERROR, 20, 23, 24, 0xffff, 0x80000001, ~0U
	};

	for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++) {
		expect_error(ask(forbidden[i], "1"), "EACCES");
	}
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		expect_error(ask(unknown[i], "1"), "ENOSYS");
	}
	finish();
}

Test(store, domains_by_number)
{
	static const char *const bad[] = { "", "x", "-1", "1x", "0x1", " 1", "4294967296" };

	expect_text(ask(PV_STORE_GET_DOMAIN_PATH, "1"), "/local/domain/1");
	expect_text(ask(PV_STORE_GET_DOMAIN_PATH, "77"), "/local/domain/77");
	expect_text(ask(PV_STORE_IS_DOMAIN_INTRODUCED, "1"), "T");
	expect_text(ask(PV_STORE_IS_DOMAIN_INTRODUCED, "32752"), "T");
	expect_text(ask(PV_STORE_IS_DOMAIN_INTRODUCED, "2"), "F");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		expect_error(ask(PV_STORE_GET_DOMAIN_PATH, bad[i]), "EINVAL");
		expect_error(ask(PV_STORE_IS_DOMAIN_INTRODUCED, bad[i]), "EINVAL");
	}
	finish();
}

Test(store, a_long_directory_comes_in_parts)
{
	char path[256], offset[16];
	u32 at = 0, names = 0;
	bool more = true;

	for (u32 i = 0; i < 40; i++) {
		snprintf(path, sizeof(path), "data/%0200u", i);
		expect_ok(write_in(0, path, ""));
	}
	expect_error(ask(PV_STORE_DIRECTORY, "data"), "E2BIG");
	while (more) {
		struct message *m;
		const char *name;

		snprintf(offset, sizeof(offset), "%u", at);
		m = ask_two(PV_STORE_DIRECTORY_PART, "data", offset);
		cr_assert_eq(m->h.type, PV_STORE_DIRECTORY_PART);
		name = m->payload + strlen(m->payload) + 1;
		while (name < m->payload + m->h.len) {
			if (*name == '\0') {
				more = false;
				break;
			}
			cr_assert_eq(strtoul(name, NULL, 10), names);
			names++;
			at += (u32)strlen(name) + 1;
			name += strlen(name) + 1;
		}
	}
	cr_assert_eq(names, 40);
	expect_error(ask_two(PV_STORE_DIRECTORY_PART, "data", "99999"), "EINVAL");
	expect_error(ask(PV_STORE_DIRECTORY_PART, "data"), "EINVAL");
	finish();
}

/* ---- watches ---- */

Test(store, a_watch_fires_at_once_and_at_each_change_below)
{
	expect_ok(ask_two(PV_STORE_WATCH, "data", "token"));
	expect_event("data", "token");
	expect_silence();
	expect_ok(write_in(0, "data/a/b", "1"));
	expect_event("data/a/b", "token");
	expect_ok(write_in(0, "data", "1"));
	expect_event("data", "token");
	expect_ok(write_in(0, "database", "1"));
	expect_silence();
	expect_ok(ask(PV_STORE_MKDIR, "data/c"));
	expect_event("data/c", "token");
	expect_ok(ask(PV_STORE_MKDIR, "data/c"));
	expect_silence();
	expect_ok(ask(PV_STORE_RM, "data/a"));
	expect_event("data/a", "token");
	expect_silence();
	expect_ok(ask_two(PV_STORE_UNWATCH, "data", "token"));
	expect_ok(write_in(0, "data", "2"));
	expect_silence();
	expect_error(ask_two(PV_STORE_UNWATCH, "data", "token"), "ENOENT");
	finish();
}

Test(store, a_watch_on_what_is_removed_with_its_parent_fires)
{
	expect_ok(write_in(0, "data/a/b", "1"));
	expect_ok(ask_two(PV_STORE_WATCH, "data/a/b", "low"));
	expect_event("data/a/b", "low");
	expect_ok(ask_two(PV_STORE_WATCH, "/", "top"));
	expect_event("/", "top");
	expect_ok(ask(PV_STORE_RM, "data"));
	expect_event("/local/domain/1/data", "top");
	expect_event("data/a/b", "low");
	expect_silence();
	finish();
}

Test(store, watches_speak_in_the_form_they_were_set_in)
{
	expect_ok(ask_two(PV_STORE_WATCH, "/local/domain/1/data", "abs"));
	expect_event("/local/domain/1/data", "abs");
	expect_ok(ask_two(PV_STORE_WATCH, "data", "rel"));
	expect_event("data", "rel");
	expect_error(ask_two(PV_STORE_WATCH, "data", "rel"), "EEXIST");
	expect_ok(write_in(0, "data/x", "1"));
	expect_event("/local/domain/1/data/x", "abs");
	expect_event("data/x", "rel");
	expect_ok(ask_two(PV_STORE_WATCH, "@releaseDomain", "gone"));
	expect_event("@releaseDomain", "gone");
	expect_error(ask_two(PV_STORE_WATCH, "a b", "t"), "EINVAL");
	expect_error(ask(PV_STORE_WATCH, "data"), "EINVAL");
	expect_error(ask_bytes(PV_STORE_WATCH, 0, "data\0tok", 8), "EINVAL");
	expect_ok(ask_bytes(PV_STORE_RESET_WATCHES, 0, "", 1));
	expect_ok(write_in(0, "data/x", "2"));
	expect_silence();
	finish();
}

Test(store, watches_and_tokens_are_limited)
{
	char token[400];

	for (u32 i = 0; i < STORE_WATCHES; i++) {
		snprintf(token, sizeof(token), "%u", i);
		expect_ok(ask_two(PV_STORE_WATCH, "data", token));
		expect_event("data", token);
	}
	expect_error(ask_two(PV_STORE_WATCH, "data", "more"), "ENOSPC");
	expect_ok(ask_two(PV_STORE_UNWATCH, "data", "7"));
	memset(token, 't', sizeof(token));
	token[STORE_TOKEN_MAX + 1] = '\0';
	expect_error(ask_two(PV_STORE_WATCH, "data", token), "E2BIG");
	token[STORE_TOKEN_MAX] = '\0';
	expect_ok(ask_two(PV_STORE_WATCH, "data", token));
	expect_event("data", token);
	finish();
}

/* ---- transactions ---- */

static u32 begin(void)
{
	struct message *m = ask(PV_STORE_TRANSACTION_START, "");

	cr_assert_eq(m->h.type, PV_STORE_TRANSACTION_START);
	return (u32)strtoul(m->payload, NULL, 10);
}

Test(store, a_transaction_is_done_wholly_or_not_at_all)
{
	u32 tx;

	expect_ok(ask_two(PV_STORE_WATCH, "data", "t"));
	expect_event("data", "t");
	tx = begin();
	expect_ok(write_in(tx, "data/a", "1"));
	expect_text(ask_in(tx, PV_STORE_READ, "data/a"), "1");
	expect_error(ask(PV_STORE_READ, "data/a"), "ENOENT");
	expect_silence();
	expect_ok(ask_in(tx, PV_STORE_TRANSACTION_END, "F"));
	expect_error(ask(PV_STORE_READ, "data/a"), "ENOENT");
	expect_error(ask_in(tx, PV_STORE_READ, "data/a"), "ENOENT");

	tx = begin();
	expect_ok(write_in(tx, "data/a", "2"));
	expect_ok(write_in(tx, "data/b", "3"));
	expect_ok(ask_in(tx, PV_STORE_RM, "data/b"));
	expect_silence();
	expect_ok(ask_in(tx, PV_STORE_TRANSACTION_END, "T"));
	expect_event("data", "t");
	expect_event("data/a", "t");
	expect_silence();
	expect_text(ask(PV_STORE_READ, "data/a"), "2");

	tx = begin();
	expect_ok(ask_in(tx, PV_STORE_RM, "data"));
	expect_ok(ask_in(tx, PV_STORE_TRANSACTION_END, "T"));
	expect_event("data", "t");
	expect_silence();
	expect_error(ask(PV_STORE_READ, "data/a"), "ENOENT");
	finish();
}

Test(store, a_transaction_that_was_overtaken_is_to_be_done_again)
{
	u32 first = begin(), second = begin(), reader;

	expect_ok(write_in(first, "data/a", "1"));
	expect_ok(write_in(second, "data/a", "2"));
	reader = begin();
	expect_ok(ask_in(second, PV_STORE_TRANSACTION_END, "T"));
	expect_error(ask_in(first, PV_STORE_TRANSACTION_END, "T"), "EAGAIN");
	expect_text(ask(PV_STORE_READ, "data/a"), "2");
	expect_error(ask_in(reader, PV_STORE_READ, "data/a"), "ENOENT");
	expect_ok(ask_in(reader, PV_STORE_TRANSACTION_END, "T"));
	finish();
}

Test(store, transactions_in_any_state)
{
	u32 tx = begin();

	expect_error(ask_in(tx, PV_STORE_TRANSACTION_START, ""), "EBUSY");
	expect_error(ask_in(tx + 1, PV_STORE_READ, "name"), "ENOENT");
	expect_error(ask(PV_STORE_TRANSACTION_END, "T"), "ENOENT");
	expect_error(ask_in(tx, PV_STORE_TRANSACTION_END, "X"), "EINVAL");
	expect_error(ask_bytes(PV_STORE_TRANSACTION_END, tx, "", 0), "EINVAL");
	for (u32 i = 1; i < STORE_TRANSACTIONS; i++) {
		(void)begin();
	}
	expect_error(ask(PV_STORE_TRANSACTION_START, ""), "ENOSPC");
	expect_ok(ask_bytes(PV_STORE_RESET_WATCHES, tx, "", 1));
	expect_error(ask_in(tx, PV_STORE_TRANSACTION_END, "T"), "ENOENT");
	(void)begin();
	finish();
}

/* ---- limits ---- */

Test(store, nodes_and_bytes_are_limited_and_some_are_spared_for_us)
{
	static char big[STORE_VALUE_MAX + 2];
	char path[32], value[16];
	u32 made = 0;

	memset(big, 'v', STORE_VALUE_MAX + 1);
	expect_error(write_in(0, "data/big", big), "E2BIG");
	big[STORE_VALUE_MAX] = '\0';
	expect_ok(write_in(0, "data/big", big));
	for (;; made++) {
		struct message *m;

		snprintf(path, sizeof(path), "data/%u", made);
		m = write_in(0, path, big);
		if (m->h.type == PV_STORE_ERROR) {
			expect_error(m, "ENOSPC");
			break;
		}
	}
	cr_assert_gt(made, 15);
	check_tree(d->store->tree);
	expect_ok(write_in(0, "data/big", "less"));
	for (u32 i = 0; i < made; i++) {
		snprintf(path, sizeof(path), "data/%u", i);
		expect_ok(write_in(0, path, ""));
	}
	for (;; made++) {
		struct message *m;

		snprintf(path, sizeof(path), "data/%u", made);
		m = ask(PV_STORE_MKDIR, path);
		if (m->h.type == PV_STORE_ERROR) {
			expect_error(m, "ENOSPC");
			break;
		}
	}
	cr_assert_eq(d->store->tree->node_count, STORE_NODES - STORE_SPARE_NODES);
	expect_error(ask(PV_STORE_MKDIR, "data/a/b/c/d/e/f/g"), "ENOSPC");
	expect_ok(write_in(0, "data/0", "still"));
	cr_assert_eq(store_write(d, "control/shutdown", "poweroff"), 0);
	cr_assert_eq(store_read(d, "control/shutdown", value, sizeof(value)), 8);
	finish();
}

Test(store, a_tree_without_room_for_all_of_a_path_takes_none_of_it)
{
	char path[300] = "data";
	u32 before;

	for (u32 i = 0; i < 100; i++) {
		strcat(path, "/x");
	}
	before = d->store->tree->node_count;
	expect_error(write_in(0, path, "deep"), "ENOSPC");
	cr_assert_eq(d->store->tree->node_count, before);
	path[4 + 2 * 80] = '\0';
	expect_ok(write_in(0, path, "deep"));
	expect_text(ask(PV_STORE_READ, path), "deep");
	expect_ok(ask(PV_STORE_RM, "data"));
	cr_assert_eq(d->store->tree->node_count, before);
	finish();
}

/* ---- the hypervisor's side ---- */

Test(store, the_hypervisor_writes_and_the_guest_is_told)
{
	char value[4];

	expect_ok(ask_two(PV_STORE_WATCH, "control/shutdown", "t"));
	expect_event("control/shutdown", "t");
	(void)told_guest();
	cr_assert_eq(store_write(d, "control/shutdown", "poweroff"), 0);
	cr_assert(told_guest());
	expect_event("control/shutdown", "t");
	expect_text(ask(PV_STORE_READ, "control/shutdown"), "poweroff");
	cr_assert_eq(store_read(d, "control/shutdown", value, sizeof(value)), 8);
	cr_assert_str_eq(value, "pow");
	cr_assert_eq(store_write(d, "/local/domain/0/backend/vbd/1/0/state", "2"), 0);
	expect_text(ask(PV_STORE_READ, "/local/domain/0/backend/vbd/1/0/state"), "2");
	cr_assert_eq(store_write(d, "a b", "x"), -PV_EINVAL);
	cr_assert_eq(store_read(d, "none", value, sizeof(value)), -PV_ENOENT);
	store_fini_domain(d);
	cr_assert_eq(store_write(d, "a", "x"), -PV_ENODEV);
	cr_assert_eq(store_read(d, "a", value, sizeof(value)), -PV_ENODEV);
}

/* ---- guests that do not keep to the rules ---- */

Test(store, a_guest_that_does_not_read_is_not_served_and_loses_nothing)
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
		cr_assert_eq(store_write(d, "data/x", "y"), 0);
	}
	taken = ring->req_cons;
	ring->req_prod += 17;
	kick();
	cr_assert_eq(ring->req_cons, taken);
	ring->req_prod -= 17;
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

Test(store, many_requests_at_one_kick)
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

Test(store, a_request_may_come_byte_by_byte)
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
	u32 prod = ring->rsp_prod;

	cr_assert(d->store->closed);
	cr_assert_eq(ring->error, why);
	cr_assert_eq(store_write(d, "data/x", "y"), 0);
	kick();
	cr_assert_eq(ring->rsp_prod, prod, "nothing more is sent");
	finish();
}

Test(store, a_payload_that_is_too_long_closes_the_connection)
{
	struct pv_store_header h = { .type = PV_STORE_READ, .len = PV_STORE_PAYLOAD_MAX + 1 };

	expect_ok(ask_two(PV_STORE_WATCH, "data", "t"));
	expect_event("data", "t");
	(void)begin();
	send_bytes(&h, sizeof(h));
	kick();
	expect_closed(PV_STORE_ERROR_PROTO);
}

Test(store, the_longest_payload_is_served)
{
	static char payload[PV_STORE_PAYLOAD_MAX];

	memset(payload, 'a', sizeof(payload));
	expect_error(ask_bytes(PV_STORE_READ, 0, payload, sizeof(payload)), "EINVAL");
	payload[sizeof(payload) - 1] = '\0';
	expect_error(ask_bytes(PV_STORE_READ, 0, payload, sizeof(payload)), "E2BIG");
	finish();
}

Test(store, nonsense_in_the_request_index_closes_the_connection)
{
	ring->req_prod = PV_STORE_RING_SIZE + 1;
	kick();
	expect_closed(PV_STORE_ERROR_RINGIDX);
}

Test(store, nonsense_in_the_reply_index_closes_the_connection)
{
	ring->rsp_cons = 1;
	ring->req_prod = 0;
	send_message(PV_STORE_READ, 0, "name", 5);
	expect_closed(PV_STORE_ERROR_RINGIDX);
}

Test(store, our_indices_are_not_believed)
{
	ring->req_cons = 12345;
	ring->rsp_prod = 54321;
	ring->req_prod = 0;
	for (const char *p = "\x02\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0name"; ring->req_prod < 21; p++) {
		ring->req[ring->req_prod++] = *p;
	}
	kick();
	cr_assert_eq(ring->req_cons, 21);
	cr_assert_eq(ring->rsp_prod, 19);
	cr_assert_eq(memcmp(ring->rsp + 16, "one", 3), 0);
	finish();
}

/* Any indices and any bytes: whatever happens stays within the store. */
Test(store, wild_rings)
{
	for (u32 round = 0; round < 3000; round++) {
		struct pv_start_info start = { .nr_pages = 4096 };

		if (d->store == NULL) {
			memset(ring, 0, PAGE_SIZE);
			cr_assert_eq(store_init_domain(d, ring, &start, &port), 0);
		}
		for (u32 i = 0; i < PAGE_SIZE / 4; i++) {
			((u32 *)ring)[i] = random_below(~0U);
		}
		for (u32 i = 0; i < 8 && !d->store->closed; i++) {
			/* Mostly near the truth, else it would only be closed. */
			ring->req_prod = d->store->req_cons +
					 random_below(random_below(4) != 0 ? 1025 : ~0U);
			ring->rsp_cons = d->store->rsp_prod -
					 random_below(random_below(4) != 0 ? 1025 : ~0U);
			ring->req[(d->store->req_cons + 14) % 1024] = 0;
			ring->req[(d->store->req_cons + 15) % 1024] = 0;
			kick();
		}
		check_tree(d->store->tree);
		if (d->store->closed) {
			evtchn_fini(d);
			store_fini_domain(d);
			memset(&d->events, 0, sizeof(d->events));
			cr_assert_eq(evtchn_init(d), 0);
		}
	}
}

/* Well-formed messages with odd contents, in any order. */
Test(store, wild_messages)
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
		while (ring->req_prod != ring->req_cons && receive(&m)) {
		}
		if (round % 64 == 0) {
			check_tree(d->store->tree);
		}
		cr_assert_not(d->store->closed);
	}
	finish();
}

/* Every allocation fails in turn. */
Test(store, without_memory_nothing_is_left_behind)
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
