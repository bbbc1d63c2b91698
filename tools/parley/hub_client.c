/*
 * One client: taking its frames apart, keeping what waits, answering.
 */
#include "hub_state.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link.h"

#define READ_SIZE    4096
#define PENDING_MAX  (8 * LINEFRAME_SIZE_MAX) /* bytes of requests; then it is not read */
#define PROBLEM_SIZE 1024

/* Below this it is shown things again after some were lost, so that losses come in few pieces. */
#define CAUGHT_UP ((size_t)64 * 1024)

struct hub_client *hub_client_new(int fd, const struct hub *hub)
{
	struct hub_client *client = calloc(1, sizeof(*client));
	struct link_hello hello = { .version = LINK_VERSION,
				    .pid = (uint32_t)getpid(),
				    .is_counted = hub->host.is_counted };

	if (!client) {
		abort();
	}
	client->fd = fd;
	client->passed_fd = -1;
	outqueue_init(&client->out, fd);
	outqueue_init(&client->pending, -1);
	outqueue_init(&client->input, -1);
	snprintf(hello.machine, sizeof(hello.machine), "%s", hub->socket.name);
	hub_client_send(client, LINK_HELLO, 0, &hello, sizeof(hello));
	return client;
}

static void drop_passed(struct hub_client *client)
{
	if (client->passed_fd >= 0) {
		close(client->passed_fd);
	}
	client->passed_fd = -1;
}

void hub_client_free(struct hub_client *client)
{
	outqueue_flush(&client->out);
	client->out.size = 0;
	outqueue_fini(&client->out, 0);
	client->pending.size = 0;
	outqueue_fini(&client->pending, 0);
	client->input.size = 0;
	outqueue_fini(&client->input, 0);
	drop_passed(client);
	close(client->fd);
	free(client);
}

/* ---- to the client ---- */

void hub_client_send(struct hub_client *client, uint8_t type, uint16_t domid, const void *payload,
		     size_t size)
{
	uint8_t frame[LINEFRAME_SIZE_MAX];

	outqueue_put(&client->out, frame,
		     lineframe_make(frame, type, domid, payload, (uint16_t)size));
}

void hub_client_show(struct hub_client *client, const struct pv_line_header *header,
		     const uint8_t *payload)
{
	if (outqueue_is_full(&client->out) || (client->lost && client->out.size > CAUGHT_UP)) {
		client->lost += header->length;
		return;
	}
	if (client->lost) {
		hub_client_send(client, LINK_LOST, 0, &client->lost, sizeof(client->lost));
		client->lost = 0;
	}
	hub_client_send(client, header->type, header->domid, payload, header->length);
}

void hub_client_refuse(struct hub_client *client, uint32_t sequence, const char *format, ...)
{
	struct link_problem problem = { .sequence = sequence, .has_ended = client->is_orphan };
	char bytes[sizeof(problem) + PROBLEM_SIZE];
	va_list args;

	memcpy(bytes, &problem, sizeof(problem));
	va_start(args, format);
	vsnprintf(bytes + sizeof(problem), PROBLEM_SIZE, format, args);
	va_end(args);
	hub_client_send(client, LINK_PROBLEM, 0, bytes,
			sizeof(problem) + strlen(bytes + sizeof(problem)));
	if (!sequence) {
		outqueue_flush(&client->out);
		client->is_closed = true;
	}
}

/* ---- from the client ---- */

bool hub_client_is_ready(const struct hub_client *client)
{
	return !outqueue_is_full(&client->out) && client->pending.size < PENDING_MAX &&
	       client->input.size < HUB_INPUT_MAX;
}

size_t hub_client_take_request(struct hub_client *client, uint8_t frame[LINEFRAME_SIZE_MAX])
{
	struct pv_line_header header;
	size_t size;

	if (!client->pending.size || client->input.size) {
		return 0;
	}
	memcpy(&header, client->pending.data, sizeof(header));
	size = sizeof(header) + header.length;
	memcpy(frame, client->pending.data, size);
	outqueue_drop(&client->pending, size);
	return size;
}

