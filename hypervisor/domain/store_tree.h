/*
 * A store's tree: nodes in a table, their names and values in one pool. It has
 * no pointers, so a copy of the bytes is a copy of the tree: that is what a
 * transaction works on. A walk never recurses and never does more than
 * STORE_NODES steps a level.
 *
 * Paths here are canonical and absolute: "/", or names each with a '/' in
 * front. The caller's lock protects a tree.
 */
#ifndef DOMAIN_STORE_TREE_H
#define DOMAIN_STORE_TREE_H

#include "lib/types.h"

#define STORE_NODES     128   /* with the root */
#define STORE_POOL_SIZE 28672 /* bytes of all names and values */
#define STORE_VALUE_MAX 1024
#define STORE_PATH_MAX  256 /* without the NUL */

/* What the guest leaves for the hypervisor's own writes. */
#define STORE_SPARE_NODES 16
#define STORE_SPARE_BYTES 2048

#define STORE_ROOT    0U
#define STORE_NO_NODE 0xffffU

struct store_node {
	u64 serial;  /* generation in which it was made, 0: free */
	u64 changed; /* generation of its last change */
	u16 parent;
	u16 name_size;
	u16 value_size;
	u16 at; /* its name in the pool, then its value */
};

struct store_tree {
	u64 generation; /* counts changes */
	u32 node_count;
	u32 limit; /* nodes from here on are free */
	u32 pool_used;
	struct store_node nodes[STORE_NODES];
	char pool[STORE_POOL_SIZE];
};

/* A tree of its root alone. */
void store_tree_init(struct store_tree *t);

/* The node of a path, or STORE_NO_NODE. */
u32 store_tree_find(const struct store_tree *t, const char *path) must_check;

/*
 * Set a value, making the node and those above it as needed: all or nothing.
 * trusted may use what is spared. -PV_E2BIG: value too long; -PV_ENOSPC: full.
 */
int store_tree_write(struct store_tree *t, const char *path, const void *value, u32 size,
		     bool trusted) must_check;

/*
 * The same with a path that goes on from a node: "/name/...". Nodes keep their numbers when
 * others are made.
 */
int store_tree_write_below(struct store_tree *t, u32 node, const char *path, const void *value,
			   u32 size, bool trusted) must_check;

/* What values would take that are not there yet. */
struct store_need {
	u32 nodes, bytes;
};

/*
 * Add what that would take; node STORE_NO_NODE: nothing of the path is there. Of several, each is counted as if the others were not: their
 * paths must differ from the first name on, and of a value that shrinks nothing is taken off.
 */
void store_tree_add_need(const struct store_tree *t, struct store_need *need, u32 node,
			 const char *path, u32 size);

/* Is there room for it? What takes nothing always has room, though others' nodes fill the tree. */
bool store_tree_has_room(const struct store_tree *t, const struct store_need *need,
			 bool trusted) must_check;

/* Remove a node, not the root, and all below it. */
void store_tree_remove(struct store_tree *t, u32 node);

/* node is strictly below top. */
bool store_tree_is_below(const struct store_tree *t, u32 node, u32 top) must_check;

/* The child after `after` (STORE_ROOT: the first), or STORE_NO_NODE. */
u32 store_tree_next_child(const struct store_tree *t, u32 parent, u32 after) must_check;

/* The path of a node, terminated: its length. to has STORE_PATH_MAX + 1 bytes. */
u32 store_tree_path(const struct store_tree *t, u32 node, char *to);

/* A name, without a NUL, and a value: the node's own bytes, until the next change. */
static inline const char *store_tree_name(const struct store_tree *t, u32 node)
{
	return t->pool + t->nodes[node].at;
}

static inline const char *store_tree_value(const struct store_tree *t, u32 node)
{
	return store_tree_name(t, node) + t->nodes[node].name_size;
}

#endif
