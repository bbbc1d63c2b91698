/* The check that every documented error is checked; see coverage.c. */
#ifndef ABIGEN_COVERAGE_H
#define ABIGEN_COVERAGE_H

#include "abigen/model.h"

/*
 * Prints a table of errors and their checks in these sources (a NULL ends the list), and what
 * is missing on stderr: EXIT_SUCCESS, or EXIT_FAILURE if anything is.
 */
int coverage_check(const struct abi *abi, char **sources);

#endif
