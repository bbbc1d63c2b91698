/*
 * What this guest can be, and the world that its sweeps run on (tests/edges/edges.h).
 * Read next: world.c.
 */
#ifndef EDGES_ROLES_H
#define EDGES_ROLES_H

#include <stdbool.h>
#include <stdint.h>

#include "edges.h"

/* sweeper.c: sweeps all calls; with the right of control, those for which one needs it, too. */
int sweeper_run(void);
int controller_run(void);

/* mayfly.c: sweeps what a sweeper cannot survive, from some call on, until it ends. */
int mayfly_run(void);

/* keeper.c: has all of these run, and counts what is left behind. */
int keeper_run(void);

/* ---- world.c ---- */

/* A world over this guest's own memory. The caller adds hooks. */
void world_make(struct edge_world *w);

/* The call itself, and what world_make() sets for repairs. */
bool world_call(struct edge_world *w, uint32_t number, uint64_t args[EDGE_ARGS], long *result);
void world_repair(struct edge_world *w);

/* Something else is wrong. */
void world_complain(struct edge_world *w, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A debug build counts every reference again; others have no such call. */
void world_check_books(struct edge_world *w);

/* ---- what a mayfly tells its keeper ---- */

#define MAYFLY_REF 8 /* the keeper's grant of the page in which it is told */

struct mayfly_log {
	uint32_t beat; /* changes as long as it gets on */
	uint32_t next; /* the call that is being made, counted from 0 */
	uint32_t passed, failed;
	uint32_t done; /* there is no further call */
};

#endif
