/* See store_client.h. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <parley/store.h>
#include <parley/types.h>

#include "channel/evtchn.h"
#include "channel/evtchn_ops.h"
#include "domain/store.h"
#include "mm/alloc.h"
#include "small_domain.h"
#include "store_client.h"

struct store_client client;

struct domain *domain_with_store(u16 id, struct pv_store_ring **its_ring, u32 *its_port)
{
	struct pv_start_info start = { .nr_pages = 4096 };
	struct domain *new = small_domain(id, 2);

	strcpy(new->name, "one");
	new->uuid[0] = 0xab;
	start.console.domU.mfn = 77;
	start.console.domU.evtchn = 5;
	cr_assert_eq(evtchn_init(new), 0);
	*its_ring = small_domain_page(new);
	client.free_before = alloc_free_count();
	cr_assert_eq(store_init_domain(new, *its_ring, &start, its_port), 0);
	cr_assert_gt(*its_port, 0);
	for (u32 i = 0; i < new->vcpu_count; i++) {
		cr_assert_eq(store_write_vcpu(new, i, true), 0);
	}
	return new;
}

void store_setup(void)
{
	small_domains_init();
	client.domain = domain_with_store(1, &client.ring, &client.port);
}

void kick(void)
{
	cr_assert_eq(evtchn_send(client.domain, client.port), 0);
}

bool told_guest(void)
{
	bool told = (client.domain->shared->evtchn_pending[0] >> client.port) & 1;

	client.domain->shared->evtchn_pending[0] = 0;
	return told;
}

void send_bytes(const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (client.ring->req_prod - client.ring->req_cons == PV_STORE_RING_SIZE) {
			kick();
			cr_assert_lt(client.ring->req_prod - client.ring->req_cons,
				     PV_STORE_RING_SIZE);
		}
		client.ring->req[client.ring->req_prod % PV_STORE_RING_SIZE] =
			((const char *)bytes)[i];
		client.ring->req_prod++;
	}
}

void send_message(u32 type, u32 tx, const void *payload, u32 size)
{
	struct pv_store_header h = { .type = type, .req_id = 1000 + type, .tx_id = tx, .len = size };

	send_bytes(&h, sizeof(h));
	send_bytes(payload, size);
	kick();
}

static bool read_byte(char *to)
{
	if (client.ring->rsp_prod == client.ring->rsp_cons) {
		return false;
	}
	*to = client.ring->rsp[client.ring->rsp_cons % PV_STORE_RING_SIZE];
	client.ring->rsp_cons++;
	if (client.ring->rsp_prod == client.ring->rsp_cons) {
		kick();
	}
	return true;
}

bool receive(struct message *m)
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

struct message *ask_bytes(u32 type, u32 tx, const void *payload, u32 size)
{
	static struct message m;

	send_message(type, tx, payload, size);
	cr_assert(receive(&m), "no answer to type %u", type);
	cr_assert(m.h.type == type || m.h.type == PV_STORE_ERROR);
	cr_assert_eq(m.h.req_id, 1000 + type);
	cr_assert_eq(m.h.tx_id, tx);
	return &m;
}

struct message *ask_in(u32 tx, u32 type, const char *string)
{
	return ask_bytes(type, tx, string, (u32)strlen(string) + 1);
}

struct message *ask(u32 type, const char *string)
{
	return ask_in(0, type, string);
}

struct message *write_in(u32 tx, const char *path, const char *value)
{
	char bytes[PV_STORE_PAYLOAD_MAX];
	size_t size = strlen(path) + 1;

	memcpy(bytes, path, size);
	memcpy(bytes + size, value, strlen(value));
	return ask_bytes(PV_STORE_WRITE, tx, bytes, (u32)(size + strlen(value)));
}

struct message *ask_two(u32 type, const char *a, const char *b)
{
	char bytes[PV_STORE_PAYLOAD_MAX];
	size_t size = strlen(a) + 1;

	memcpy(bytes, a, size);
	memcpy(bytes + size, b, strlen(b) + 1);
	return ask_bytes(type, 0, bytes, (u32)(size + strlen(b) + 1));
}

void do_expect_text(const struct message *m, const char *text, int line)
{
	cr_assert_neq(m->h.type, PV_STORE_ERROR, "line %d: %s", line, m->payload);
	cr_assert_str_eq(m->payload, text, "line %d: %s", line, m->payload);
}

void do_expect_error(const struct message *m, const char *name, int line)
{
	cr_assert_eq(m->h.type, PV_STORE_ERROR, "line %d", line);
	cr_assert_eq(m->h.len, strlen(name) + 1, "line %d", line);
	cr_assert_str_eq(m->payload, name, "line %d: %s", line, m->payload);
}

void expect_event(const char *path, const char *token)
{
	struct message m;

	cr_assert(receive(&m), "no event %s", path);
	cr_assert_eq(m.h.type, PV_STORE_WATCH_EVENT);
	cr_assert_eq(m.h.len, strlen(path) + strlen(token) + 2);
	cr_assert_str_eq(m.payload, path);
	cr_assert_str_eq(m.payload + strlen(path) + 1, token);
}

void expect_silence(void)
{
	struct message m;

	cr_assert_not(receive(&m), "%u: %s", m.h.type, m.payload);
}

void check_tree(const struct store_tree *t)
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

void finish(void)
{
	check_tree(client.domain->store->tree);
	store_fini_domain(client.domain);
	cr_assert_null(client.domain->store);
	evtchn_fini(client.domain);
	cr_assert_geq(alloc_free_count(), client.free_before);
}

u32 begin(void)
{
	struct message *m = ask(PV_STORE_TRANSACTION_START, "");

	cr_assert_eq(m->h.type, PV_STORE_TRANSACTION_START);
	return (u32)strtoul(m->payload, NULL, 10);
}
