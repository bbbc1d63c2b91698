/*
 * What the system tests stand on: run a program to its end with a time limit,
 * keep all that it wrote, and look into it. Each test has a directory of its
 * own and shares nothing with those that run beside it.
 */
#ifndef TESTS_SYSTEM_HARNESS_H
#define TESTS_SYSTEM_HARNESS_H

#include <stdbool.h>
#include <stddef.h>

#define RUN_SECONDS 300U /* far more than any run takes on a slow host */

struct run_result {
	int status; /* exit status; 128 + signal where a signal ended it; -1 at our time limit */
	char *out;  /* all of stdout, NUL-terminated */
	char *err;  /* all of stderr */
};

/*
 * Runs argv[0], looked up on PATH unless it has a slash, with `input` (or
 * nothing) as its stdin. Kills it and all its children after `seconds`.
 */
struct run_result run_program(const char *input, unsigned int seconds, const char *const argv[]);

/* Runs build/parley with these arguments and no input. */
#define run_parley(...)                \
	run_program(NULL, RUN_SECONDS, \
		    (const char *const[]){ test_build_path("parley"), __VA_ARGS__, NULL })

void run_result_free(struct run_result *result);

/*
 * Boots the Debian kernel with the tests' ramdisk; `test` is a test_NAME of
 * tests/system/init, `options` further arguments for `parley run`, or NULL.
 */
struct run_result run_debian(const char *test, const char *input, const char *const options[]);

/* Paths, all static or kept until the process ends. */
const char *test_build_path(const char *name); /* build/NAME */
const char *test_kernel(void);                 /* Debian's bzImage */
const char *test_ramdisk(void);                /* the tests' initial ramdisk */
const char *test_guest(const char *name);      /* build/guests/NAME.elf */

/* A new directory, removed with all that is in it when the test ends. */
const char *test_directory(void);

/* Writes a file in test_directory() from a format, returns its path. */
__attribute__((format(printf, 2, 3))) const char *test_write_file(const char *name,
								  const char *format, ...);

/* Each fails the test, showing the run's end, unless it holds. */
void expect_status(const struct run_result *result, int status);
void expect_output(const struct run_result *result, const char *text);
void expect_no_output(const struct run_result *result, const char *text);
void expect_error(const struct run_result *result, const char *text);

/* How often text occurs. */
unsigned int count_text(const char *where, const char *text);

/* Fails on anything in a Linux guest's console that shows that its kernel is unwell. */
void expect_healthy_linux(const struct run_result *result);

#endif
