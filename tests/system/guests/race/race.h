/*
 * A contest of two vCPUs: the first works and checks, the second disturbs.
 */
#ifndef RACE_H
#define RACE_H

#include <stdbool.h>
#include <stdint.h>

struct contest {
	const char *name;
	/* Before and after all rounds, on the first vCPU; may be NULL. */
	bool (*begin)(void);
	bool (*end)(void);
	/* One round each; the disturber's runs over and over meanwhile. */
	bool (*work)(unsigned round);
	void (*disturb)(void);
};

/* Each array ends with an entry without a name. */
extern const struct contest race_tables[], race_arguments[], race_others[];

/*
 * True when the page is an ordinary one without any reference left over: it
 * can be made read-only, a table, and writable again.
 */
bool race_page_is_free(void *page);

/* An entry that no table may ever hold: the top-level table, writable. */
uint64_t race_forbidden(void);

/* The address is mapped by a table of its own, so that it has an entry. */
uint64_t race_entry(unsigned long va);

#define RACE_VA 0x10000000000ul

#endif
