/*
 * A trace of a machine that runs: asks the hypervisor to record and takes what comes.
 */
#ifndef TOOLS_PARLEY_TRACE_LIVE_H
#define TOOLS_PARLEY_TRACE_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "problem.h"
#include "trace_sink.h"

/*
 * Traces the domain called "name" (NULL: all) of a machine (NULL: the one there is) until
 * it ends, the sink is full, "seconds" are over (0: no limit) or trace_is_stopped().
 * Returns 0, or -1 with a problem.
 */
int trace_live(struct trace_sink *sink, const char *machine, const char *name, uint64_t seconds,
	       struct problem *problem);

/* The person wants it to end. */
bool trace_is_stopped(void);

#endif
