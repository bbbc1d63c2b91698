/* A store's tree: see store_tree.h. */
#include "domain/store_tree.h"

#include <parley/errno.h>

#include "lib/string.h"

void store_tree_init(struct store_tree *t)
{
	memset(t, 0, sizeof(*t));
	t->generation = 1;
	t->nodes[STORE_ROOT] =
		(struct store_node){ .serial = 1, .changed = 1, .parent = STORE_NO_NODE };
	t->node_count = 1;
	t->limit = 1;
}

/* The length of the name that a path begins with, after its '/'. */
static u32 first_name(const char *path)
{
	u32 size = 0;

	while (path[size] != '\0' && path[size] != '/') {
		size++;
	}
	return size;
}

static u32 find_child(const struct store_tree *t, u32 parent, const char *name, u32 size)
{
	for (u32 i = STORE_ROOT + 1; i < t->limit; i++) {
		const struct store_node *n = &t->nodes[i];

		if (n->serial != 0 && n->parent == parent && n->name_size == size &&
		    memcmp(store_tree_name(t, i), name, size) == 0) {
			return i;
		}
	}
	return STORE_NO_NODE;
}

/* The deepest node of a path below a node that exists; *rest is what is missing, "" if nothing. */
static u32 walk(const struct store_tree *t, u32 node, const char *path, const char **rest)
{
	if (path[1] == '\0') {
		path++;
	}
	while (*path != '\0') {
		u32 size = first_name(path + 1);
		u32 child = find_child(t, node, path + 1, size);

		if (child == STORE_NO_NODE) {
			break;
		}
		node = child;
		path += 1 + size;
	}
	*rest = path;
	return node;
}

u32 store_tree_find(const struct store_tree *t, const char *path)
{
	const char *rest;
	u32 node = walk(t, STORE_ROOT, path, &rest);

	return *rest == '\0' ? node : STORE_NO_NODE;
}

/* Make a node's bytes in the pool `size` more or less, at their end; there is room. */
static void resize(struct store_tree *t, struct store_node *n, u32 from, u32 to)
{
	u32 end = n->at + from;

	memmove(t->pool + n->at + to, t->pool + end, t->pool_used - end);
	for (u32 i = 0; i < t->limit; i++) {
		struct store_node *other = &t->nodes[i];

		/* Only the root may be empty, and it stays at 0. */
		if (other->serial != 0 && other != n && other->at >= end) {
			other->at = (u16)(other->at + to - from);
		}
	}
	t->pool_used += to - from;
}

/* There is room for it. */
static u32 add_child(struct store_tree *t, u32 parent, const char *name, u32 size)
{
	u32 i = STORE_ROOT + 1;
	struct store_node *n;

	while (t->nodes[i].serial != 0) {
		i++;
	}
	n = &t->nodes[i];
	n->serial = t->generation;
	n->changed = t->generation;
	n->parent = (u16)parent;
	n->name_size = (u16)size;
	n->value_size = 0;
	n->at = (u16)t->pool_used;
	memcpy(t->pool + t->pool_used, name, size);
	t->pool_used += size;
	t->node_count++;
	t->limit = MAX(t->limit, i + 1);
	return i;
}

static void set_value(struct store_tree *t, u32 node, const void *value, u32 size)
{
	struct store_node *n = &t->nodes[node];

	resize(t, n, n->name_size + n->value_size, n->name_size + size);
	memcpy(t->pool + n->at + n->name_size, value, size);
	n->value_size = (u16)size;
	n->changed = t->generation;
}

bool store_tree_has_room(const struct store_tree *t, const struct store_need *need, bool trusted)
{
	u32 node_max = STORE_NODES - (trusted ? 0 : STORE_SPARE_NODES);
	u32 byte_max = STORE_POOL_SIZE - (trusted ? 0 : STORE_SPARE_BYTES);

	if (need->nodes == 0 && need->bytes == 0) {
		return true;
	}
	return t->node_count + need->nodes <= node_max && t->pool_used + need->bytes <= byte_max;
}

