/*
 * The tables: which figures there are, what they are called, and the bar for each.
 */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

struct bench_row {
	const char *name; /* as the bench program prints it */
	const char *text;
	double bar; /* what Parley must not exceed; 0: none is set */
};

/* Each ends with a row whose name is NULL. */
extern const struct bench_row bench_rows_guest[];
extern const struct bench_row bench_rows_linux[];
extern const struct bench_row bench_rows_longest[];
extern const struct bench_row bench_rows_idle[];
extern const struct bench_row bench_rows_idle_linux[];

#endif
