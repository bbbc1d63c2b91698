/*
 * Replacing the generated parts of a document. A part lies between the lines
 * "<!-- abigen:begin NAME -->" and "<!-- abigen:end NAME -->".
 */
#ifndef ABIGEN_SPLICE_H
#define ABIGEN_SPLICE_H

#include <stdbool.h>

/* The whole of a file, NUL-terminated, to be freed; NULL with a message on stderr. */
char *splice_read(const char *file);

/*
 * A copy of `text`, to be freed, in which `part` stands between the marks of
 * `name`; NULL with a message on stderr if the marks are not there once.
 */
char *splice_replace(const char *file, const char *text, const char *name, const char *part);

#endif
