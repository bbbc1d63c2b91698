/*
 * Checks and their verdicts. Every check prints one line,
 *	ok NAME
 *	FAIL NAME: got X want Y
 * and is counted. A sweep over many values is one check.
 */
#ifndef HOSTILE_CHECK_H
#define HOSTILE_CHECK_H

#include <stdbool.h>

/* The result must be exactly this. */
void check_result(const char *name, long got, long want);

/* The result must be an error, whichever. */
void check_refused(const char *name, long got);

/* For sweeps: fails when `bad` is not 0, and names the first value that was wrong. */
void check_sweep(const char *name, unsigned long bad, unsigned long first, long got);

void check_true(const char *name, bool ok);

unsigned check_passed(void);
unsigned check_failed(void);

/* The groups of checks, in the order in which main runs them. */
void numbers_check(void);
void pointers_check(void);
void entries_check(void);
void tables_check(void);
void frames_check(void);
void memory_check(void);
void descriptors_check(void);
void vcpus_check(void);
void ports_check(void);
void instructions_check(void);
void returns_check(void);
void users_check(void);

#endif
