/* See fake_hypervisor.h. What the line carries and how it is answered; the session: fake_session.c. */
#include "fake_hypervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <parley/errno.h>
#include <parley/sched.h>

#include "parley/lineframe.h"

void fake_line_send(int fd, uint8_t type, uint16_t domid, const void *payload, size_t size)
{
	uint8_t frame[LINEFRAME_SIZE_MAX];
	size_t length = lineframe_make(frame, type, domid, payload, (uint16_t)size);

	if (send(fd, frame, length, MSG_NOSIGNAL) != (ssize_t)length && errno != EPIPE) {
		_exit(99);
	}
}

void fake_line_send_state(int fd, uint16_t domid, const char *name, uint8_t state, uint8_t reason)
{
	struct pv_line_domain report = { .domid = domid, .state = state, .reason = reason };

	snprintf(report.name, sizeof(report.name), "%s", name);
	fake_line_send(fd, PV_LINE_DOMAIN, domid, &report, sizeof(report));
}

static struct pv_control_domain *find(struct fake_state *state, uint16_t domid)
{
	for (uint32_t i = 0; i < state->domain_count; i++) {
		if (state->domains[i].domid == domid) {
			return &state->domains[i];
		}
	}
	return NULL;
}

void fake_domain_add(struct fake_state *state, const char *name)
{
	struct pv_control_domain *domain = &state->domains[state->domain_count];

	*domain = (struct pv_control_domain){ .domid = ++state->next_domid,
					      .state = PV_CONTROL_STATE_running,
					      .vcpu_count = 2,
					      .vcpus_online = 1,
					      .memory_pages = 4096,
					      .memory_limit = 4096,
					      .cpu_time_ns = 1234567890,
					      .started_ns = state->next_domid,
					      .affinity = 1,
					      .weight = 256 };
	snprintf(domain->name, sizeof(domain->name), "%s", name);
	state->domain_count++;
}

static int list(struct fake_state *state, struct pv_control_list *answer)
{
	uint16_t first = answer->first;

	memset(answer, 0, sizeof(*answer));
	for (uint32_t i = 0; i < state->domain_count; i++) {
		if (state->domains[i].domid < first) {
			continue;
		}
		if (answer->count == PV_CONTROL_LIST_MAX) {
			answer->first = state->domains[i].domid;
			break;
		}
		answer->domains[answer->count++] = state->domains[i];
	}
	return 0;
}

static int describe(struct fake_state *state, struct pv_control_machine *answer)
{
	state->time_ns += 1000000000;
	*answer = (struct pv_control_machine){ .version = PV_CONTROL_VERSION,
					       .cpus = 2,
					       .total_pages = 65536,
					       .free_pages = 1024,
					       .time_ns = state->time_ns,
					       .domains = state->domain_count,
					       .cpu_mask = 3 };
	return 0;
}

static void drop(struct fake_state *state, struct pv_control_domain *domain)
{
	struct pv_control_domain *end = &state->domains[state->domain_count];

	memmove(domain, domain + 1, (size_t)(end - domain - 1) * sizeof(*domain));
	state->domain_count--;
}

/* What pause, unpause and destroy do; a domain that ends is remembered until it is destroyed again. */
static int change(struct fake_state *state, int line, uint32_t op, uint16_t domid)
{
	struct pv_control_domain *domain = find(state, domid);

	if (!domain) {
		return -PV_ESRCH;
	}
	if (op == PV_CONTROLOP_destroy && domain->state >= PV_CONTROL_STATE_dying) {
		drop(state, domain);
		return 0;
	}
	if (op == PV_CONTROLOP_unpause && domain->state != PV_CONTROL_STATE_paused) {
		return -PV_EINVAL;
	}
	domain->state = op == PV_CONTROLOP_pause   ? PV_CONTROL_STATE_paused :
			op == PV_CONTROLOP_unpause ? PV_CONTROL_STATE_running :
						     PV_CONTROL_STATE_shutdown;
	if (op == PV_CONTROLOP_destroy) {
		fake_line_send_state(line, domid, domain->name, PV_DOMAIN_STATE_SHUTDOWN,
				     PV_SHUTDOWN_poweroff);
	}
	return 0;
}

static int create(struct fake_state *state, int line, struct pv_control_create *what)
{
	fake_domain_add(state, what->name);
	what->domid = state->next_domid;
	fake_line_send_state(line, what->domid, what->name, PV_DOMAIN_STATE_RUNNING, 0);
	return 0;
}

const char *fake_oops = "one: killed\nRIP 0x1\033[2J\n";

static int read_oops(struct pv_control_oops *oops)
{
	const char *text = fake_oops;
	size_t size = strlen(text);
	size_t left = oops->offset < size ? size - oops->offset : 0;

	oops->size = left < 10 ? (uint32_t)left : 10;
	memcpy(oops->text, text + oops->offset, oops->size);
	return 0;
}

static int new_image(struct fake_state *state, struct pv_control_image *what)
{
	struct fake_image *image = &state->images[state->image_count];

	if (state->image_count == FAKE_IMAGES_MAX || what->size > FAKE_IMAGE_SIZE) {
		return -PV_ENOMEM;
	}
	what->image = state->image_count + 1;
	image->number = what->image;
	image->size = what->size;
	state->image_count++;
	return 0;
}

static int write_image(struct fake_state *state, const uint8_t *bytes, size_t size)
{
	struct pv_control_image_write what;
	struct fake_image *image;

	memcpy(&what, bytes, sizeof(what));
	image = &state->images[what.image - 1];
	if (what.data == PV_CONTROL_DATA_WINDOW && !state->sees_window) {
		return -PV_EOPNOTSUPP;
	}
	if (what.image == 0 || what.image > state->image_count || image->is_freed ||
	    what.bytes > PV_CONTROL_WRITE_MAX || what.offset + what.bytes > image->size ||
	    size - sizeof(what) != (what.data ? 0 : what.bytes)) {
		return -PV_EINVAL;
	}
	memcpy(image->bytes + what.offset, what.data ? state->window : bytes + sizeof(what),
	       what.bytes);
	image->written += what.bytes;
	state->writes++;
	return 0;
}

