/*
 * Control operations over the line: a request frame holds the structure of the
 * hypercall, and so does the reply. A structure may be cut behind its last
 * (in) field; what is missing is zero.
 *
 * One request is carried out at a time. One that takes many steps (create) is
 * answered when it is done; until then others are refused with -PV_EBUSY.
 *
 * Read next: control.c.
 */
#include "domain/control.h"

#include <parley/control.h>
#include <parley/errno.h>

#include "domain/line.h"
#include "lib/string.h"

struct reply {
	struct pv_line_reply head;
	union control_args args;
};

_Static_assert(sizeof(struct reply) <= PV_LINE_PAYLOAD_MAX, "a reply fits a frame");

/* A create is in the making, and its request's number. Only the reaper's step that ends it clears it. */
static bool busy; /* a */
static u32 busy_sequence;

static void send_reply(u32 sequence, long result, const union control_args *args, u32 size)
{
	struct reply reply = { .head = { .sequence = sequence, .result = (s32)result } };

	if (result < 0) {
		size = 0;
	}
	memcpy(&reply.args, args, size);
	line_send(PV_LINE_REPLY, 0, &reply, sizeof(reply.head) + size);
}

static long carry_out(u32 op, const u8 *bytes, u32 size, union control_args *args)
{
	const struct control_layout *layout = control_layout(op);
	struct control_caller who = { .domain = NULL };

	if (layout == NULL || !layout->on_line) {
		return -PV_ENOSYS;
	}
	if (size < layout->in || (size > layout->size && op != PV_CONTROLOP_image_write)) {
		return -PV_EMSGSIZE;
	}
	memset(args, 0, layout->size);
	memcpy(args, bytes, layout->in);
	if (size > layout->size) {
		who.data = bytes + layout->size;
		who.data_size = size - layout->size;
	}
	return control_do(&who, op, args);
}

void control_line_request(const u8 *payload, u32 size)
{
	struct pv_line_request request;
	const struct control_layout *layout;
	union control_args args;
	long rc;

	if (size < sizeof(request)) {
		return; /* there is not even a number to reply to */
	}
	memcpy(&request, payload, sizeof(request));
	if (__atomic_load_n(&busy, __ATOMIC_ACQUIRE)) {
		send_reply(request.sequence, -PV_EBUSY, &args, 0);
		return;
	}
	/* It may have ended, on another CPU, before we hear that it began. */
	busy_sequence = request.sequence;
	__atomic_store_n(&busy, true, __ATOMIC_RELEASE);
	rc = carry_out(request.op, payload + sizeof(request), size - (u32)sizeof(request), &args);
	if (rc == CONTROL_AGAIN) {
		return;
	}
	__atomic_store_n(&busy, false, __ATOMIC_RELEASE);
	layout = control_layout(request.op);
	send_reply(request.sequence, rc, &args, layout == NULL ? 0 : layout->size);
}

void control_line_created(long result, u16 domid, const struct pv_control_create *request)
{
	union control_args args = { .create = *request };
	u32 sequence = busy_sequence;

	args.create.domid = domid;
	__atomic_store_n(&busy, false, __ATOMIC_RELEASE);
	send_reply(sequence, result, &args, sizeof(args.create));
}
