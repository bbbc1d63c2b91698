/*
 * A domain's store from beginning to end, and the hypervisor's own writes.
 *
 * Read next: store_ring.c, how messages come and go.
 */
#include "domain/store.h"

#include <parley/errno.h>
#include <seam/directmap.h>

#include "channel/evtchn.h"
#include "domain/ring_page.h"
#include "domain/store_types.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/alloc.h"

/* The guest sent on its store port. */
static void notified(void *arg)
{
	struct domain_store *s = arg;
	bool moved;

	spin_lock(&s->lock);
	moved = store_serve_ring(s);
	spin_unlock(&s->lock);
	if (moved) {
		evtchn_set_pending(s->domain, s->port);
	}
}

static int write_node(struct domain_store *s, const char *given, const char *value)
{
	char path[STORE_PATH_MAX + 1];
	int rc = store_make_path(s, given, path);

	if (rc == 0) {
		rc = store_tree_write(s->tree, path, value, (u32)strnlen(value, PAGE_SIZE), true);
	}
	if (rc == 0) {
		store_watch_fire(s, path);
	}
	return rc;
}

/* As write_node, with a value made of a format; `rc` is what came before. */
static printf_like(4, 5) int put(struct domain_store *s, int rc, const char *path, const char *fmt,
				 ...)
{
	char value[DOMAIN_NAME_MAX + 64];
	va_list args;

	va_start(args, fmt);
	vsnprintf(value, sizeof(value), fmt, args);
	va_end(args);
	return rc != 0 ? rc : write_node(s, path, value);
}

static int put_vm(struct domain_store *s, int rc)
{
	const u8 *u = s->domain->uuid;
	char uuid[40], path[80];

	snprintf(uuid, sizeof(uuid),
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1],
		 u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14],
		 u[15]);
	snprintf(path, sizeof(path), "/vm/%s/uuid", uuid);
	rc = put(s, rc, path, "%s", uuid);
	snprintf(path, sizeof(path), "/vm/%s/name", uuid);
	rc = put(s, rc, path, "%s", s->domain->name);
	return put(s, rc, "vm", "/vm/%s", uuid);
}

/* What a domain finds in its store, but for its vCPUs. */
static int fill(struct domain_store *s, const struct pv_start_info *start)
{
	const struct domain *d = s->domain;
	int rc = put(s, 0, "domid", "%u", (u32)d->id);

	rc = put(s, rc, "name", "%s", d->name);
	rc = put_vm(s, rc);
	rc = put(s, rc, "memory/target", "%lu", start->nr_pages * (PAGE_SIZE / 1024));
	rc = put(s, rc, "memory/static-max", "%lu", start->nr_pages * (PAGE_SIZE / 1024));
	rc = put(s, rc, "control", "%s", "");
	rc = put(s, rc, "device", "%s", "");
	rc = put(s, rc, "console/ring-ref", "%lu", start->console.domU.mfn);
	rc = put(s, rc, "console/port", "%u", start->console.domU.evtchn);
	return put(s, rc, "console/type", "parley");
}

static void free_store(struct domain_store *s)
{
	store_drop_transactions(s);
	store_watch_drop_all(s);
	if (s->tree != NULL) {
		heap_free(s->tree, sizeof(*s->tree));
	}
	heap_free(s, sizeof(*s));
}

static struct domain_store *new_store(struct domain *d, void *ring)
{
	struct domain_store *s = heap_alloc(sizeof(*s));

	if (s == NULL) {
		return NULL;
	}
	s->domain = d;
	s->ring = ring;
	s->frame = virt_to_mfn(ring);
	s->home_size = (u32)snprintf(s->home, sizeof(s->home), "/local/domain/%u", (u32)d->id);
	s->tree = heap_alloc(sizeof(*s->tree));
	if (s->tree == NULL) {
		heap_free(s, sizeof(*s));
		return NULL;
	}
	store_tree_init(s->tree);
	return s;
}

int store_init_domain(struct domain *d, void *ring, const struct pv_start_info *start, u32 *port)
{
	struct domain_store *s = new_store(d, ring);
	int rc;

	if (s == NULL) {
		return -PV_ENOMEM;
	}
	rc = fill(s, start);
	if (rc == 0) {
		rc = ring_page_hold(d, s->frame);
	}
	if (rc < 0) {
		goto free_it;
	}
	rc = evtchn_alloc_hypervisor(d, notified, s);
	if (rc < 0) {
		goto release;
	}
	s->port = (u32)rc;
	s->ring->server_features = PV_STORE_FEATURE_ERROR;
	*port = s->port;
	d->store = s;
	return 0;

release:
	ring_page_release(d, s->frame);
free_it:
	free_store(s);
	return rc;
}

