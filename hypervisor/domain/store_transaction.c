/*
 * Transactions. One works on a copy of the tree. At its end the copy takes the
 * tree's place if nothing else has changed the tree meanwhile, else nothing
 * happens and the answer is EAGAIN; so it is done wholly or not at all, and
 * nobody sees half of it. What only reads always ends well.
 *
 * Read next: store_watch.c.
 */
#include "domain/store_message.h"

#include <parley/errno.h>

#include "lib/string.h"
#include "mm/alloc.h"

struct store_transaction *store_find_transaction(struct domain_store *s, u32 id)
{
	for (u32 i = 0; i < STORE_TRANSACTIONS; i++) {
		if (s->transactions[i].id == id) {
			return &s->transactions[i];
		}
	}
	return NULL;
}

static void drop_transaction(struct store_transaction *tx)
{
	if (tx->id != 0) {
		heap_free(tx->tree, sizeof(*tx->tree));
		*tx = (struct store_transaction){ 0 };
	}
}

void store_drop_transactions(struct domain_store *s)
{
	for (u32 i = 0; i < STORE_TRANSACTIONS; i++) {
		drop_transaction(&s->transactions[i]);
	}
}

int store_do_transaction_start(struct domain_store *s, struct store_request *q)
{
	struct store_transaction *tx = store_find_transaction(s, 0);

	if (q->tx != NULL) {
		return -PV_EBUSY;
	}
	if (tx == NULL) {
		return -PV_ENOSPC;
	}
	tx->tree = heap_alloc(sizeof(*tx->tree));
	if (tx->tree == NULL) {
		return -PV_ENOMEM;
	}
	memcpy(tx->tree, s->tree, sizeof(*tx->tree));
	tx->began = s->tree->generation;
	do {
		tx->id = ++s->last_transaction;
	} while (tx->id == 0 || store_find_transaction(s, tx->id) != tx);
	return store_reply_format(s, "%u", tx->id);
}

/* A node of `was` is still the same one in `is`. */
static bool is_kept(const struct store_tree *was, const struct store_tree *is, u32 i)
{
	return is->nodes[i].serial == was->nodes[i].serial;
}

/* Tell of what goes by a change of trees. */
static void fire_removed(struct domain_store *s, const struct store_tree *was,
			 const struct store_tree *is)
{
	for (u32 i = STORE_ROOT + 1; i < was->limit; i++) {
		if (was->nodes[i].serial != 0 && !is_kept(was, is, i) &&
		    is_kept(was, is, was->nodes[i].parent)) {
			store_watch_fire_removal(s, was, i);
		}
	}
}

/* Tell of what is new or has another value. */
static void fire_changed(struct domain_store *s, const struct store_tree *is, u64 began)
{
	char path[STORE_PATH_MAX + 1];

	for (u32 i = STORE_ROOT + 1; i < is->limit; i++) {
		if (is->nodes[i].serial != 0 && is->nodes[i].changed > began) {
			store_tree_path(is, i, path);
			store_watch_fire(s, path);
		}
	}
}

static void then_commit(struct domain_store *s, struct store_request *q)
{
	struct store_tree *was = s->tree;

	s->tree = q->tx->tree;
	fire_removed(s, was, s->tree);
	fire_changed(s, s->tree, q->tx->began);
	q->tx->tree = was;
	drop_transaction(q->tx);
}

int store_do_transaction_end(struct domain_store *s, struct store_request *q)
{
	const char *how = store_take_string(q);
	bool dirty;

	if (q->tx == NULL) {
		return -PV_ENOENT;
	}
	if (how == NULL || (strcmp(how, "T") != 0 && strcmp(how, "F") != 0)) {
		return -PV_EINVAL;
	}
	dirty = q->tx->tree->generation != q->tx->began;
	if (how[0] == 'T' && dirty && s->tree->generation == q->tx->began) {
		q->then = then_commit;
		return store_reply_ok(s);
	}
	drop_transaction(q->tx);
	return how[0] == 'T' && dirty ? -PV_EAGAIN : store_reply_ok(s);
}
