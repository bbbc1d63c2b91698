/*
 * The screen ends in at most one unfinished line, "open". Before anything of
 * another stream comes, that line is broken off; when its stream goes on, the
 * line is shown again from its beginning.
 */
#include "screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void screen_init(struct screen *screen, struct outqueue *out, bool raw, bool colour)
{
	memset(screen, 0, sizeof(*screen));
	screen->out = out;
	screen->raw = raw;
	screen->colour = colour;
	screen->open = SCREEN_NONE;
}

size_t screen_add(struct screen *screen, const char *name)
{
	struct screen_stream *stream;

	if (screen->stream_count == SCREEN_STREAMS_MAX) {
		return SCREEN_NONE;
	}
	stream = calloc(1, sizeof(*stream));
	if (!stream) {
		abort();
	}
	snprintf(stream->name, sizeof(stream->name), "%s", name);
	screen->streams[screen->stream_count] = stream;
	return screen->stream_count++;
}

static void put_name(struct screen *screen, size_t index)
{
	/* Six colours that are legible on dark and on light. */
	static const unsigned char colours[] = { 36, 33, 32, 35, 34, 31 };
	char text[SCREEN_NAME_MAX + 32];
	int length;

	if (screen->colour) {
		length = snprintf(text, sizeof(text), "\033[%um%s|\033[0m ",
				  colours[index % sizeof(colours)], screen->streams[index]->name);
	} else {
		length = snprintf(text, sizeof(text), "%s| ", screen->streams[index]->name);
	}
	outqueue_put(screen->out, text, (size_t)length);
}

static void break_open_line(struct screen *screen)
{
	if (screen->open != SCREEN_NONE) {
		outqueue_put(screen->out, "\n", 1);
		screen->streams[screen->open]->shown = 0;
		screen->open = SCREEN_NONE;
	}
}

/* Brings what is held of a stream's line onto the screen, which then ends in it. */
static void show_line(struct screen *screen, size_t index)
{
	struct screen_stream *stream = screen->streams[index];

	if (screen->open != index) {
		break_open_line(screen);
		put_name(screen, index);
		screen->open = index;
	}
	outqueue_put(screen->out, stream->line + stream->shown, stream->length - stream->shown);
	stream->shown = stream->length;
}

static void end_line(struct screen *screen, size_t index)
{
	struct screen_stream *stream = screen->streams[index];

	show_line(screen, index);
	break_open_line(screen);
	stream->length = 0;
	stream->shown = 0;
}

void screen_rename(struct screen *screen, size_t index, const char *name)
{
	struct screen_stream *stream = screen->streams[index];

	if (stream->length) {
		end_line(screen, index);
	}
	snprintf(stream->name, sizeof(stream->name), "%s", name);
}

/* Terminals get a carriage return from the line's end as it is; drop the guest's own. */
static void drop_carriage_returns(struct screen_stream *stream)
{
	while (stream->length > stream->shown && stream->line[stream->length - 1] == '\r') {
		stream->length--;
	}
}

void screen_put(struct screen *screen, size_t index, const uint8_t *data, size_t size)
{
	struct screen_stream *stream = screen->streams[index];

	if (screen->raw) {
		outqueue_put(screen->out, data, size);
		screen->is_mid_line = size ? data[size - 1] != '\n' : screen->is_mid_line;
		return;
	}
	for (size_t i = 0; i < size; i++) {
		if (data[i] == '\n') {
			drop_carriage_returns(stream);
			end_line(screen, index);
			continue;
		}
		if (stream->length == sizeof(stream->line)) {
			end_line(screen, index);
		}
		stream->line[stream->length++] = data[i];
	}
}

void screen_break(struct screen *screen)
{
	if (screen->raw && screen->is_mid_line) {
		outqueue_put(screen->out, "\n", 1);
		screen->is_mid_line = false;
	}
	break_open_line(screen);
}

bool screen_has_hidden(const struct screen *screen)
{
	const struct screen_stream *stream;

	if (screen->raw || screen->focus >= screen->stream_count) {
		return false;
	}
	stream = screen->streams[screen->focus];
	return stream->length > stream->shown;
}

void screen_show_partial(struct screen *screen)
{
	if (screen_has_hidden(screen)) {
		show_line(screen, screen->focus);
	}
}

void screen_fini(struct screen *screen)
{
	for (size_t i = 0; i < screen->stream_count; i++) {
		if (screen->streams[i]->length) {
			end_line(screen, i);
		}
		free(screen->streams[i]);
	}
	screen->stream_count = 0;
}