void store_fini_domain(struct domain *d)
{
	struct domain_store *s = d->store;

	if (s == NULL) {
		return;
	}
	d->store = NULL;
	ring_page_release(d, s->frame);
	free_store(s);
}

mfn_t store_ring(const struct domain *d)
{
	return d->store == NULL ? MFN_INVALID : d->store->frame;
}

int store_write(struct domain *d, const char *path, const char *value)
{
	struct domain_store *s = d->store;
	bool moved;
	int rc;

	if (s == NULL) {
		return -PV_ENODEV;
	}
	spin_lock(&s->lock);
	rc = write_node(s, path, value);
	moved = store_send_ring(s);
	spin_unlock(&s->lock);
	if (moved) {
		evtchn_set_pending(d, s->port);
	}
	return rc;
}

int store_write_vcpu(struct domain *d, u32 vcpu, bool online)
{
	char path[40];

	snprintf(path, sizeof(path), "cpu/%u/availability", vcpu);
	return store_write(d, path, online ? "online" : "offline");
}

static u32 value_size(const struct store_setting *setting)
{
	return (u32)strnlen(setting->value, PAGE_SIZE);
}

/* Whether there is room for all, and for what they stand below. */
static int check_room(const struct domain_store *s, const char *top,
		      const struct store_setting *settings, u32 count)
{
	struct store_need need = { 0 };
	u32 node = store_tree_find(s->tree, top);

	if (node == STORE_NO_NODE) {
		store_tree_add_need(s->tree, &need, STORE_ROOT, top, 0);
	}
	for (u32 i = 0; i < count; i++) {
		u32 size = value_size(&settings[i]);

		if (size > STORE_VALUE_MAX) {
			return -PV_E2BIG;
		}
		store_tree_add_need(s->tree, &need, node, settings[i].path, size);
	}
	return store_tree_has_room(s->tree, &need, true) ? 0 : -PV_ENOSPC;
}

/* There is room. */
static void write_settings(struct domain_store *s, const char *top,
			   const struct store_setting *settings, u32 count)
{
	char path[STORE_PATH_MAX + sizeof(settings->path) + 1];
	u32 node = store_tree_find(s->tree, top);
	int rc = 0;

	if (node == STORE_NO_NODE) {
		rc = store_tree_write(s->tree, top, "", 0, true);
		node = store_tree_find(s->tree, top);
	}
	for (u32 i = 0; rc == 0 && i < count; i++) {
		rc = store_tree_write_below(s->tree, node, settings[i].path, settings[i].value,
					    value_size(&settings[i]), true);
		snprintf(path, sizeof(path), "%s%s", top, settings[i].path);
		store_watch_fire(s, path);
	}
	invariant(rc == 0);
}

int store_write_below(struct domain *d, const char *top, const struct store_setting *settings,
		      u32 count)
{
	struct domain_store *s = d->store;
	char path[STORE_PATH_MAX + 1];
	bool moved;
	int rc;

	if (s == NULL) {
		return -PV_ENODEV;
	}
	spin_lock(&s->lock);
	rc = store_make_path(s, top, path);
	if (rc == 0) {
		rc = check_room(s, path, settings, count);
	}
	if (rc == 0) {
		write_settings(s, path, settings, count);
	}
	moved = store_send_ring(s);
	spin_unlock(&s->lock);
	if (moved) {
		evtchn_set_pending(d, s->port);
	}
	return rc;
}

static int read_node(struct domain_store *s, const char *given, char *buf, size_t size)
{
	char path[STORE_PATH_MAX + 1];
	int rc = store_make_path(s, given, path);
	u32 node;

	if (rc != 0) {
		return rc;
	}
	node = store_tree_find(s->tree, path);
	if (node == STORE_NO_NODE) {
		return -PV_ENOENT;
	}
	rc = s->tree->nodes[node].value_size;
	size = MIN(size - 1, (size_t)rc);
	memcpy(buf, store_tree_value(s->tree, node), size);
	buf[size] = '\0';
	return rc;
}

int store_read(struct domain *d, const char *path, char *buf, size_t size)
{
	struct domain_store *s = d->store;
	int rc;

	if (s == NULL) {
		return -PV_ENODEV;
	}
	spin_lock(&s->lock);
	rc = read_node(s, path, buf, size);
	spin_unlock(&s->lock);
	return rc;
}
