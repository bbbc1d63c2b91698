/*
 * Never more than PIPE_BUF bytes in one write, and only after poll said there
 * is room: so a blocking descriptor does not block.
 */
#include "outqueue.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUTQUEUE_FULL ((size_t)256 * 1024)

void outqueue_init(struct outqueue *queue, int fd)
{
	memset(queue, 0, sizeof(*queue));
	queue->fd = fd;
}

void outqueue_put(struct outqueue *queue, const void *data, size_t size)
{
	if (queue->broken || !size) {
		return;
	}
	if (queue->capacity - queue->size < size) {
		size_t capacity = 2 * (queue->size + size);
		uint8_t *bytes = realloc(queue->data, capacity);

		if (!bytes) {
			abort();
		}
		queue->data = bytes;
		queue->capacity = capacity;
	}
	memcpy(queue->data + queue->size, data, size);
	queue->size += size;
}

void outqueue_drop(struct outqueue *queue, size_t size)
{
	queue->size -= size;
	memmove(queue->data, queue->data + size, queue->size);
}

bool outqueue_is_full(const struct outqueue *queue)
{
	return queue->size >= OUTQUEUE_FULL;
}

/* Waits for room; false where there is none in time. */
static bool wait_for_room(const struct outqueue *queue, int milliseconds)
{
	struct pollfd item = { .fd = queue->fd, .events = POLLOUT };

	return poll(&item, 1, milliseconds) == 1;
}

static void flush_within(struct outqueue *queue, int milliseconds)
{
	size_t done = 0;

	while (done < queue->size && wait_for_room(queue, milliseconds)) {
		size_t left = queue->size - done;
		ssize_t wrote =
			write(queue->fd, queue->data + done, left < PIPE_BUF ? left : PIPE_BUF);

		if (wrote > 0) {
			done += (size_t)wrote;
		} else if (wrote < 0 && errno == EAGAIN) {
			break;
		} else if (wrote < 0 && errno != EINTR) {
			queue->broken = true;
			done = queue->size;
		}
	}
	outqueue_drop(queue, done);
}

void outqueue_flush(struct outqueue *queue)
{
	if (queue->size) {
		flush_within(queue, 0);
	}
}

void outqueue_fini(struct outqueue *queue, unsigned int seconds)
{
	if (queue->size) {
		flush_within(queue, (int)seconds * 1000);
	}
	free(queue->data);
	queue->data = NULL;
	queue->size = 0;
	queue->capacity = 0;
}
