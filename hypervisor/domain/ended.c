/* Records of domains that have ended; see ended.h. Read next: reap.c. */
#include "domain/ended.h"

#include "domain/domain.h"
#include "lib/string.h"
#include "mm/alloc.h"

static struct ended *oldest, *newest;
static u32 count;

/* Which numbers have a record: who looks at all numbers does not walk the list for each. */
static u64 numbers[DOMAIN_MAX / 64];

static bool has_record(u16 domid)
{
	return domid < DOMAIN_MAX && (numbers[domid / 64] & (1UL << domid % 64)) != 0;
}

struct ended *ended_new(void)
{
	struct ended *e = heap_alloc(sizeof(*e));

	if (e == NULL) {
		return NULL;
	}
	e->oops.bytes = heap_alloc(ENDED_OOPS_MAX);
	e->oops.room = ENDED_OOPS_MAX;
	if (e->oops.bytes == NULL) {
		heap_free(e, sizeof(*e));
		return NULL;
	}
	return e;
}

void ended_free(struct ended *e)
{
	if (e == NULL) {
		return;
	}
	heap_free(e->oops.bytes, ENDED_OOPS_MAX);
	heap_free(e, sizeof(*e));
}

/* Take out the one behind *link. */
static struct ended *unlink(struct ended **link, struct ended *before)
{
	struct ended *e = *link;

	*link = e->next;
	if (newest == e) {
		newest = before;
	}
	e->next = NULL;
	count--;
	numbers[e->info.domid / 64] &= ~(1UL << e->info.domid % 64);
	return e;
}

struct ended *ended_add(struct ended *e)
{
	if (e->oops.size == 0) {
		heap_free(e->oops.bytes, ENDED_OOPS_MAX);
		e->oops.bytes = NULL;
	}
	if (newest != NULL) {
		newest->next = e;
	} else {
		oldest = e;
	}
	newest = e;
	count++;
	numbers[e->info.domid / 64] |= 1UL << e->info.domid % 64;
	return count > ENDED_MAX ? unlink(&oldest, NULL) : NULL;
}

struct ended *ended_find(u16 domid)
{
	struct ended *e = has_record(domid) ? oldest : NULL;

	while (e != NULL && e->info.domid != domid) {
		e = e->next;
	}
	return e;
}

struct ended *ended_take(u16 domid)
{
	struct ended *before = NULL;

	for (struct ended **p = &oldest; *p != NULL; before = *p, p = &(*p)->next) {
		if ((*p)->info.domid == domid) {
			return unlink(p, before);
		}
	}
	return NULL;
}

struct ended *ended_take_name(const char *name)
{
	struct ended *before = NULL;

	for (struct ended **p = &oldest; *p != NULL; before = *p, p = &(*p)->next) {
		if (strcmp((*p)->info.name, name) == 0) {
			return unlink(p, before);
		}
	}
	return NULL;
}

u32 ended_count(void)
{
	return count;
}
