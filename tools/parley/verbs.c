/* How verbs report; see verbs.h. */
#include "verbs.h"

#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 2, 0))) static void say(const char *verb, const char *format,
						      va_list args)
{
	fprintf(stderr, "parley %s: ", verb);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

int verb_fail(const char *verb, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(verb, format, args);
	va_end(args);
	return VERB_STATUS_USAGE;
}

int verb_point_to_help(const char *verb)
{
	fprintf(stderr, "`parley %s --help` lists the options.\n", verb);
	return VERB_STATUS_USAGE;
}

int verb_misuse(const char *verb, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(verb, format, args);
	va_end(args);
	return verb_point_to_help(verb);
}

int verb_print_version(void)
{
	puts("parley " PARLEY_VERSION);
	return 0;
}
