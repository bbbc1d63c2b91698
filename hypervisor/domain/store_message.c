/*
 * What each message to a store does. A request is a header and strings, each
 * ended by a NUL; the reply has its type, number and transaction, or the type
 * ERROR and the name of what is wrong. Events follow the reply to what caused
 * them.
 *
 * A transaction works on a copy of the tree. At its end the copy takes the
 * tree's place if nothing else has changed the tree meanwhile, else nothing
 * happens and the answer is EAGAIN.
 *
 * Read next: store_watch.c.
 */
#include "domain/store_types.h"

#include <parley/errno.h>
#include <parley/types.h>

#include "lib/printf.h"
#include "lib/string.h"
#include "mm/alloc.h"

struct request {
	const char *at;			/* [at, at + left): what is not yet taken of the payload */
	u32 left;
	struct store_transaction *tx;	/* NULL: none */
	struct store_tree *tree;	/* that it works on */
	char path[STORE_PATH_MAX + 1];
	bool relative;			/* the path was given below the home */
	void (*then)(struct domain_store *s, struct request *q);	/* after the reply; or NULL */
	const char *token;		/* for then */
	u32 node;			/* for then */
};

/* ---- arguments ---- */

static bool is_path_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '/' || c == '_' || c == '@';
}

/* Names of one byte or more, each with one '/' in front; or "/" alone. */
static bool is_canonical(const char *path)
{
	if (path[0] == '/' && path[1] == '\0') {
		return true;
	}
	for (u32 i = 0; path[i] != '\0'; i++) {
		if (!is_path_char(path[i]) ||
		    (path[i] == '/' && (path[i + 1] == '/' || path[i + 1] == '\0'))) {
			return false;
		}
	}
	return true;
}

int store_make_path(const struct domain_store *s, const char *given, char *path)
{
	size_t size = strnlen(given, STORE_PATH_MAX + 1);

	if (given[0] != '/') {
		size += s->home_size + 1;
	}
	if (size > STORE_PATH_MAX) {
		return -PV_E2BIG;
	}
	snprintf(path, STORE_PATH_MAX + 1, "%s%s%s", given[0] == '/' ? "" : s->home,
		 given[0] == '/' ? "" : "/", given);
	return is_canonical(path) ? 0 : -PV_EINVAL;
}

/* The next string of the payload, or NULL. */
static const char *take_string(struct request *q)
{
	const char *string = q->at;
	const char *end = memchr(string, '\0', q->left);

	if (end == NULL) {
		return NULL;
	}
	q->left -= (u32)(end + 1 - string);
	q->at = end + 1;
	return string;
}

static int take_path(const struct domain_store *s, struct request *q)
{
	const char *given = take_string(q);

	if (given == NULL) {
		return -PV_EINVAL;
	}
	q->relative = given[0] != '/';
	return store_make_path(s, given, q->path);
}

/* The path of a node that exists, as the only argument or the first. */
static int take_node(const struct domain_store *s, struct request *q)
{
	int rc = take_path(s, q);

	if (rc == 0) {
		q->node = store_tree_find(q->tree, q->path);
		rc = q->node == STORE_NO_NODE ? -PV_ENOENT : 0;
	}
	return rc;
}

/* A number in base 10 that fits 32 bits. */
static int take_number(struct request *q, u32 *number)
{
	const char *text = take_string(q);
	u64 value;

	if (text == NULL || text[0] < '0' || text[0] > '9' || text[1] == 'x' ||
	    !string_to_u64(text, &value) || value > ~0U) {
		return -PV_EINVAL;
	}
	*number = (u32)value;
	return 0;
}

/* A guest may change what is strictly below its home. */
static bool is_own(const struct domain_store *s, const char *path)
{
	return strncmp(path, s->home, s->home_size) == 0 && path[s->home_size] == '/';
}

/* ---- the answer ---- */

/* Add to the reply: 0, or -PV_E2BIG if there is no room. */
static int reply(struct domain_store *s, const void *bytes, u32 size)
{
	if (size > sizeof(s->reply) - s->reply_size) {
		return -PV_E2BIG;
	}
	memcpy(s->reply + s->reply_size, bytes, size);
	s->reply_size += size;
	return 0;
}