static int free_image(struct fake_state *state, const struct pv_control_image *what)
{
	if (what->image == 0 || what->image > state->image_count) {
		return -PV_EINVAL;
	}
	state->images[what->image - 1].is_freed = true;
	return 0;
}

/* The hypervisor, and its machine with it, ends. */
__attribute__((noreturn)) static void switch_off(int line)
{
	uint32_t how = PV_LINE_BYE_DONE;

	fake_line_send(line, PV_LINE_BYE, 0, &how, sizeof(how));
	shutdown(line, SHUT_RDWR);
	_exit(0);
}

static int do_operation(struct fake_state *state, int line, uint32_t op, uint8_t *bytes,
			size_t size)
{
	struct fake_request request;

	memcpy(&request.bytes, bytes, size < sizeof(request.bytes) ? size : sizeof(request.bytes));
	switch (op) {
	case PV_CONTROLOP_machine:
		return describe(state, (struct pv_control_machine *)bytes);
	case PV_CONTROLOP_list:
		return list(state, (struct pv_control_list *)bytes);
	case PV_CONTROLOP_pause:
	case PV_CONTROLOP_unpause:
	case PV_CONTROLOP_destroy:
		return change(state, line, op, request.id.domid);
	case PV_CONTROLOP_off:
		switch_off(line);
	case PV_CONTROLOP_create:
		return create(state, line, (struct pv_control_create *)bytes);
	case PV_CONTROLOP_oops:
		return read_oops((struct pv_control_oops *)bytes);
	case PV_CONTROLOP_image_new:
		return new_image(state, (struct pv_control_image *)bytes);
	case PV_CONTROLOP_image_write:
		return write_image(state, bytes, size);
	case PV_CONTROLOP_image_free:
		return free_image(state, &request.image);
	default:
		return op < PV_CONTROLOPS ? 0 : -PV_ENOSYS;
	}
}

struct hypervisor {
	struct fake_state *state;
	int line;
};

static void keep_request(struct fake_state *state, uint32_t op, const uint8_t *bytes, size_t size)
{
	struct fake_request *to = &state->requests[state->request_count % FAKE_REQUESTS_MAX];

	memset(to, 0, sizeof(*to));
	to->op = op;
	to->size = (uint32_t)size;
	memcpy(to->bytes, bytes, size < sizeof(to->bytes) ? size : sizeof(to->bytes));
	state->request_count++;
}

static bool has_more(int line)
{
	struct pollfd item = { .fd = line, .events = POLLIN };
	uint8_t type[2];

	return poll(&item, 1, 0) > 0 && recv(line, type, 2, MSG_PEEK) == 2 &&
	       type[1] == PV_LINE_REQUEST;
}

static void take_request(struct hypervisor *hypervisor, const uint8_t *payload, size_t size)
{
	static _Alignas(8) uint8_t bytes[PV_LINE_PAYLOAD_MAX];
	struct fake_state *state = hypervisor->state;
	struct pv_line_request request;
	struct pv_line_reply reply;
	uint8_t answer[PV_LINE_PAYLOAD_MAX];

	memcpy(&request, payload, sizeof(request));
	size -= sizeof(request);
	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, payload + sizeof(request), size);
	if (request.op != PV_CONTROLOP_image_write) {
		keep_request(state, request.op, bytes, size);
	}
	usleep(state->delay);
	state->overlaps += has_more(hypervisor->line);
	while (state->is_mute) {
		usleep(1000);
	}
	reply.sequence = request.sequence;
	reply.result = request.op < PV_CONTROLOPS ? state->results[request.op] : 0;
	if (!reply.result) {
		reply.result = do_operation(state, hypervisor->line, request.op, bytes, size);
	}
	memcpy(answer, &reply, sizeof(reply));
	memcpy(answer + sizeof(reply), bytes, size);
	fake_line_send(hypervisor->line, PV_LINE_REPLY, 0, answer,
		       reply.result < 0 ? sizeof(reply) : sizeof(reply) + size);
}

static void take_frame(void *context, const struct pv_line_header *header, const uint8_t *payload)
{
	struct hypervisor *hypervisor = context;
	struct fake_state *state = hypervisor->state;

	if (header->type == PV_LINE_REQUEST) {
		take_request(hypervisor, payload, header->length);
	} else if (header->type == PV_LINE_CONSOLE_IN &&
		   state->input_size + header->length < sizeof(state->input)) {
		memcpy(state->input + state->input_size, payload, header->length);
		state->input_size += header->length;
	}
}

__attribute__((noreturn)) void fake_hypervisor_run(struct fake_state *state, int line)
{
	static struct lineframe_reader reader;
	struct hypervisor hypervisor = { state, line };
	uint8_t bytes[4096];
	uint32_t version = PV_LINE_VERSION;
	ssize_t got;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fake_line_send(line, PV_LINE_HELLO, 0, &version, sizeof(version));
	for (uint32_t i = 0; i < state->domain_count; i++) {
		fake_line_send_state(line, state->domains[i].domid, state->domains[i].name,
				     PV_DOMAIN_STATE_RUNNING, 0);
	}
	state->is_up = 1;
	while ((got = read(line, bytes, sizeof(bytes))) > 0) {
		lineframe_read(&reader, bytes, (size_t)got, take_frame, &hypervisor);
	}
	_exit(0);
}
