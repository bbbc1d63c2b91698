/* A verb's end of the link; see link.h. */
#include "link.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HELLO_PATIENCE 10000 /* milliseconds; longer than a loaded host needs */

/* Longer than the run process waits for the hypervisor before it says that there is no answer. */
#define REPLY_PATIENCE 90000

static int say_ended(struct link *link, struct problem *problem)
{
	link->has_ended = true;
	return problem_set(problem, "the machine \"%s\" has ended", link->hello.machine);
}

static bool peek_frame(const struct link *link, struct link_frame *frame)
{
	size_t held = link->end - link->start;

	if (held < sizeof(frame->header)) {
		return false;
	}
	memcpy(&frame->header, link->bytes + link->start, sizeof(frame->header));
	frame->payload = link->bytes + link->start + sizeof(frame->header);
	return held >= sizeof(frame->header) + frame->header.length;
}

bool link_has_frame(const struct link *link)
{
	struct link_frame frame;

	return peek_frame(link, &frame);
}

/* Reads once. Returns 1, 0 where nothing came in time, or -1 with a problem. */
static int fill(struct link *link, int milliseconds, struct problem *problem)
{
	struct pollfd item = { .fd = link->fd, .events = POLLIN };
	ssize_t got;

	memmove(link->bytes, link->bytes + link->start, link->end - link->start);
	link->end -= link->start;
	link->start = 0;
	if (poll(&item, 1, milliseconds) <= 0) {
		return 0;
	}
	got = recv(link->fd, link->bytes + link->end, sizeof(link->bytes) - link->end, 0);
	if (got > 0) {
		link->end += (size_t)got;
		return 1;
	}
	return got < 0 && errno == EINTR ? 0 : say_ended(link, problem);
}

static int64_t get_milliseconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* A problem that ends the connection is the answer to whatever was waited for. */
static int check_frame(const struct link_frame *frame, struct problem *problem)
{
	struct link_problem told;

	if (frame->header.sync != PV_LINE_SYNC || frame->header.length > PV_LINE_PAYLOAD_MAX ||
	    frame->header.check != lineframe_check(&frame->header)) {
		return problem_set(problem, "the machine's socket speaks another language");
	}
	if (frame->header.type != LINK_PROBLEM || frame->header.length < sizeof(told)) {
		return 1;
	}
	memcpy(&told, frame->payload, sizeof(told));
	if (told.sequence) {
		return 1;
	}
	return problem_set(problem, "%.*s", (int)(frame->header.length - sizeof(told)),
			   (const char *)frame->payload + sizeof(told));
}

int link_next(struct link *link, struct link_frame *frame, int milliseconds,
	      struct problem *problem)
{
	int64_t end = get_milliseconds() + milliseconds;

	while (!peek_frame(link, frame)) {
		int64_t left = milliseconds < 0 ? -1 : end - get_milliseconds();
		int got = fill(link, left < -1 ? 0 : (int)left, problem);

		if (got < 0) {
			return -1;
		}
		if (got == 0 && milliseconds >= 0 && get_milliseconds() >= end) {
			return 0;
		}
	}
	link->start += sizeof(frame->header) + frame->header.length;
	return check_frame(frame, problem);
}

static int greet(struct link *link, struct problem *problem)
{
	struct link_frame frame;
	int got = link_next(link, &frame, HELLO_PATIENCE, problem);

	if (got < 0) {
		return -1;
	}
	if (got == 0) {
		return problem_set(problem, "the machine does not answer (its `parley run` is "
					    "stopped or very busy)");
	}
	if (frame.header.type != LINK_HELLO || frame.header.length != sizeof(link->hello)) {
		return problem_set(problem, "the machine is held by another version of parley");
	}
	memcpy(&link->hello, frame.payload, sizeof(link->hello));
	if (link->hello.version != LINK_VERSION) {
		return problem_set(
			problem,
			"the machine is held by a parley that speaks version %u of the "
			"link, this one version %u (use that one, or end process %u, which "
			"holds it)",
			link->hello.version, LINK_VERSION, link->hello.pid);
	}
	return 0;
}

int link_open(struct link *link, const char *name, struct problem *problem)
{
	memset(link, 0, sizeof(*link));
	link->fd = runtime_connect(name, problem);
	if (link->fd < 0) {
		return -1;
	}
	if (greet(link, problem)) {
		link_close(link);
		return -1;
	}
	return 0;
}

void link_close(struct link *link)
{
	if (link->fd >= 0) {
		close(link->fd);
	}
	link->fd = -1;
}

/* The machine has closed the connection: perhaps it has said why. Returns -1. */
static int find_last_word(struct link *link, struct problem *problem)
{
	struct link_frame frame;
	int got;

	do {
		got = link_next(link, &frame, 0, problem);
	} while (got > 0);
	return got < 0 ? -1 : say_ended(link, problem);
}