/* What a value of this size takes at a node, or where `rest` is missing below it. */
static void add_need(const struct store_tree *t, struct store_need *need, u32 node,
		     const char *rest, u32 size)
{
	u32 gone = *rest == '\0' ? t->nodes[node].value_size : 0;

	need->bytes += size - MIN(size, gone);
	while (*rest != '\0') {
		u32 name = first_name(rest + 1);

		need->nodes++;
		need->bytes += name;
		rest += 1 + name;
	}
}

void store_tree_add_need(const struct store_tree *t, struct store_need *need, u32 node,
			 const char *path, u32 size)
{
	const char *rest = path;

	if (node != STORE_NO_NODE) {
		node = walk(t, node, path, &rest);
	}
	add_need(t, need, node, rest, size);
}

int store_tree_write_below(struct store_tree *t, u32 node, const char *path, const void *value,
			   u32 size, bool trusted)
{
	struct store_need need = { 0 };
	const char *rest;

	node = walk(t, node, path, &rest);
	if (size > STORE_VALUE_MAX) {
		return -PV_E2BIG;
	}
	add_need(t, &need, node, rest, size);
	if (!store_tree_has_room(t, &need, trusted)) {
		return -PV_ENOSPC;
	}
	t->generation++;
	while (*rest != '\0') {
		u32 name = first_name(rest + 1);

		node = add_child(t, node, rest + 1, name);
		rest += 1 + name;
	}
	set_value(t, node, value, size);
	return 0;
}

int store_tree_write(struct store_tree *t, const char *path, const void *value, u32 size,
		     bool trusted)
{
	return store_tree_write_below(t, STORE_ROOT, path, value, size, trusted);
}

static void free_node(struct store_tree *t, u32 node)
{
	struct store_node *n = &t->nodes[node];

	resize(t, n, n->name_size + n->value_size, 0);
	n->serial = 0;
	t->node_count--;
}

void store_tree_remove(struct store_tree *t, u32 node)
{
	t->generation++;
	for (u32 i = STORE_ROOT + 1; i < t->limit; i++) {
		/* A node whose parent went before it would look like none of ours: mark first. */
		if (t->nodes[i].serial != 0 && store_tree_is_below(t, i, node)) {
			t->nodes[i].changed = 0;
		}
	}
	t->nodes[node].changed = 0;
	for (u32 i = STORE_ROOT + 1; i < t->limit; i++) {
		if (t->nodes[i].serial != 0 && t->nodes[i].changed == 0) {
			free_node(t, i);
		}
	}
	while (t->nodes[t->limit - 1].serial == 0) {
		t->limit--;
	}
}

bool store_tree_is_below(const struct store_tree *t, u32 node, u32 top)
{
	while (node != STORE_ROOT) {
		node = t->nodes[node].parent;
		if (node == top) {
			return true;
		}
	}
	return false;
}

u32 store_tree_next_child(const struct store_tree *t, u32 parent, u32 after)
{
	for (u32 i = after + 1; i < t->limit; i++) {
		if (t->nodes[i].serial != 0 && t->nodes[i].parent == parent) {
			return i;
		}
	}
	return STORE_NO_NODE;
}

u32 store_tree_path(const struct store_tree *t, u32 node, char *to)
{
	u32 size = 0, end;

	for (u32 i = node; i != STORE_ROOT; i = t->nodes[i].parent) {
		size += 1 + t->nodes[i].name_size;
	}
	end = size;
	for (u32 i = node; i != STORE_ROOT; i = t->nodes[i].parent) {
		end -= t->nodes[i].name_size;
		memcpy(to + end, store_tree_name(t, i), t->nodes[i].name_size);
		to[--end] = '/';
	}
	if (node == STORE_ROOT) {
		to[size++] = '/';
	}
	to[size] = '\0';
	return size;
}
