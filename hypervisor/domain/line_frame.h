/*
 * Frames of the control line (abi/parley/control.h) as bytes: making a header,
 * and finding the frames in a stream that may have lost or gained bytes.
 */
#ifndef DOMAIN_LINE_FRAME_H
#define DOMAIN_LINE_FRAME_H

#include <parley/control.h>

#include "lib/types.h"

/* Fill in a header; length is 0 .. PV_LINE_PAYLOAD_MAX. */
void line_header_make(struct pv_line_header *h, u8 type, u16 domid, u16 length);

/* True if it is one that line_header_make() could have made. */
bool line_header_ok(const struct pv_line_header *h);

/* A frame being received. All zero: nothing yet. */
struct line_decoder {
	struct pv_line_header header;
	u32 have; /* bytes of the frame, header first */
	u8 payload[PV_LINE_PAYLOAD_MAX];
};

/*
 * Take the next byte. True: a frame is complete, its header and payload are
 * there until the next call.
 */
bool line_decode(struct line_decoder *d, u8 byte) must_check;

#endif
