/*
 * A domain with a store and a guest that speaks with it, for test_store*.c: requests by hand
 * through the ring, what must come back, and the books of the tree done again.
 */
#ifndef UNIT_STORE_CLIENT_H
#define UNIT_STORE_CLIENT_H

#include <parley/store.h>
#include <parley/types.h>

#include "domain/store_types.h"

/* The domain that is tested, its store's ring and event channel; free pages before it had one. */
struct store_client {
	struct domain *domain;
	struct pv_store_ring *ring;
	u32 port;
	u64 free_before;
};

extern struct store_client client;

struct message {
	struct pv_store_header h;
	char payload[PV_STORE_PAYLOAD_MAX + 1]; /* ends with a zero */
};

/* A suite's .init: the client is domain 1. */
void store_setup(void);

/* Another domain with a store; *its_ring and *its_port are its ends. */
struct domain *domain_with_store(u16 id, struct pv_store_ring **its_ring, u32 *its_port);

/* The end of a test: the tree's books are right, and everything is given back. */
void finish(void);

/* Nodes, bytes and generations of a tree add up. */
void check_tree(const struct store_tree *t);

/* ---- the client sends ---- */

/* Tell the server; whether it has told the client since the last look. */
void kick(void);
bool told_guest(void);

/* Put bytes into the ring, with kicks when it is full; a whole request, and a kick. */
void send_bytes(const void *bytes, size_t size);
void send_message(u32 type, u32 tx, const void *payload, u32 size);

/* The next message from the server, if there is one. */
bool receive(struct message *m);

/*
 * A request and its answer, whose type is the request's or ERROR and which stays until the next:
 * with any payload; with one string, in a transaction or outside; with two strings; a WRITE.
 */
struct message *ask_bytes(u32 type, u32 tx, const void *payload, u32 size);
struct message *ask_in(u32 tx, u32 type, const char *string);
struct message *ask(u32 type, const char *string);
struct message *ask_two(u32 type, const char *a, const char *b);
struct message *write_in(u32 tx, const char *path, const char *value);

/* Start a transaction: its number. */
u32 begin(void);

/* ---- what must have come ---- */

#define expect_ok(m)          expect_text(m, "OK")
#define expect_text(m, text)  do_expect_text(m, text, __LINE__)
#define expect_error(m, name) do_expect_error(m, name, __LINE__)

void do_expect_text(const struct message *m, const char *text, int line);
void do_expect_error(const struct message *m, const char *name, int line);

/* The next message is a watch's event; there is no message. */
void expect_event(const char *path, const char *token);
void expect_silence(void);

#endif
