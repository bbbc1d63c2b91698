/*
 * Messages that travel from where a problem is found to where it is printed.
 */
#include "problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int problem_set(struct problem *problem, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(problem->text, sizeof(problem->text), format, args);
	va_end(args);
	return -1;
}

int problem_prefix(struct problem *problem, const char *format, ...)
{
	char rest[PROBLEM_TEXT_MAX];
	va_list args;
	size_t length;

	memcpy(rest, problem->text, sizeof(rest));
	va_start(args, format);
	vsnprintf(problem->text, sizeof(problem->text), format, args);
	va_end(args);
	length = strlen(problem->text);
	snprintf(problem->text + length, sizeof(problem->text) - length, "%s", rest);
	return -1;
}
