/*
 * The tables for people, and the same as JSON.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "bench/costs.h"
#include "bench/results.h"

/* costs may be NULL: then there are no modelled cycles. */
void report_text(const struct results *results, const struct costs *costs);
void report_json(const struct results *results, const struct costs *costs);

#endif
