/*
 * Checks and their verdicts, for guests that are tests. Every check prints one
 * line,
 *	ok NAME
 *	FAIL NAME: got X want Y
 * and is counted. A sweep over many values is one check.
 */
#ifndef KIT_CHECK_H
#define KIT_CHECK_H

#include <stdbool.h>

/* The result must be exactly this. */
void check_result(const char *name, long got, long want);

/* The result must be an error, whichever. */
void check_refused(const char *name, long got);

/* For sweeps: fails when `bad` is not 0, and names the first value that was wrong. */
void check_sweep(const char *name, unsigned long bad, unsigned long first, long got);

void check_true(const char *name, bool ok);

/* How many there were so far. */
unsigned check_passed(void);
unsigned check_failed(void);

#endif
