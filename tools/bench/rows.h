/*
 * The two tables: which figures there are, what they are called, and the bar for each.
 */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

struct bench_row {
	const char *name; /* as the bench program prints it */
	const char *text;
	double bar; /* what Parley must not exceed; 0: none is set */
};

/* Both end with a row whose name is NULL. */
extern const struct bench_row bench_rows_guest[];
extern const struct bench_row bench_rows_linux[];

#endif
