/*
 * The decoder keeps at most one frame's bytes. When what is at the front cannot
 * be a frame, exactly one byte is given up and the search goes on behind it: a
 * true frame that starts inside the garbage is never lost.
 */
#include "lineframe.h"

#include <string.h>

uint16_t lineframe_check(const struct pv_line_header *header)
{
	unsigned int first = header->sync | (unsigned int)header->type << 8;

	return (uint16_t)(~first ^ header->domid ^ header->length);
}

static int is_header(const struct pv_line_header *header)
{
	return header->sync == PV_LINE_SYNC && header->length <= PV_LINE_PAYLOAD_MAX &&
	       header->check == lineframe_check(header);
}

static void drop(struct lineframe_reader *reader, size_t count)
{
	reader->held -= count;
	memmove(reader->bytes, reader->bytes + count, reader->held);
}

/* Gives up the first byte and what follows it up to the next sync byte. */
static void skip_garbage(struct lineframe_reader *reader)
{
	const uint8_t *sync = memchr(reader->bytes + 1, PV_LINE_SYNC, reader->held - 1);
	size_t count = sync ? (size_t)(sync - reader->bytes) : reader->held;

	reader->skipped += count;
	drop(reader, count);
}

/* Handles what is held until it is less than a frame. */
static void take_frames(struct lineframe_reader *reader, lineframe_fn *take, void *context)
{
	struct pv_line_header header;

	while (reader->held) {
		if (reader->bytes[0] != PV_LINE_SYNC) {
			skip_garbage(reader);
			continue;
		}
		if (reader->held < sizeof(header)) {
			return;
		}
		memcpy(&header, reader->bytes, sizeof(header));
		if (!is_header(&header)) {
			skip_garbage(reader);
			continue;
		}
		if (reader->held < sizeof(header) + header.length) {
			return;
		}
		take(context, &header, reader->bytes + sizeof(header));
		drop(reader, sizeof(header) + header.length);
	}
}

void lineframe_read(struct lineframe_reader *reader, const uint8_t *data, size_t size,
		    lineframe_fn *take, void *context)
{
	while (size) {
		size_t room = sizeof(reader->bytes) - reader->held;
		size_t count = size < room ? size : room;

		memcpy(reader->bytes + reader->held, data, count);
		reader->held += count;
		data += count;
		size -= count;
		take_frames(reader, take, context);
	}
}

size_t lineframe_make(uint8_t *out, uint8_t type, uint16_t domid, const void *payload,
		      uint16_t length)
{
	struct pv_line_header header = {
		.sync = PV_LINE_SYNC,
		.type = type,
		.domid = domid,
		.length = length,
	};

	header.check = lineframe_check(&header);
	memcpy(out, &header, sizeof(header));
	if (length) {
		memcpy(out + sizeof(header), payload, length);
	}
	return sizeof(header) + length;
}