int link_send(struct link *link, uint8_t type, uint16_t domid, const void *payload, size_t size,
	      int fd, struct problem *problem)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)),
				  .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS } };
	uint8_t bytes[LINEFRAME_SIZE_MAX];
	struct iovec piece = { bytes, lineframe_make(bytes, type, domid, payload, (uint16_t)size) };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };
	ssize_t sent;

	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control.room);
	}
	while (piece.iov_len) {
		sent = sendmsg(link->fd, &message, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR) {
			continue;
		}
		if (sent < 0 && errno == EAGAIN) {
			return problem_set(problem, "the machine \"%s\" does not answer",
					   link->hello.machine);
		}
		if (sent < 0) {
			return find_last_word(link, problem);
		}
		piece.iov_base = (uint8_t *)piece.iov_base + sent;
		piece.iov_len -= (size_t)sent;
		message.msg_controllen = 0;
	}
	return 0;
}

int link_watch(struct link *link, uint32_t what, uint16_t domid, struct problem *problem)
{
	return link_send(link, LINK_WATCH, domid, &what, sizeof(what), -1, problem);
}

/*
 * Whether a frame answers the request in flight: 1 with the result, which is LINK_FAILED with a
 * problem where there was none.
 */
static int take_answer(struct link *link, const struct link_frame *frame, void *structure,
		       size_t size, int *result, struct problem *problem)
{
	struct pv_line_reply reply;
	struct link_problem told;
	size_t rest = frame->header.length;

	if (frame->header.type == PV_LINE_REPLY && rest >= sizeof(reply)) {
		memcpy(&reply, frame->payload, sizeof(reply));
		if (reply.sequence != link->sequence) {
			return 0;
		}
		rest -= sizeof(reply);
		rest = rest < size ? rest : size;
		if (rest) {
			memcpy(structure, frame->payload + sizeof(reply), rest);
		}
		*result = reply.result;
		return 1;
	}
	if (frame->header.type == LINK_PROBLEM && rest >= sizeof(told)) {
		memcpy(&told, frame->payload, sizeof(told));
		if (told.sequence != link->sequence) {
			return 0;
		}
		*result = LINK_FAILED;
		link->has_ended |= told.has_ended != 0;
		problem_set(problem, "%.*s", (int)(rest - sizeof(told)),
			    (const char *)frame->payload + sizeof(told));
		return 1;
	}
	return 0;
}

static int wait_for_answer(struct link *link, void *structure, size_t size, struct problem *problem)
{
	struct link_frame frame;
	int result;
	int got;

	while ((got = link_next(link, &frame, REPLY_PATIENCE, problem)) > 0) {
		if (take_answer(link, &frame, structure, size, &result, problem)) {
			return result;
		}
		if (link->take) {
			link->take(link->context, &frame);
		}
	}
	if (got == 0) {
		problem_set(problem, "the machine \"%s\" does not answer", link->hello.machine);
	}
	return LINK_FAILED;
}

int link_call(struct link *link, uint32_t op, void *structure, size_t size, struct problem *problem)
{
	uint8_t payload[PV_LINE_PAYLOAD_MAX];
	struct pv_line_request request = { .sequence = ++link->sequence, .op = op };

	memcpy(payload, &request, sizeof(request));
	if (size) {
		memcpy(payload + sizeof(request), structure, size);
	}
	if (link_send(link, PV_LINE_REQUEST, 0, payload, sizeof(request) + size, -1, problem)) {
		return LINK_FAILED;
	}
	return wait_for_answer(link, structure, size, problem);
}

void link_tell_kernel(struct link *link, const uint8_t uuid[16], const char *path)
{
	struct {
		struct link_kernel head;
		char path[PV_LINE_PAYLOAD_MAX - sizeof(struct link_kernel)];
	} frame;
	struct problem ignored;
	char whole[PATH_MAX];
	int length;

	if (!realpath(path, whole)) {
		return;
	}
	memcpy(frame.head.uuid, uuid, sizeof(frame.head.uuid));
	length = snprintf(frame.path, sizeof(frame.path), "%s", whole);
	if (length < (int)sizeof(frame.path)) {
		(void)link_send(link, LINK_KERNEL, 0, &frame, sizeof(frame.head) + (size_t)length,
				-1, &ignored);
	}
}

void link_ask_kernel(struct link *link, const uint8_t uuid[16], char path[PATH_MAX])
{
	struct link_frame frame;
	struct problem ignored;
	size_t length = 0;

	path[0] = '\0';
	if (link_send(link, LINK_ORIGIN, 0, uuid, sizeof(struct link_kernel), -1, &ignored)) {
		return;
	}
	while (link_next(link, &frame, REPLY_PATIENCE, &ignored) > 0) {
		if (frame.header.type == LINK_KERNEL &&
		    frame.header.length >= sizeof(struct link_kernel)) {
			length = frame.header.length - sizeof(struct link_kernel);
			memcpy(path, frame.payload + sizeof(struct link_kernel), length);
			path[length] = '\0';
			return;
		}
	}
}
