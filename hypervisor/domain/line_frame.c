/* Frames of the control line; see line_frame.h. Read next: line.c. */
#include "domain/line_frame.h"

#include "lib/string.h"

static u16 header_check(const struct pv_line_header *h)
{
	u32 first = (u32)h->sync | (u32)h->type << 8;

	return (u16)(~first ^ h->domid ^ h->length);
}

void line_header_make(struct pv_line_header *h, u8 type, u16 domid, u16 length)
{
	*h = (struct pv_line_header){
		.sync = PV_LINE_SYNC,
		.type = type,
		.domid = domid,
		.length = length,
	};
	h->check = header_check(h);
}

bool line_header_ok(const struct pv_line_header *h)
{
	return h->sync == PV_LINE_SYNC && h->length <= PV_LINE_PAYLOAD_MAX &&
	       h->check == header_check(h);
}

/* The header is none: a frame may start at a later sync byte in it. */
static void resync(struct line_decoder *d)
{
	const u8 *bytes = (const u8 *)&d->header;
	u32 skip = 1;

	while (skip < d->have && bytes[skip] != PV_LINE_SYNC) {
		skip++;
	}
	d->have -= skip;
	memmove(&d->header, bytes + skip, d->have);
}

static bool header_byte(struct line_decoder *d, u8 byte)
{
	((u8 *)&d->header)[d->have++] = byte;
	if (((const u8 *)&d->header)[0] != PV_LINE_SYNC) {
		d->have = 0;
		return false;
	}
	if (d->have < sizeof(d->header)) {
		return false;
	}
	if (!line_header_ok(&d->header)) {
		resync(d);
		return false;
	}
	return d->header.length == 0;
}

bool line_decode(struct line_decoder *d, u8 byte)
{
	if (d->have >= sizeof(d->header) && d->have == sizeof(d->header) + d->header.length) {
		d->have = 0; /* the last call gave a frame */
	}
	if (d->have < sizeof(d->header)) {
		return header_byte(d, byte);
	}
	d->payload[d->have++ - sizeof(d->header)] = byte;
	return d->have == sizeof(d->header) + d->header.length;
}
