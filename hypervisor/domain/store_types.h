/*
 * The parts of a domain's store, for the files store*.c only:
 *   store_tree.c     the nodes
 *   store_ring.c     bytes between the guest's rings and our buffers
 *   store_message.c  messages: arguments, answers, which function
 *   store_nodes.c, store_transaction.c, store_watch.c  what each message does
 *   store.c          a domain's store from beginning to end; the hypervisor's writes
 *
 * Everything is bounded. A message is served only when there is room for the
 * longest reply, so a guest that does not read is not served. Events that find
 * no room are not kept: the watch is marked, and when there is room it fires once
 * with its own path, which says "something below".
 *
 * All fields are protected by the lock but those marked c, constant. No other
 * lock is taken under it but the allocator's and the log's. Events are sent
 * without it.
 */
#ifndef DOMAIN_STORE_TYPES_H
#define DOMAIN_STORE_TYPES_H

#include <parley/store.h>

#include "domain/domain.h"
#include "domain/store_tree.h"

#define STORE_WATCHES      32
#define STORE_TRANSACTIONS 4    /* open at once */
#define STORE_TOKEN_MAX    256  /* of a watch, without the NUL */
#define STORE_QUEUE_SIZE   8192 /* to the guest, a power of two */

struct store_watch {
	u16 path_size, token_size;     /* without the NUL */
	bool relative;                 /* its path was given below the home */
	bool lost;                     /* an event found no room */
	char path[STORE_PATH_MAX + 1]; /* absolute */
	char token[STORE_TOKEN_MAX + 1];
};

struct store_transaction {
	u32 id;                  /* 0: free */
	u64 began;               /* generation of the tree it was copied from */
	struct store_tree *tree; /* its copy */
};

struct domain_store {
	struct spinlock lock;
	struct domain *domain;      /* c */
	struct pv_store_ring *ring; /* c: the guest's page */
	mfn_t frame;                /* c */
	u32 port;                   /* c */
	char home[32];              /* c: /local/domain/ID */
	u32 home_size;              /* c */

	u32 req_cons, rsp_prod; /* what we publish in the ring */
	bool closed;            /* it broke the protocol: served no longer */

	struct store_tree *tree;
	struct store_watch *watches[STORE_WATCHES];
	struct store_transaction transactions[STORE_TRANSACTIONS];
	u32 last_transaction; /* the id given last */

	/* The message that comes in: so many bytes of header and payload so far. */
	u32 have;
	struct pv_store_header header;
	char payload[PV_STORE_PAYLOAD_MAX + 1]; /* with a NUL of ours at its end */

	/* The answer in the making. */
	u32 reply_size;
	char reply[PV_STORE_PAYLOAD_MAX];

	/* [queue_head, queue_tail) are on their way into the ring. */
	u32 queue_head, queue_tail;
	char queue[STORE_QUEUE_SIZE];
};

/* ---- store_ring.c ---- */

/* Serve what has come, send what waits: true if an index moved, so the guest must be told. */
bool store_serve_ring(struct domain_store *s) must_check;

/* Send what waits: true if anything moved. */
bool store_send_ring(struct domain_store *s) must_check;

/* Queue a message of up to two parts: false if there is no room for it. */
bool store_queue_message(struct domain_store *s, const struct pv_store_header *h, const char *a,
			 u32 a_size, const char *b, u32 b_size);

/* ---- store_message.c ---- */

/* Answer the message in header and payload; there is room for any reply. */
void store_handle_message(struct domain_store *s);

/* Forget all transactions. */
void store_drop_transactions(struct domain_store *s);

/*
 * Make a canonical absolute path of what someone gave: 0, -PV_EINVAL or
 * -PV_E2BIG. path has STORE_PATH_MAX + 1 bytes.
 */
int store_make_path(const struct domain_store *s, const char *given, char *path) must_check;

/* ---- store_watch.c ---- */

/* path is absolute. 0, -PV_EEXIST, -PV_ENOSPC (too many) or -PV_ENOMEM. */
int store_watch_add(struct domain_store *s, const char *path, bool relative,
		    const char *token) must_check;

/* 0 or -PV_ENOENT. */
int store_watch_remove(struct domain_store *s, const char *path, const char *token) must_check;

/* All of them, without an event. */
void store_watch_drop_all(struct domain_store *s);

/* The first event of a new watch. */
void store_watch_fire_first(struct domain_store *s, const char *path, const char *token);

/* A node has changed: every watch on it or above it fires. */
void store_watch_fire(struct domain_store *s, const char *path);

/* A node of t, and all below it, go: watches on it or above it fire, and those on the nodes below. */
void store_watch_fire_removal(struct domain_store *s, const struct store_tree *t, u32 node);

/* Fire those whose events found no room, as far as there is room now. */
void store_watch_catch_up(struct domain_store *s);

#endif
