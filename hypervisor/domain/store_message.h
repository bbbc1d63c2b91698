/*
 * A message to a store: taking its arguments, making its answer, and what
 * each type does. All with the store's lock held.
 *
 * A store_do_ function gets the request with its transaction and tree filled
 * in, and returns 0 with the payload of its answer made, or -errno with
 * nothing changed.
 */
#ifndef DOMAIN_STORE_MESSAGE_H
#define DOMAIN_STORE_MESSAGE_H

#include "domain/store_types.h"

struct store_request {
	const char *at; /* [at, at + left): what is not yet taken of the payload */
	u32 left;
	struct store_transaction *tx; /* NULL: none */
	struct store_tree *tree;      /* that it works on */
	char path[STORE_PATH_MAX + 1];
	bool relative; /* the path was given below the home */
	u32 node;      /* of the path */
	const char *token;
	/* Done once the answer is on its way: events follow it. NULL: nothing. */
	void (*then)(struct domain_store *s, struct store_request *q);
};

/* ---- store_message.c: arguments; -PV_EINVAL if they are not there ---- */

/* The next string of the payload, or NULL. */
const char *store_take_string(struct store_request *q) must_check;

/* A path, made canonical in q->path. */
int store_take_path(const struct domain_store *s, struct store_request *q) must_check;

/* A path whose node exists, to q->node; or -PV_ENOENT. */
int store_take_node(const struct domain_store *s, struct store_request *q) must_check;

/* A number in base 10 that fits 32 bits. */
int store_take_number(struct store_request *q, u32 *number) must_check;

/* A guest may change what is strictly below its home. */
bool store_is_own(const struct domain_store *s, const char *path) must_check;

/* ---- store_message.c: the answer; 0, or -PV_E2BIG if there is no room ---- */

int store_reply(struct domain_store *s, const void *bytes, u32 size);
int store_reply_string(struct domain_store *s, const char *string); /* with its NUL */
int store_reply_format(struct domain_store *s, const char *fmt, ...) printf_like(2, 3);
int store_reply_ok(struct domain_store *s);

/*
 * ---- the types of messages, a function each: takes its arguments from q, does it, replies; 0, or the
 * -PV_E* that goes to the guest, and nothing was changed. The connection's lock is held. ----
 */

/* ---- store_nodes.c ---- */

int store_do_read(struct domain_store *s, struct store_request *q);
int store_do_directory(struct domain_store *s, struct store_request *q);
int store_do_directory_part(struct domain_store *s, struct store_request *q);
int store_do_get_perms(struct domain_store *s, struct store_request *q);
int store_do_set_perms(struct domain_store *s, struct store_request *q);
int store_do_write(struct domain_store *s, struct store_request *q);
int store_do_mkdir(struct domain_store *s, struct store_request *q);
int store_do_rm(struct domain_store *s, struct store_request *q);

/* ---- store_watch.c ---- */

int store_do_watch(struct domain_store *s, struct store_request *q);
int store_do_unwatch(struct domain_store *s, struct store_request *q);

/* ---- store_transaction.c ---- */

int store_do_transaction_start(struct domain_store *s, struct store_request *q);
int store_do_transaction_end(struct domain_store *s, struct store_request *q);

/* The open transaction of that number, or NULL. */
struct store_transaction *store_find_transaction(struct domain_store *s, u32 id) must_check;

#endif