static int reply_string(struct domain_store *s, const char *string)
{
	return reply(s, string, (u32)strlen(string) + 1);
}

static int reply_ok(struct domain_store *s)
{
	return reply_string(s, "OK");
}

static printf_like(2, 3) int reply_format(struct domain_store *s, const char *fmt, ...)
{
	char text[64];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return reply_string(s, text);
}

/* ---- reading ---- */

static int do_read(struct domain_store *s, struct request *q)
{
	int rc = take_node(s, q);

	return rc != 0 ? rc : reply(s, store_tree_value(q->tree, q->node),
				    q->tree->nodes[q->node].value_size);
}

/* The names of children from byte `from` of their list on, as many whole ones as fit. */
static int reply_children(struct domain_store *s, const struct request *q, u32 from, bool *all)
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
			(void)reply(s, store_tree_name(t, i), size);
			(void)reply(s, "", 1);
		}
		at += size + 1;
	}
	*all = true;
	return from > at ? -PV_EINVAL : 0;
}

static int do_directory(struct domain_store *s, struct request *q)
{
	bool all;
	int rc = take_node(s, q);

	if (rc == 0) {
		rc = reply_children(s, q, 0, &all);
	}
	return rc != 0 ? rc : all ? 0 : -PV_E2BIG;
}

/* path, offset: the tree's generation, then names; an empty one after the last. */
static int do_directory_part(struct domain_store *s, struct request *q)
{
	u32 from;
	bool all;
	int rc = take_node(s, q);

	if (rc == 0) {
		rc = take_number(q, &from);
	}
	if (rc == 0) {
		rc = reply_format(s, "%lu", (unsigned long)q->tree->generation);
	}
	if (rc == 0) {
		rc = reply_children(s, q, from, &all);
	}
	if (rc == 0 && all) {
		(void)reply(s, "", 1);	/* no room: the next part is empty but for it */
	}
	return rc;
}

static int do_get_perms(struct domain_store *s, struct request *q)
{
	int rc = take_node(s, q);

	if (rc != 0) {
		return rc;
	}
	return is_own(s, q->path) ? reply_format(s, "n%u", (u32)s->domain->id) :
				    reply_string(s, "r0");
}

static int do_get_domain_path(struct domain_store *s, struct request *q)
{
	u32 id;
	int rc = take_number(q, &id);

	return rc != 0 ? rc : reply_format(s, "/local/domain/%u", id);
}

/* A domain's store knows of that domain only. */
static int do_is_domain_introduced(struct domain_store *s, struct request *q)
{
	u32 id;
	int rc = take_number(q, &id);

	return rc != 0 ? rc : reply_string(s, id == s->domain->id || id == PV_DOMID_SELF ? "T" : "F");
}

/* ---- changing ---- */

static void then_fire(struct domain_store *s, struct request *q)
{
	store_watch_fire(s, q->path);
}

/* What has changed outside of transactions is told once the reply is on its way. */
static int changed(struct domain_store *s, struct request *q,
		   void (*then)(struct domain_store *s, struct request *q))
{
	if (q->tx == NULL) {
		q->then = then;
	}
	return reply_ok(s);
}

static int do_write(struct domain_store *s, struct request *q)
{
	int rc = take_path(s, q);

	if (rc == 0 && !is_own(s, q->path)) {
		rc = -PV_EACCES;
	}
	if (rc == 0) {
		rc = store_tree_write(q->tree, q->path, q->at, q->left, false);
	}
	return rc != 0 ? rc : changed(s, q, then_fire);
}

static int do_mkdir(struct domain_store *s, struct request *q)
{
	int rc = take_path(s, q);

	if (rc == 0 && !is_own(s, q->path)) {
		rc = -PV_EACCES;
	}
	if (rc == 0 && store_tree_find(q->tree, q->path) != STORE_NO_NODE) {
		return reply_ok(s);
	}
	if (rc == 0) {
		rc = store_tree_write(q->tree, q->path, "", 0, false);
	}
	return rc != 0 ? rc : changed(s, q, then_fire);
}

