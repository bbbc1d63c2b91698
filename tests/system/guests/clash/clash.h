/*
 * clash: one domain sends on ports and uses grants without pause, while another closes, binds
 * anew and resets those ports, changes what it granted under the first one's hands, and
 * ends. What the command line may say:
 *
 *   role=use other=N ms=T             sends to and maps from domain N, or from whichever of the
 *                                     few numbers from there on lives, for T ms
 *   role=change other=N ms=T how=WHAT  the other: closes and binds (how=close) or resets
 *                                     (how=reset), and changes its grants; after T ms it checks
 *                                     that all it has is its own again, or with end=WHY it ends
 *                                     as it is: poweroff, crash, fault or spin
 *   role=keep ms=T                    makes a user, and one who changes again and again, ends those
 *                                     at random moments and counts the machine's pages
 *
 * Each prints
 *	clash: ROLE: N passed, M failed
 * and powers off, with the reason "crash" if a check failed.
 *
 * Read next: ports.c.
 */
#ifndef CLASH_H
#define CLASH_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_MS 1000000ul

extern unsigned clash_other;

unsigned clash_random(unsigned n);

/* In a debug build, has the hypervisor recount this domain's books. */
void clash_audit(void);

/* ports.c: a round of a user; of one who changes. And what must hold in the end. */
void ports_init(void);
void ports_use(void);
void ports_change(bool by_reset);
bool ports_saw_something(void);
void ports_use_end(void);
void ports_change_end(void);

/* pages.c: the same of grants. */
void pages_use_init(void);
void pages_use(void);
void pages_use_end(void);
void pages_change_init(void);
void pages_change(void);
void pages_change_end(void);

/* keeper.c */
int keep(void);

#endif
