/*
 * The domain's store, one request at a time: what a person or a tool wrote there for this
 * domain is read, and what it wants to say is written. Paths are below the domain's own
 * directory unless they begin with '/'.
 *
 * For one vCPU at a time, which waits busily for each answer.
 */
#ifndef KIT_STORE_H
#define KIT_STORE_H

#include <stddef.h>

/* What store_* return when the store says no; its word for the error is in store_error(). */
#define STORE_REFUSED (-1L)

/* No answer, or none that makes sense. */
#define STORE_LOST (-2L)

/* Up to size - 1 bytes of the value, and a NUL: its length. */
long store_read(const char *path, char *value, size_t size);

/* 0. */
long store_write(const char *path, const char *value);
long store_remove(const char *path);

/* The last refusal: "ENOSPC", "ENOENT" and so on. */
const char *store_error(void);

#endif
