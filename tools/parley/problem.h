/*
 * What went wrong, in words for people. The parts of `parley` never print an
 * error themselves: they fill in a problem and return -1, and the verb prints
 * it. So tests can compare messages.
 */
#ifndef TOOLS_PARLEY_PROBLEM_H
#define TOOLS_PARLEY_PROBLEM_H

#define PROBLEM_TEXT_MAX 1024

struct problem {
	char text[PROBLEM_TEXT_MAX];
};

/* Sets the text (cut off where it is too long). Returns -1, to be returned. */
int problem_set(struct problem *problem, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Puts "prefix" before the text that is there. Returns -1. */
int problem_prefix(struct problem *problem, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
