/*
 * Frames of the control line (abi/parley/control.h): taking them out of the
 * bytes that arrive, and making them. Bytes that are no frame are skipped and
 * counted, so a line with garbage on it recovers at the next whole frame.
 */
#ifndef TOOLS_PARLEY_LINEFRAME_H
#define TOOLS_PARLEY_LINEFRAME_H

#include <stddef.h>
#include <stdint.h>

#include <parley/control.h>

#define LINEFRAME_SIZE_MAX (sizeof(struct pv_line_header) + PV_LINE_PAYLOAD_MAX)

/* Called for each whole frame; "payload" is valid during the call only. */
typedef void lineframe_fn(void *context, const struct pv_line_header *header,
			  const uint8_t *payload);

struct lineframe_reader {
	uint8_t bytes[LINEFRAME_SIZE_MAX];
	size_t held;      /* bytes kept for the frame that is not whole yet */
	uint64_t skipped; /* bytes that belonged to no frame, since the start */
};

/* Takes "size" bytes and calls "take" for every frame that they complete. */
void lineframe_read(struct lineframe_reader *reader, const uint8_t *data, size_t size,
		    lineframe_fn *take, void *context);

/*
 * Writes a frame with "length" bytes of payload (at most PV_LINE_PAYLOAD_MAX)
 * to "out", which has room for LINEFRAME_SIZE_MAX. Returns the frame's size.
 */
size_t lineframe_make(uint8_t *out, uint8_t type, uint16_t domid, const void *payload,
		      uint16_t length);

/* The check word that belongs to a header. */
uint16_t lineframe_check(const struct pv_line_header *header);

#endif
