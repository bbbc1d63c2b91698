/*
 * What became of each domain, as the control line told it, and what the exit
 * status of the run is because of it.
 */
#ifndef TOOLS_PARLEY_FATES_H
#define TOOLS_PARLEY_FATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <parley/control.h>

#include "problem.h"

/*
 * Domains that are remembered: all that can live at once, and as many that have ended. Then those
 * that are gone longest are forgotten, but for whether they ended well.
 */
#define FATES_MAX  2048
#define FATES_NONE ((size_t)-1)

struct fate {
	char name[64];
	bool is_bound; /* domid is known, and still its */
	bool is_gone;  /* has ended, and all that it had is free */
	uint16_t domid;
	uint8_t state; /* PV_DOMAIN_STATE_*, 0: nothing heard */
	uint8_t reason;
	char text[128];
	uint64_t credit; /* bytes of input that the domain may be sent */
};

struct fates {
	struct fate items[FATES_MAX];
	size_t count;
	size_t oldest;   /* where to look for one to forget */
	bool forgot_bad; /* one that was forgotten had not ended well */
	bool said_hello;
	bool said_bye;
	uint32_t bye; /* PV_LINE_BYE_* */
};

/* Adds a domain that is expected. Returns its number, or FATES_NONE. */
size_t fates_add(struct fates *fates, const char *name);

/*
 * The domain with this id; one that was never announced gets an entry with a
 * made-up name, unless only one domain is expected: then it is that one.
 * Returns FATES_NONE when there are too many.
 */
size_t fates_find(struct fates *fates, uint16_t domid);

/* The domain with this id, or FATES_NONE where nothing was heard of it. */
size_t fates_find_known(const struct fates *fates, uint16_t domid);

/*
 * Takes a DOMAIN frame. Returns the domain's number, or FATES_NONE. A number that was another's,
 * who is gone, may be used again; "is_new" says that this happened, or that the number is new.
 */
size_t fates_take_domain(struct fates *fates, const struct pv_line_domain *report, bool *is_new);

/*
 * One line about a domain's state for a person, such as "powered off".
 * Returns "buffer".
 */
const char *fates_describe(const struct fate *fate, char *buffer, size_t size);

/* True where the domain ended as it should. */
bool fates_is_good(const struct fate *fate);

/* True where a domain has ended as it should not. */
bool fates_has_bad(const struct fates *fates);

/*
 * The run as a whole once the machine is gone: true where it said good-bye and
 * every domain ended well. Otherwise "why" says what went wrong first; it is
 * empty where that is the end of a domain, which was told when it came.
 */
bool fates_judge(const struct fates *fates, struct problem *why);

/* Writes a JSON summary to a file. Returns 0, or -1 with a problem. */
int fates_write_summary(const struct fates *fates, int status, const char *path,
			struct problem *problem);

#endif
