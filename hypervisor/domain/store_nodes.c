/*
 * What messages do to the nodes of a store: read, list, write, make, remove.
 *
 * Permissions are fixed: a guest reads everything in its store and changes what
 * is strictly below its home.
 *
 * Read next: store_transaction.c.
 */
#include "domain/store_message.h"

#include <parley/errno.h>

#include "lib/string.h"

/* ---- reading ---- */

int store_do_read(struct domain_store *s, struct store_request *q)
{
	int rc = store_take_node(s, q);

	return rc != 0 ? rc :
			 store_reply(s, store_tree_value(q->tree, q->node),
				     q->tree->nodes[q->node].value_size);
}

/* The names of children from byte `from` of their list on, as many whole ones as fit. */
static int reply_children(struct domain_store *s, const struct store_request *q, u32 from,
			  bool *all)
{
	const struct store_tree *t = q->tree;
	u32 at = 0, i = store_tree_next_child(t, q->node, STORE_ROOT);

	*all = false;
	for (; i != STORE_NO_NODE; i = store_tree_next_child(t, q->node, i)) {
		u32 size = t->nodes[i].name_size;

		if (at >= from) {
			if (size + 1 > sizeof(s->reply) - s->reply_size) {
				return 0;
			}
			(void)store_reply(s, store_tree_name(t, i), size);
			(void)store_reply(s, "", 1);
		}
		at += size + 1;
	}
	*all = true;
	return from > at ? -PV_EINVAL : 0;
}

int store_do_directory(struct domain_store *s, struct store_request *q)
{
	bool all;
	int rc = store_take_node(s, q);

	if (rc == 0) {
		rc = reply_children(s, q, 0, &all);
	}
	return rc != 0 ? rc : all ? 0 : -PV_E2BIG;
}

/* path, offset: the tree's generation, then names; an empty one after the last. */
int store_do_directory_part(struct domain_store *s, struct store_request *q)
{
	u32 from;
	bool all;
	int rc = store_take_node(s, q);

	if (rc == 0) {
		rc = store_take_number(q, &from);
	}
	if (rc == 0) {
		rc = store_reply_format(s, "%lu", (unsigned long)q->tree->generation);
	}
	if (rc == 0) {
		rc = reply_children(s, q, from, &all);
	}
	if (rc == 0 && all) {
		(void)store_reply(s, "", 1); /* no room: the next part is empty but for it */
	}
	return rc;
}

int store_do_get_perms(struct domain_store *s, struct store_request *q)
{
	int rc = store_take_node(s, q);

	if (rc != 0) {
		return rc;
	}
	return store_is_own(s, q->path) ? store_reply_format(s, "n%u", (u32)s->domain->id) :
					  store_reply_string(s, "r0");
}

/* ---- changing ---- */

static void then_fire(struct domain_store *s, struct store_request *q)
{
	store_watch_fire(s, q->path);
}

/* What has changed outside of transactions is told once the reply is on its way. */
static int changed(struct domain_store *s, struct store_request *q,
		   void (*then)(struct domain_store *s, struct store_request *q))
{
	if (q->tx == NULL) {
		q->then = then;
	}
	return store_reply_ok(s);
}

int store_do_write(struct domain_store *s, struct store_request *q)
{
	int rc = store_take_path(s, q);

	if (rc == 0 && !store_is_own(s, q->path)) {
		rc = -PV_EACCES;
	}
	if (rc == 0) {
		rc = store_tree_write(q->tree, q->path, q->at, q->left, false);
	}
	return rc != 0 ? rc : changed(s, q, then_fire);
}

int store_do_mkdir(struct domain_store *s, struct store_request *q)
{
	int rc = store_take_path(s, q);

	if (rc == 0 && !store_is_own(s, q->path)) {
		rc = -PV_EACCES;
	}
	if (rc == 0 && store_tree_find(q->tree, q->path) != STORE_NO_NODE) {
		return store_reply_ok(s);
	}
	if (rc == 0) {
		rc = store_tree_write(q->tree, q->path, "", 0, false);
	}
	return rc != 0 ? rc : changed(s, q, then_fire);
}

/* A node of t, and those below it, go: each that is watched is told of. */
static void then_remove(struct domain_store *s, struct store_request *q)
{
	store_watch_fire_removal(s, q->tree, q->node);
	store_tree_remove(q->tree, q->node);
}

/* What is not there is removed well, if it could be there. */
static int check_parent(struct store_request *q)
{
	char *slash = strrchr(q->path, '/');

	*slash = '\0';
	return store_tree_find(q->tree, q->path) == STORE_NO_NODE ? -PV_ENOENT : 0;
}

int store_do_rm(struct domain_store *s, struct store_request *q)
{
	int rc = store_take_path(s, q);

	if (rc == 0 && !store_is_own(s, q->path)) {
		rc = -PV_EACCES;
	}
	if (rc != 0) {
		return rc;
	}
	q->node = store_tree_find(q->tree, q->path);
	if (q->node == STORE_NO_NODE) {
		rc = check_parent(q);
		return rc != 0 ? rc : store_reply_ok(s);
	}
	if (q->tx != NULL) {
		store_tree_remove(q->tree, q->node);
	}
	return changed(s, q, then_remove);
}

/* Permissions are fixed: a guest may set those of its nodes, and nothing comes of it. */
int store_do_set_perms(struct domain_store *s, struct store_request *q)
{
	int rc = store_take_node(s, q);

	if (rc == 0 && !store_is_own(s, q->path)) {
		rc = -PV_EACCES;
	}
	if (rc == 0 && (q->left < 2 || strchr("wrbn", q->at[0]) == NULL)) {
		rc = -PV_EINVAL;
	}
	return rc != 0 ? rc : store_reply_ok(s);
}
