/*
 * What the parts of the program `linux-bench` share: the table of measured operations.
 */
#ifndef TESTS_BENCH_H
#define TESTS_BENCH_H

/*
 * One operation of Linux. `run` executes it n times; `setup` (may be NULL) comes once before. Both
 * end the program with a message when something does not work.
 */
struct bench_op {
	const char *name;
	unsigned iterations; /* of a round: shorter than a few ticks of the kernel's timer */
	void (*run)(unsigned n);
	void (*setup)(void);
};

extern const struct bench_op bench_call_ops[], bench_memory_ops[], bench_process_ops[];

/* Those that are measured only if they are named. */
extern const struct bench_op bench_idle_ops[];

/* Prints "bench: WHAT: the error of errno" and ends the program. */
void bench_fail(const char *what) __attribute__((noreturn));

/* For `fork, exec, exit`: this program's own path, which with this argument ends at once. */
#define BENCH_SELF     "/bin/linux-bench"
#define BENCH_EXIT_ARG "--exit"

#endif