void hub_client_put_input(struct hub *hub, struct hub_client *client)
{
	size_t taken = 1;

	while (client->input.size && taken) {
		taken = hub->host.put_input(hub->host.context, client->input_domid,
					    client->input.data, client->input.size);
		outqueue_drop(&client->input, taken);
	}
}

/* What was kept of a console, as frames like those that follow. */
static void show_backlog(struct hub *hub, struct hub_client *client, uint16_t domid)
{
	uint8_t bytes[BACKLOG_SIZE];
	size_t size = backlog_get(&hub->backlog, domid, bytes);

	for (size_t at = 0; at < size; at += PV_LINE_PAYLOAD_MAX) {
		size_t piece = size - at < PV_LINE_PAYLOAD_MAX ? size - at : PV_LINE_PAYLOAD_MAX;

		hub_client_send(client, PV_LINE_CONSOLE_OUT, domid, bytes + at, piece);
	}
}

static void take_watch(struct hub *hub, struct hub_client *client,
		       const struct pv_line_header *header, const uint8_t *payload)
{
	uint32_t what;

	if (header->length < sizeof(what)) {
		return;
	}
	memcpy(&what, payload, sizeof(what));
	client->watches |= what;
	if (what & LINK_WATCH_CONSOLE) {
		client->console = header->domid;
		show_backlog(hub, client, header->domid);
	}
}

static void take_input(struct hub_client *client, const struct pv_line_header *header,
		       const uint8_t *payload)
{
	/* Input for another domain follows what waits for the first only once that is gone. */
	if (client->input.size && client->input_domid != header->domid) {
		return;
	}
	client->input_domid = header->domid;
	outqueue_put(&client->input, payload, header->length);
}

/* What of a client is being read. */
struct reading {
	struct hub *hub;
	struct hub_client *client;
};

static void take_frame(void *context, const struct pv_line_header *header, const uint8_t *payload)
{
	const struct reading *reading = context;
	struct hub_client *client = reading->client;
	uint8_t frame[LINEFRAME_SIZE_MAX];

	switch (header->type) {
	case PV_LINE_REQUEST:
		if (header->length >= sizeof(struct pv_line_request)) {
			outqueue_put(&client->pending, frame,
				     lineframe_make(frame, header->type, 0, payload,
						    header->length));
		}
		break;
	case PV_LINE_CONSOLE_IN:
		take_input(client, header, payload);
		break;
	case LINK_WATCH:
		take_watch(reading->hub, client, header, payload);
		break;
	case LINK_IMAGE:
		hub_image_ask(reading->hub, client, payload, header->length);
		drop_passed(client);
		break;
	case LINK_KERNEL:
		hub_kernel_take(reading->hub, payload, header->length);
		break;
	case LINK_ORIGIN:
		hub_kernel_answer(reading->hub, client, payload, header->length);
		break;
	case LINK_STOP:
		reading->hub->host.stop(reading->hub->host.context);
		break;
	default:
		hub_client_refuse(client, 0, "frame type %u is not known here", header->type);
		break;
	}
}

/* Keeps the descriptor that came with some bytes. */
static void take_passed(struct hub_client *client, struct msghdr *message)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(message);

	if (!control || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS ||
	    control->cmsg_len < CMSG_LEN(sizeof(int))) {
		return;
	}
	drop_passed(client);
	memcpy(&client->passed_fd, CMSG_DATA(control), sizeof(int));
}

void hub_client_read(struct hub *hub, struct hub_client *client)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct reading reading = { hub, client };
	uint8_t bytes[READ_SIZE];
	struct iovec piece = { bytes, sizeof(bytes) };
	struct msghdr message = { .msg_iov = &piece,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t got = recvmsg(client->fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (got <= 0) {
		client->is_closed = true;
		return;
	}
	take_passed(client, &message);
	lineframe_read(&client->reader, bytes, (size_t)got, take_frame, &reading);
	if (client->reader.skipped) {
		client->is_closed = true;
	}
}
