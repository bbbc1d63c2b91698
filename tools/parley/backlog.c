/* A ring for each domain; see backlog.h. */
#include "backlog.h"

#include <stdlib.h>
#include <string.h>

static struct backlog_entry *find(const struct backlog *backlog, uint16_t domid)
{
	for (size_t i = 0; i < BACKLOG_DOMAINS; i++) {
		const struct backlog_entry *entry = &backlog->entries[i];

		if (entry->bytes && entry->domid == domid) {
			return (struct backlog_entry *)(uintptr_t)entry;
		}
	}
	return NULL;
}

/* A free entry, or that of the domain that was quiet longest, emptied. */
static struct backlog_entry *make(struct backlog *backlog, uint16_t domid)
{
	struct backlog_entry *oldest = &backlog->entries[0];

	for (size_t i = 0; i < BACKLOG_DOMAINS; i++) {
		struct backlog_entry *entry = &backlog->entries[i];

		if (!entry->bytes) {
			entry->bytes = malloc(BACKLOG_SIZE);
			if (!entry->bytes) {
				abort();
			}
			oldest = entry;
			break;
		}
		if (entry->touched < oldest->touched) {
			oldest = entry;
		}
	}
	oldest->domid = domid;
	oldest->written = 0;
	oldest->has_ended = false;
	return oldest;
}

void backlog_put(struct backlog *backlog, uint16_t domid, const uint8_t *data, size_t size)
{
	struct backlog_entry *entry = find(backlog, domid);

	if (!entry) {
		entry = make(backlog, domid);
	}
	entry->touched = ++backlog->clock;
	for (size_t i = 0; i < size; i++) {
		entry->bytes[entry->written++ % BACKLOG_SIZE] = data[i];
	}
}

void backlog_end(struct backlog *backlog, uint16_t domid)
{
	struct backlog_entry *entry = find(backlog, domid);

	if (entry) {
		entry->has_ended = true;
	}
}

void backlog_begin(struct backlog *backlog, uint16_t domid)
{
	struct backlog_entry *entry = find(backlog, domid);

	if (entry && entry->has_ended) {
		free(entry->bytes);
		entry->bytes = NULL;
	}
}

size_t backlog_get(const struct backlog *backlog, uint16_t domid, uint8_t out[BACKLOG_SIZE])
{
	const struct backlog_entry *entry = find(backlog, domid);
	size_t size;

	if (!entry) {
		return 0;
	}
	size = entry->written < BACKLOG_SIZE ? (size_t)entry->written : BACKLOG_SIZE;
	for (size_t i = 0; i < size; i++) {
		out[i] = entry->bytes[(entry->written - size + i) % BACKLOG_SIZE];
	}
	return size;
}

void backlog_free(struct backlog *backlog)
{
	for (size_t i = 0; i < BACKLOG_DOMAINS; i++) {
		free(backlog->entries[i].bytes);
		backlog->entries[i].bytes = NULL;
	}
}
