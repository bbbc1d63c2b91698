/*
 * The generated parts of a file. A part lies between the lines
 * "<!-- abigen:begin NAME -->" and "<!-- abigen:end NAME -->" of a document, or the
 * lines with the marks of a C comment in their place; all else is a person's.
 */
#ifndef ABIGEN_SPLICE_H
#define ABIGEN_SPLICE_H

#include <stdbool.h>
#include <stdio.h>

/* The whole of a file, NUL-terminated, to be freed; NULL with a message on stderr. */
char *splice_read(const char *file);

/* Writes the part of a name; false, without a message, if there is no such part. */
typedef bool (*splice_part_fn)(FILE *out, const char *name, void *context);

/*
 * A copy of `text`, to be freed, with all its parts written anew; NULL with messages
 * "FILE:LINE: ..." on stderr if a mark has no partner or a name no part.
 */
char *splice(const char *file, const char *text, splice_part_fn part, void *context);

#endif