/* A node of t, and those below it, go: each that is watched is told of. */
static void fire_removal(struct domain_store *s, const struct store_tree *t, u32 node)
{
	char path[STORE_PATH_MAX + 1];

	store_tree_path(t, node, path);
	store_watch_fire(s, path);
	for (u32 i = STORE_ROOT + 1; i < t->limit; i++) {
		if (t->nodes[i].serial != 0 && store_tree_is_below(t, i, node)) {
			store_tree_path(t, i, path);
			store_watch_fire_exact(s, path);
		}
	}
}

static void then_remove(struct domain_store *s, struct request *q)
{
	fire_removal(s, q->tree, q->node);
	store_tree_remove(q->tree, q->node);
}

/* What is not there is removed well, if it could be there. */
static int check_parent(struct request *q)
{
	char *slash = strrchr(q->path, '/');

	*slash = '\0';
	return store_tree_find(q->tree, q->path) == STORE_NO_NODE ? -PV_ENOENT : 0;
}

static int do_rm(struct domain_store *s, struct request *q)
{
	int rc = take_path(s, q);

	if (rc == 0 && !is_own(s, q->path)) {
		rc = -PV_EACCES;
	}
	if (rc != 0) {
		return rc;
	}
	q->node = store_tree_find(q->tree, q->path);
	if (q->node == STORE_NO_NODE) {
		rc = check_parent(q);
		return rc != 0 ? rc : reply_ok(s);
	}
	if (q->tx != NULL) {
		store_tree_remove(q->tree, q->node);
	}
	return changed(s, q, then_remove);
}

/* Permissions are fixed: a guest may set those of its nodes, and nothing comes of it. */
static int do_set_perms(struct domain_store *s, struct request *q)
{
	int rc = take_node(s, q);

	if (rc == 0 && !is_own(s, q->path)) {
		rc = -PV_EACCES;
	}
	if (rc == 0 && (q->left < 2 || strchr("wrbn", q->at[0]) == NULL)) {
		rc = -PV_EINVAL;
	}
	return rc != 0 ? rc : reply_ok(s);
}

/* ---- watches ---- */

/* The path of a watch; names with '@' in front stand for what never happens here. */
static int take_watch(const struct domain_store *s, struct request *q)
{
	int rc;

	if (q->left > 0 && q->at[0] == '@') {
		const char *name = take_string(q);

		if (name == NULL || !string_copy(q->path, name, sizeof(q->path))) {
			return -PV_EINVAL;
		}
		q->relative = false;
		rc = 0;
	} else {
		rc = take_path(s, q);
	}
	q->token = rc == 0 ? take_string(q) : NULL;
	return rc == 0 && q->token == NULL ? -PV_EINVAL : rc;
}

static void then_fire_first(struct domain_store *s, struct request *q)
{
	store_watch_fire_first(s, q->path, q->token);
}

static int do_watch(struct domain_store *s, struct request *q)
{
	int rc = take_watch(s, q);

	if (rc == 0) {
		rc = store_watch_add(s, q->path, q->relative, q->token);
	}
	if (rc != 0) {
		return rc;
	}
	q->then = then_fire_first;
	return reply_ok(s);
}

static int do_unwatch(struct domain_store *s, struct request *q)
{
	int rc = take_watch(s, q);

	if (rc == 0) {
		rc = store_watch_remove(s, q->path, q->token);
	}
	return rc != 0 ? rc : reply_ok(s);
}

static int do_reset_watches(struct domain_store *s, struct request *q)
{
	store_watch_drop_all(s);
	store_drop_transactions(s);
	return reply_ok(s);
}

/* ---- transactions ---- */

static struct store_transaction *find_transaction(struct domain_store *s, u32 id)
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

static int do_transaction_start(struct domain_store *s, struct request *q)
{
	struct store_transaction *tx = find_transaction(s, 0);

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
	} while (tx->id == 0 || find_transaction(s, tx->id) != tx);
	return reply_format(s, "%u", tx->id);
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
			fire_removal(s, was, i);
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

