/*
 * The domains that are worked on: made of this guest's own image, awaited, put away. A domain
 * signs that it has come so far by a hypercall that nothing else here makes, and that its
 * statistics count.
 */
#ifndef CONTROL_DOMAINS_H
#define CONTROL_DOMAINS_H

#include <stdbool.h>
#include <stdint.h>

#include <parley/errno.h>
#include <parley/sched.h>
#include <parley/types.h>

#include "control.h"

#define NS_PER_US   1000ul
#define NS_PER_MS   1000000ul
#define PATIENCE_NS 20000000000ul /* nothing takes so long */

#define SUBJECT_PAGES 1024u
#define NOBODY        1000 /* no domain has this number */

/* Hands over the image, and counts the free pages. */
void domains_begin(void);

/* The image is let go of; every page must be free again. */
void domains_end(void);

/* The machine's free pages, once they change no more: what ends, and the boot, is freed by steps. */
uint64_t domains_free_pages(void);

/* So many pages will not be free again, rightly. */
void domains_expect_less(uint64_t pages);

/* Ends and forgets all domains but this one, and waits until they are gone. */
void domains_settle(void);

/* The image's number; this domain's. */
uint32_t domains_image(void);
uint16_t domains_own(void);

/* A request for a domain of this image with the usual values. */
struct pv_control_create *domains_request(const char *name, const char *cmdline);

/* Makes one, which must succeed: its number. */
uint16_t domains_make(const char *name, const char *cmdline);
uint16_t domains_make_by(struct pv_control_create *request);

/* What there is of that number: a domain or a record; false: neither. */
bool domains_describe(uint16_t domid, struct pv_control_domain *d);

/* Each waits, and returns false after PATIENCE_NS. */
bool domains_await_state(uint16_t domid, unsigned state);
bool domains_await_signs(uint16_t domid, uint64_t count);

/* How often it has signed. */
uint64_t domains_signs(uint16_t domid);

/* Signs, as one that is worked on. */
void domains_sign(void);

/* Ends it if it lives, waits until its memory is free, and forgets it. */
bool domains_put_away(uint16_t domid);

#endif
