/*
 * The end of what each domain wrote on its console, kept for whoever looks at it later.
 */
#ifndef TOOLS_PARLEY_BACKLOG_H
#define TOOLS_PARLEY_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BACKLOG_SIZE    ((size_t)16 * 1024) /* bytes kept of each domain */
#define BACKLOG_DOMAINS 256                 /* domains of which something is kept */

struct backlog_entry {
	uint16_t domid;
	uint64_t written; /* bytes since its start */
	uint64_t touched; /* when, in an order of its own */
	bool has_ended;
	uint8_t *bytes; /* BACKLOG_SIZE, a ring; NULL: the entry is free */
};

struct backlog {
	struct backlog_entry entries[BACKLOG_DOMAINS];
	uint64_t clock;
};

/* Takes what a domain wrote. Of too many domains the one that was quiet longest is forgotten. */
void backlog_put(struct backlog *backlog, uint16_t domid, const uint8_t *data, size_t size);

/* A domain has ended. What it wrote is kept until its number is another's. */
void backlog_end(struct backlog *backlog, uint16_t domid);

/* A domain lives; what was kept of one that had its number and has ended is forgotten. */
void backlog_begin(struct backlog *backlog, uint16_t domid);

/* Copies what is kept of a domain, oldest first. Returns how much that is. */
size_t backlog_get(const struct backlog *backlog, uint16_t domid, uint8_t out[BACKLOG_SIZE]);

void backlog_free(struct backlog *backlog);

#endif
