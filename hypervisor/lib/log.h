/*
 * The hypervisor's log: a ring of text in memory that every sink (serial line,
 * screen) gets a copy of. One call is one line; the newline, the time and the
 * level are added. Any CPU, any time, also in an NMI; takes only the log lock.
 *
 * Whatever a guest can provoke goes through log_guest(), which has a budget
 * per domain: no guest can flood the log.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include "lib/types.h"

#define LOG_LINE_MAX  256 /* longer lines are cut */
#define LOG_RING_SIZE 65536
#define LOG_SINKS_MAX 4

enum log_level {
	LOG_ERROR, /* something failed that should not */
	LOG_WARN,
	LOG_INFO,
};

/* One line, formatted as by printf; the macros below are shorter. */
void log_line(enum log_level level, const char *fmt, ...) printf_like(2, 3);

#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)

/* Bytes as they are, to the ring and the sinks: guests' consoles when they go out as text. */
void log_raw(const char *text, size_t size);

/*
 * Boot: a function that gets all text from now on, and first what the ring
 * already holds. It runs under the log lock and must not log.
 */
void log_add_sink(void (*write)(const char *text, size_t size));

/* Boot: the clock, in ns, to stamp lines with; without one they are stamped 0. */
void log_set_clock(u64 (*now_ns)(void));

/* From now on, do not wait for the log lock: the machine is stopping, its holder may be dead. */
void log_bust_lock(void);

/* The newest bytes of the ring, oldest first, at most size; returns how many. */
size_t log_read(char *buf, size_t size);

/* A budget of messages: `burst` at once, one more each `interval_ns`. */
struct log_limit {
	u64 next_ns; /* when the budget is full again */
	u32 dropped; /* since the last that was let through */
};

/* True if a message may go out now; *dropped gets how many did not since the last. */
bool log_limit_allows(struct log_limit *limit, u32 *dropped);

struct domain;

/* A line about a guest's doing, "dN name: ..."; beyond the budget it is counted, not printed. Provided by domain/guest_log.c (host: tests/fake). */
void log_guest(const struct domain *d, const char *fmt, ...) printf_like(2, 3);

/* The fault is ours: print the reason, registers and stack, and stop the machine. Provided by cpu/oops.c (host: tests/fake). */
void noreturn_fn panic(const char *fmt, ...) printf_like(1, 2);

/* What must hold if our own code is right. Always compiled in. Never for what a guest can choose. */
#define invariant(condition)                                                        \
	do {                                                                        \
		if (unlikely(!(condition))) {                                       \
			panic("%s:%d: not so: %s", __FILE__, __LINE__, #condition); \
		}                                                                   \
	} while (0)

#endif
