/*
 * Bytes on their way to a descriptor that may be slow. The event loop writes
 * only what does not block, so a reader that stops cannot stop signals,
 * timeouts or the other streams. The descriptor's own flags stay as they are,
 * since a terminal is shared with other programs.
 */
#ifndef TOOLS_PARLEY_OUTQUEUE_H
#define TOOLS_PARLEY_OUTQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outqueue {
	int fd;
	uint8_t *data;
	size_t size;
	size_t capacity;
	bool broken; /* the reader is gone; bytes are dropped */
};

void outqueue_init(struct outqueue *queue, int fd);

/* Appends. Ends the program without memory. */
void outqueue_put(struct outqueue *queue, const void *data, size_t size);

/* Takes the first bytes off, for a queue that is emptied in another way than by writing. */
void outqueue_drop(struct outqueue *queue, size_t size);

/* True where a source should not be read until the queue has drained. */
bool outqueue_is_full(const struct outqueue *queue);

/* Writes what can be written at once. */
void outqueue_flush(struct outqueue *queue);

/* Writes everything, waiting at most "seconds" for the reader; then frees. */
void outqueue_fini(struct outqueue *queue, unsigned int seconds);

#endif
