/* The domains that are worked on: what each does is the word behind "act=". */
#ifndef CONTROL_SUBJECTS_H
#define CONTROL_SUBJECTS_H

#include <stdbool.h>
#include <stdint.h>

/* Lives as one of them: what main() returns. */
int subject_live(const char *act);

/* ---- subjects_store.c ---- */

/* Does what is asked of it by its store. */
int subject_obey(void);

/* Fills its store, but for what cannot be taken: then nothing can be asked of it. */
int subject_fill(void);

/* ---- subjects_calls.c ---- */

/* Asks for every control operation, and is refused each: 0. */
int subject_refused(void);

/* A known sequence of calls; a known number of them. */
int subject_calls(void);
int subject_storm(void);

/* As one with the right: takes the trace, and keeps it. */
int subject_tracer(void);

/* ---- subjects_timer.c ---- */

/*
 * One deadline, so far from now: `moved` is called once it is set, and may have the vCPU moved.
 * True if its event came once, and not early.
 */
bool timer_round(unsigned round, uint64_t ns, void (*moved)(void));

/* rounds=N of them, each ns=N long: 0 if all went well. */
int subject_timer(void);

#endif
