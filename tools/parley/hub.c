/*
 * Requests take turns by client, and images take theirs among them, a piece each: an
 * upload of a minute delays another client's request by one piece.
 */
#include "hub_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <parley/control.h>
#include <parley/control_op.h>

#include "link.h"

#define REPLY_PATIENCE 30.0 /* seconds that the hypervisor has for an answer */

void hub_init(struct hub *hub, const struct runtime_socket *socket, struct outqueue *line,
	      const struct hub_host *host, double patience)
{
	memset(hub, 0, sizeof(*hub));
	hub->socket = *socket;
	hub->line = line;
	hub->host = *host;
	hub->patience = patience > 0 ? patience : REPLY_PATIENCE;
}

/* ---- connections ---- */

static void take_connection(struct hub *hub)
{
	int fd = accept4(hub->socket.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct hub_client *client;

	if (fd < 0) {
		return;
	}
	client = hub_client_new(fd, hub);
	if (hub->client_count == HUB_CLIENTS_MAX) {
		hub_client_refuse(client, 0, "%u others use the machine (wait until one is done)",
				  HUB_CLIENTS_MAX);
		hub_client_free(client);
		return;
	}
	hub->clients[hub->client_count++] = client;
}

static void remove_client(struct hub *hub, size_t index)
{
	struct hub_client *client = hub->clients[index];

	if (hub->flight.client == client) {
		hub->flight.client = NULL;
	}
	hub_trace_drop_client(hub, client);
	hub->client_count--;
	memmove(&hub->clients[index], &hub->clients[index + 1],
		(hub->client_count - index) * sizeof(hub->clients[0]));
	hub_client_free(client);
}

static void remove_closed(struct hub *hub)
{
	for (size_t i = hub->client_count; i-- > 0;) {
		if (hub->clients[i]->is_closed || hub->clients[i]->out.broken) {
			remove_client(hub, i);
		}
	}
}

size_t hub_fill_poll(const struct hub *hub, struct pollfd *polls)
{
	polls[0] = (struct pollfd){ .fd = hub->socket.fd, .events = POLLIN };
	for (size_t i = 0; i < hub->client_count; i++) {
		const struct hub_client *client = hub->clients[i];
		short events = POLLRDHUP;

		events |= hub_client_is_ready(client) ? POLLIN : 0;
		events |= client->out.size ? POLLOUT : 0;
		polls[1 + i] = (struct pollfd){ .fd = client->fd, .events = events };
	}
	return 1 + hub->client_count;
}

void hub_take_poll(struct hub *hub, const struct pollfd *polls)
{
	for (size_t i = 0; i < hub->client_count; i++) {
		struct hub_client *client = hub->clients[i];
		short events = polls[1 + i].revents;

		if (events & POLLIN) {
			hub_client_read(hub, client);
		} else if (events & (POLLHUP | POLLRDHUP | POLLERR)) {
			client->is_closed = true;
		}
	}
	if (polls[0].revents) {
		take_connection(hub);
	}
	remove_closed(hub);
}

/* ---- the line ---- */

void hub_send(struct hub *hub, uint32_t op, const void *rest, size_t size, double time)
{
	struct pv_line_request request = { .sequence = ++hub->sequence, .op = op };
	uint8_t payload[PV_LINE_PAYLOAD_MAX];
	uint8_t frame[LINEFRAME_SIZE_MAX];

	memcpy(payload, &request, sizeof(request));
	memcpy(payload + sizeof(request), rest, size);
	outqueue_put(hub->line, frame,
		     lineframe_make(frame, PV_LINE_REQUEST, 0, payload,
				    (uint16_t)(sizeof(request) + size)));
	hub->flight = (struct hub_flight){ .is_waiting = true,
					   .sequence = request.sequence,
					   .deadline = time + hub->patience };
}

/* Its structure, "size" bytes, with what others trace added to it. False: it was refused. */
static bool add_traces(struct hub *hub, struct hub_client *client,
		       const struct pv_line_request *request, uint8_t *structure, size_t size,
		       struct hub_trace_flight *flight)
{
	struct pv_control_trace set;

	if (request->op != PV_CONTROLOP_trace_set || size != sizeof(set)) {
		return true;
	}
	memcpy(&set, structure, sizeof(set));
	if (!hub_trace_ask(hub, client, request->sequence, &set, flight)) {
		return false;
	}
	memcpy(structure, &set, sizeof(set));
	return true;
}

static bool send_for_client(struct hub *hub, struct hub_client *client, double time)
{
	uint8_t frame[LINEFRAME_SIZE_MAX];
	size_t size = hub_client_take_request(client, frame);
	size_t head = sizeof(struct pv_line_header) + sizeof(struct pv_line_request);
	struct hub_trace_flight trace = { .is_one = false };
	struct pv_line_request request;

	if (!size) {
		return false;
	}
	memcpy(&request, frame + sizeof(struct pv_line_header), sizeof(request));
	if (!add_traces(hub, client, &request, frame + head, size - head, &trace)) {
		return false;
	}
	hub_send(hub, request.op, frame + head, size - head, time);
	hub->flight.client = client;
	hub->flight.client_sequence = request.sequence;
	hub->flight.trace = trace;
	return true;
}

/* The machine must not go on recording for who is gone. */
static void send_traces(struct hub *hub, double time)
{
	struct hub_trace_flight trace;
	struct pv_control_trace set;

	if (!hub->flight.is_waiting && hub_trace_next(hub, &set, &trace)) {
		hub_send(hub, PV_CONTROLOP_trace_set, &set, sizeof(set), time);
		hub->flight.trace = trace;
	}
}

/* Whoever asks of a hypervisor that does not answer, or is gone, is told so. */
static void refuse_all(struct hub *hub, const char *why)
{
	uint8_t frame[LINEFRAME_SIZE_MAX];
	struct pv_line_request request;

	for (size_t i = 0; i < hub->client_count; i++) {
		while (hub_client_take_request(hub->clients[i], frame)) {
			memcpy(&request, frame + sizeof(struct pv_line_header), sizeof(request));
			hub_client_refuse(hub->clients[i], request.sequence, "%s", why);
		}
	}
	for (size_t i = 0; i < HUB_IMAGES_MAX; i++) {
		if (hub->images[i].is_used && !hub->images[i].is_ready) {
			hub_image_fail(hub, &hub->images[i], why);
		}
	}
}

static const char late_text[] = "the hypervisor does not answer (its log may say why; `parley stop "
				"--now` switches the machine off)";

static void send_next(struct hub *hub, double time)
{
	send_traces(hub, time);
	for (size_t i = 0; i <= hub->client_count && !hub->flight.is_waiting; i++) {
		size_t turn = (hub->turn + i) % (hub->client_count + 1);

		if (turn == hub->client_count ? hub_image_run(hub, time) :
						send_for_client(hub, hub->clients[turn], time)) {
			hub->turn = turn + 1;
		}
	}
}

void hub_run(struct hub *hub, double time)
{
	for (size_t i = 0; i < hub->client_count; i++) {
		hub_client_put_input(hub, hub->clients[i]);
	}
	if (hub->flight.is_late) {
		refuse_all(hub, late_text);
	} else if (hub->is_up) {
		send_next(hub, time);
	}
	for (size_t i = 0; i < hub->client_count; i++) {
		outqueue_flush(&hub->clients[i]->out);
	}
	remove_closed(hub);
}

double hub_get_deadline(const struct hub *hub)
{
	return hub->flight.is_waiting && !hub->flight.is_late ? hub->flight.deadline : 0;
}

static void give_up(struct hub *hub, const char *why)
{
	struct hub_flight *flight = &hub->flight;

	if (flight->is_waiting && flight->client) {
		hub_client_refuse(flight->client, flight->client_sequence, "%s", why);
		/* What it wanted is not wanted; if it was carried out after all, it is undone. */
		hub_trace_put_back(hub, flight->client, &flight->trace);
	}
	flight->client = NULL;
	flight->image = NULL;
	refuse_all(hub, why);
}

void hub_run_timers(struct hub *hub, double time)
{
	double deadline = hub_get_deadline(hub);

	if (deadline > 0 && time >= deadline) {
		hub->flight.is_late = true;
		give_up(hub, late_text);
	}
}

void hub_set_up(struct hub *hub, bool is_up)
{
	if (hub->is_up && !is_up) {
		struct problem why;

		/* The words of link.c: which of the two tells the person is a matter of time. */
		for (size_t i = 0; i < hub->client_count; i++) {
			hub->clients[i]->is_orphan = true;
		}
		problem_set(&why, "the machine \"%s\" has ended", hub->socket.name);
		give_up(hub, why.text);
		hub->flight = (struct hub_flight){ .is_waiting = false };
		hub->traces = (struct hub_traces){ .told = { { .kinds = 0 } } };
	}
	hub->is_up = is_up;
}

/* ---- what the hypervisor says ---- */

static void take_reply(struct hub *hub, const uint8_t *payload, size_t size)
{
	struct hub_flight flight = hub->flight;
	struct pv_line_reply reply;
	uint8_t answer[PV_LINE_PAYLOAD_MAX];

	if (size < sizeof(reply)) {
		return;
	}
	memcpy(&reply, payload, sizeof(reply));
	if (!flight.is_waiting || reply.sequence != flight.sequence) {
		return;
	}
	hub->flight = (struct hub_flight){ .is_waiting = false };
	memcpy(answer, payload, size);
	if (flight.trace.is_one) {
		hub_trace_take(hub, flight.client, &flight.trace, reply.result,
			       answer + sizeof(reply), size - sizeof(reply));
	}
	if (flight.client) {
		reply.sequence = flight.client_sequence;
		memcpy(answer, &reply, sizeof(reply));
		hub_client_send(flight.client, PV_LINE_REPLY, 0, answer, size);
	} else if (flight.image) {
		hub_image_take(hub, flight.image, reply.result, payload + sizeof(reply),
			       size - sizeof(reply));
	}
}

static uint32_t get_watch(const struct pv_line_header *header)
{
	switch (header->type) {
	case PV_LINE_CONSOLE_OUT:
		return LINK_WATCH_CONSOLE;
	case PV_LINE_DOMAIN:
		return LINK_WATCH_DOMAINS;
	case PV_LINE_TRACE:
		return LINK_WATCH_TRACE;
	default:
		return 0;
	}
}

static bool is_wanted(const struct hub_client *client, const struct pv_line_header *header)
{
	return (client->watches & get_watch(header)) &&
	       (header->type != PV_LINE_CONSOLE_OUT || !client->console ||
		client->console == header->domid);
}

static void take_state(struct hub *hub, const uint8_t *payload, size_t size)
{
	struct pv_line_domain report;

	if (size < sizeof(report)) {
		return;
	}
	memcpy(&report, payload, sizeof(report));
	if (report.state < PV_DOMAIN_STATE_SHUTDOWN) {
		backlog_begin(&hub->backlog, report.domid);
	} else {
		backlog_end(&hub->backlog, report.domid);
	}
	if (report.state == PV_DOMAIN_STATE_GONE) {
		hub_trace_drop_domain(hub, report.domid);
	}
}

void hub_take_frame(struct hub *hub, const struct pv_line_header *header, const uint8_t *payload)
{
	if (header->type == PV_LINE_REPLY) {
		take_reply(hub, payload, header->length);
		return;
	}
	if (header->type == PV_LINE_CONSOLE_OUT) {
		backlog_put(&hub->backlog, header->domid, payload, header->length);
	} else if (header->type == PV_LINE_DOMAIN) {
		take_state(hub, payload, header->length);
	}
	for (size_t i = 0; i < hub->client_count; i++) {
		if (is_wanted(hub->clients[i], header)) {
			hub_client_show(hub->clients[i], header, payload);
		}
	}
}

void hub_fini(struct hub *hub)
{
	hub_set_up(hub, false);
	runtime_close(&hub->socket);
	while (hub->client_count) {
		remove_client(hub, hub->client_count - 1);
	}
	hub_image_free(hub);
	hub_kernel_free(hub);
	backlog_free(&hub->backlog);
}
