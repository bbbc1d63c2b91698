/* Watches: who is told of a change. What is done with events that find no room: store_types.h. */
#include "domain/store_message.h"

#include <parley/errno.h>

#include "lib/string.h"
#include "mm/alloc.h"

static u32 find(const struct domain_store *s, const char *path, const char *token)
{
	u32 i = 0;

	while (i < STORE_WATCHES &&
	       (s->watches[i] == NULL || strcmp(s->watches[i]->path, path) != 0 ||
		strcmp(s->watches[i]->token, token) != 0)) {
		i++;
	}
	return i;
}

int store_watch_add(struct domain_store *s, const char *path, bool relative, const char *token)
{
	struct store_watch *w;
	u32 i = 0;

	if (strlen(token) > STORE_TOKEN_MAX) {
		return -PV_E2BIG;
	}
	if (find(s, path, token) < STORE_WATCHES) {
		return -PV_EEXIST;
	}
	while (i < STORE_WATCHES && s->watches[i] != NULL) {
		i++;
	}
	if (i == STORE_WATCHES) {
		return -PV_ENOSPC;
	}
	w = heap_alloc(sizeof(*w));
	if (w == NULL) {
		return -PV_ENOMEM;
	}
	string_copy(w->path, path, sizeof(w->path));
	string_copy(w->token, token, sizeof(w->token));
	w->path_size = (u16)strlen(w->path);
	w->token_size = (u16)strlen(w->token);
	w->relative = relative;
	s->watches[i] = w;
	return 0;
}

static void drop(struct domain_store *s, u32 i)
{
	heap_free(s->watches[i], sizeof(*s->watches[i]));
	s->watches[i] = NULL;
}

int store_watch_remove(struct domain_store *s, const char *path, const char *token)
{
	u32 i = find(s, path, token);

	if (i == STORE_WATCHES) {
		return -PV_ENOENT;
	}
	drop(s, i);
	return 0;
}

void store_watch_drop_all(struct domain_store *s)
{
	for (u32 i = 0; i < STORE_WATCHES; i++) {
		if (s->watches[i] != NULL) {
			drop(s, i);
		}
	}
}

/* A path reaches its watcher in the form in which it watches: below the home or from the root. */
static void send_event(struct domain_store *s, struct store_watch *w, const char *path)
{
	struct pv_store_header h = { .type = PV_STORE_WATCH_EVENT };
	u32 size;

	if (w->relative) {
		path += s->home_size + 1;
	}
	size = (u32)strlen(path) + 1;
	h.len = size + w->token_size + 1;
	w->lost = !store_queue_message(s, &h, path, size, w->token, w->token_size + 1U);
}

void store_watch_fire_first(struct domain_store *s, const char *path, const char *token)
{
	u32 i = find(s, path, token);

	if (i < STORE_WATCHES) {
		send_event(s, s->watches[i], path);
	}
}

/* The watch is on the node of this path or on one above it. */
static bool covers(const struct store_watch *w, const char *path)
{
	if (w->path_size == 1) {
		return w->path[0] == '/';
	}
	return strncmp(path, w->path, w->path_size) == 0 &&
	       (path[w->path_size] == '\0' || path[w->path_size] == '/');
}

void store_watch_fire(struct domain_store *s, const char *path)
{
	for (u32 i = 0; i < STORE_WATCHES; i++) {
		struct store_watch *w = s->watches[i];

		if (w != NULL && !w->lost && covers(w, path)) {
			send_event(s, w, path);
		}
	}
}

static void fire_exact(struct domain_store *s, const char *path)
{
	for (u32 i = 0; i < STORE_WATCHES; i++) {
		struct store_watch *w = s->watches[i];

		if (w != NULL && !w->lost && strcmp(w->path, path) == 0) {
			send_event(s, w, path);
		}
	}
}

void store_watch_catch_up(struct domain_store *s)
{
	for (u32 i = 0; i < STORE_WATCHES; i++) {
		struct store_watch *w = s->watches[i];

		if (w != NULL && w->lost) {
			send_event(s, w, w->path);
		}
	}
}

void store_watch_fire_removal(struct domain_store *s, const struct store_tree *t, u32 node)
{
	char path[STORE_PATH_MAX + 1];

	store_tree_path(t, node, path);
	store_watch_fire(s, path);
	for (u32 i = STORE_ROOT + 1; i < t->limit; i++) {
		if (t->nodes[i].serial != 0 && store_tree_is_below(t, i, node)) {
			store_tree_path(t, i, path);
			fire_exact(s, path);
		}
	}
}

/* ---- the messages ---- */

/* The path of a watch; names with '@' in front stand for what never happens here. */
static int take_watch(const struct domain_store *s, struct store_request *q)
{
	int rc;

	if (q->left > 0 && q->at[0] == '@') {
		const char *name = store_take_string(q);

		if (name == NULL || !string_copy(q->path, name, sizeof(q->path))) {
			return -PV_EINVAL;
		}
		q->relative = false;
		rc = 0;
	} else {
		rc = store_take_path(s, q);
	}
	q->token = rc == 0 ? store_take_string(q) : NULL;
	return rc == 0 && q->token == NULL ? -PV_EINVAL : rc;
}

static void then_fire_first(struct domain_store *s, struct store_request *q)
{
	store_watch_fire_first(s, q->path, q->token);
}

int store_do_watch(struct domain_store *s, struct store_request *q)
{
	int rc = take_watch(s, q);

	if (rc == 0) {
		rc = store_watch_add(s, q->path, q->relative, q->token);
	}
	if (rc != 0) {
		return rc;
	}
	q->then = then_fire_first;
	return store_reply_ok(s);
}

int store_do_unwatch(struct domain_store *s, struct store_request *q)
{
	int rc = take_watch(s, q);

	if (rc == 0) {
		rc = store_watch_remove(s, q->path, q->token);
	}
	return rc != 0 ? rc : store_reply_ok(s);
}
