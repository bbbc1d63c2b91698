/*
 * What the domains write, on one standard output. With one domain the bytes go
 * through untouched. With several, lines are kept whole and each begins with
 * its domain's name; only the domain that has the input shows a line that is
 * not finished, so that its prompt is seen.
 */
#ifndef TOOLS_PARLEY_SCREEN_H
#define TOOLS_PARLEY_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "outqueue.h"

#define SCREEN_STREAMS_MAX 2048
#define SCREEN_LINE_MAX    4096
#define SCREEN_NAME_MAX    64

struct screen_stream {
	char name[SCREEN_NAME_MAX];
	uint8_t line[SCREEN_LINE_MAX];
	size_t length; /* of the unfinished line */
	size_t shown;  /* how much of it the screen shows */
};

struct screen {
	struct outqueue *out;
	bool raw;         /* one domain: no names, no lines */
	bool colour;      /* names in colour */
	bool is_mid_line; /* raw: the last byte was no line end */
	size_t stream_count;
	size_t focus; /* the stream that has the input */
	size_t open;  /* whose unfinished line the screen ends in, or SCREEN_NONE */
	struct screen_stream *streams[SCREEN_STREAMS_MAX];
};

#define SCREEN_NONE ((size_t)-1)

void screen_init(struct screen *screen, struct outqueue *out, bool raw, bool colour);

/* Adds a stream; returns its number, or SCREEN_NONE when there are too many. */
size_t screen_add(struct screen *screen, const char *name);

/* Gives a stream to another domain: its unfinished line is ended, and it has that name from now on. */
void screen_rename(struct screen *screen, size_t index, const char *name);

/* Takes bytes that a domain wrote. */
void screen_put(struct screen *screen, size_t index, const uint8_t *data, size_t size);

/* True where the focused domain's unfinished line is not shown. */
bool screen_has_hidden(const struct screen *screen);

/*
 * Makes the cursor stand at the beginning of a line, for a message on the same
 * terminal. Only for terminals: it adds a line end to what a domain wrote.
 */
void screen_break(struct screen *screen);

/* Shows that line. Called at once on a terminal, else after a pause. */
void screen_show_partial(struct screen *screen);

/* Writes out every unfinished line, and frees. */
void screen_fini(struct screen *screen);

#endif