static void then_commit(struct domain_store *s, struct request *q)
{
	struct store_tree *was = s->tree;

	s->tree = q->tx->tree;
	fire_removed(s, was, s->tree);
	fire_changed(s, s->tree, q->tx->began);
	q->tx->tree = was;
	drop_transaction(q->tx);
}

static int do_transaction_end(struct domain_store *s, struct request *q)
{
	const char *how = take_string(q);
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
		return reply_ok(s);
	}
	drop_transaction(q->tx);
	return how[0] == 'T' && dirty ? -PV_EAGAIN : reply_ok(s);
}

/* ---- the message ---- */

static int do_forbidden(struct domain_store *s, struct request *q)
{
	return -PV_EACCES;
}

static int (*const actions[])(struct domain_store *s, struct request *q) = {
	[PV_STORE_CONTROL] = do_forbidden,
	[PV_STORE_DIRECTORY] = do_directory,
	[PV_STORE_READ] = do_read,
	[PV_STORE_GET_PERMS] = do_get_perms,
	[PV_STORE_WATCH] = do_watch,
	[PV_STORE_UNWATCH] = do_unwatch,
	[PV_STORE_TRANSACTION_START] = do_transaction_start,
	[PV_STORE_TRANSACTION_END] = do_transaction_end,
	[PV_STORE_INTRODUCE] = do_forbidden,
	[PV_STORE_RELEASE] = do_forbidden,
	[PV_STORE_GET_DOMAIN_PATH] = do_get_domain_path,
	[PV_STORE_WRITE] = do_write,
	[PV_STORE_MKDIR] = do_mkdir,
	[PV_STORE_RM] = do_rm,
	[PV_STORE_SET_PERMS] = do_set_perms,
	[PV_STORE_IS_DOMAIN_INTRODUCED] = do_is_domain_introduced,
	[PV_STORE_RESUME] = do_forbidden,
	[PV_STORE_SET_TARGET] = do_forbidden,
	[PV_STORE_RESET_WATCHES] = do_reset_watches,
	[PV_STORE_DIRECTORY_PART] = do_directory_part,
};

static const char *error_name(int rc)
{
	switch (-rc) {
	case PV_ENOENT:
		return "ENOENT";
	case PV_E2BIG:
		return "E2BIG";
	case PV_EAGAIN:
		return "EAGAIN";
	case PV_ENOMEM:
		return "ENOMEM";
	case PV_EACCES:
		return "EACCES";
	case PV_EBUSY:
		return "EBUSY";
	case PV_EEXIST:
		return "EEXIST";
	case PV_ENOSPC:
		return "ENOSPC";
	case PV_ENOSYS:
		return "ENOSYS";
	default:
		return "EINVAL";
	}
}

static int act(struct domain_store *s, struct request *q)
{
	const struct pv_store_header *h = &s->header;

	if (h->type >= ARRAY_SIZE(actions) || actions[h->type] == NULL) {
		return -PV_ENOSYS;
	}
	q->tree = s->tree;
	if (h->tx_id != 0) {
		q->tx = find_transaction(s, h->tx_id);
		if (q->tx == NULL) {
			return -PV_ENOENT;
		}
		q->tree = q->tx->tree;
	}
	return actions[h->type](s, q);
}

void store_handle_message(struct domain_store *s)
{
	struct request q = { .at = s->payload, .left = s->header.len };
	struct pv_store_header h = s->header;
	int rc;

	s->payload[h.len] = '\0';
	s->reply_size = 0;
	rc = act(s, &q);
	if (rc != 0) {
		s->reply_size = 0;
		h.type = PV_STORE_ERROR;
		(void)reply_string(s, error_name(rc));
	}
	h.len = s->reply_size;
	/* There is room: a message is taken only when the longest reply fits. */
	store_queue_message(s, &h, s->reply, s->reply_size, NULL, 0);
	if (rc == 0 && q.then != NULL) {
		q.then(s, &q);
	}
}
