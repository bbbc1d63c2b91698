/*
 * processor: a static program that uses what few programs use of an x86
 * processor - segments, bases, debug registers, 32-bit code, forbidden
 * instructions - and checks that a guest's user mode gets what it would get on
 * a machine of its own. Each subject runs in a process of its own and ends it
 * when something is wrong.
 */
#ifndef PROCESSOR_H
#define PROCESSOR_H

#include <stddef.h>
#include <stdint.h>

/* Ends the process with a message unless the condition holds. */
#define CHECK(condition)                                                \
	do {                                                            \
		if (!(condition)) {                                     \
			processor_fail(__FILE__, __LINE__, #condition); \
		}                                                       \
	} while (0)

_Noreturn void processor_fail(const char *file, int line, const char *condition);

/*
 * Run fn and return the signal that it raised, 0 if none. After a signal the
 * process goes on behind fn.
 */
int processor_signal_of(void (*fn)(void));

/* A page of code at an address below 4 GiB, writable and executable. */
void *processor_low_page(void);

void processor_bases(void);
void processor_ldt(void);
void processor_tls(void);
void processor_int80(void);
void processor_compat(void);
void processor_forbidden(void);
void processor_bad_return(void);
void processor_step(void);
void processor_watch(void);
void processor_trap_flag(void);

#endif
