/*
 * What the hypervisor says on the control line: consoles, credit for input,
 * the states of domains, and good-bye.
 */
#include "session_state.h"

#include <string.h>
#include <unistd.h>

#include "detach.h"
#include "oops_reasons.h"

#define STOP_GRACE    5.0 /* seconds from BYE to the machine's end */
#define PARTIAL_PAUSE 0.2 /* a line unfinished for so long is shown */

/*
 * With one domain, standard output is exactly its console, over all its lives. What others
 * write that were created later is for `parley console`.
 */
static bool is_shown(const struct session *session, size_t index)
{
	const struct config *config = session->options->config;

	return !session->screen.raw || config->domain_count != 1 ||
	       !strcmp(session->fates.items[index].name, config->domains[0].name);
}

static void take_console(struct session *session, uint16_t domid, const uint8_t *data, size_t size)
{
	size_t index = fates_find(&session->fates, domid);

	if (index != FATES_NONE && is_shown(session, index)) {
		session_show(session, session_get_stream(session, index), data, size);
	}
	if (!screen_has_hidden(&session->screen)) {
		session->partial = 0;
	} else if (session->is_raw) {
		screen_show_partial(&session->screen);
	} else {
		session->partial = session_get_time() + PARTIAL_PAUSE;
	}
}

static void take_credit(struct session *session, uint16_t domid, const uint8_t *payload)
{
	size_t index = fates_find(&session->fates, domid);
	uint32_t credit;

	memcpy(&credit, payload, sizeof(credit));
	if (index != FATES_NONE) {
		session->fates.items[index].credit += credit;
	}
}

/* A domain that was not there before: perhaps the next life of the one that has the input. */
static void take_new(struct session *session, size_t index)
{
	const struct fate *fate = &session->fates.items[index];
	const struct fate *focus = &session->fates.items[session->screen.focus];

	if (index < session->screen.stream_count) {
		screen_rename(&session->screen, index, fate->name);
	}
	session_get_stream(session, index);
	counts_forget(&session->counts, index);
	if (focus->state >= PV_DOMAIN_STATE_SHUTDOWN && !strcmp(focus->name, fate->name)) {
		session->screen.focus = index;
	}
}

/* To the person who started one kernel, and sees its registers in the log: what that says. */
static void tell_meaning(struct session *session, const char *end)
{
	const char *line = oops_explain(end);

	while (line && *line) {
		int length = (int)strcspn(line, "\n");

		session_notify(session, "  %.*s", length, line);
		line += length + 1;
	}
}

static void take_domain(struct session *session, const uint8_t *payload)
{
	struct pv_line_domain report;
	const struct fate *fate;
	char text[256];
	bool is_new;
	size_t index;

	memcpy(&report, payload, sizeof(report));
	index = fates_take_domain(&session->fates, &report, &is_new);
	if (index == FATES_NONE) {
		return;
	}
	if (is_new) {
		take_new(session, index);
	}
	if (report.state < PV_DOMAIN_STATE_SHUTDOWN || report.state == PV_DOMAIN_STATE_GONE) {
		return;
	}
	fate = &session->fates.items[index];
	session_notify(session, "%s: %s", fate->name, fates_describe(fate, text, sizeof(text)));
	if (report.state == PV_DOMAIN_STATE_CRASHED &&
	    session->options->config->domain_count == 1) {
		tell_meaning(session, text);
	}
}

/* Whoever started the machine into the background waits until each domain has been heard of. */
static void tell_ready(struct session *session)
{
	char how = DETACH_READY;

	if (session->ready_fd < 0 || !session->fates.said_hello) {
		return;
	}
	for (size_t i = 0; i < session->options->config->domain_count; i++) {
		uint8_t state = session->fates.items[i].state;

		if (!state) {
			return;
		}
		how = state == PV_DOMAIN_STATE_FAILED ? DETACH_FAILED : how;
	}
	if (write(session->ready_fd, &how, 1) == 1) {
		close(session->ready_fd);
	}
	session->ready_fd = -1;
}

static void take_bye(struct session *session, const uint8_t *payload)
{
	memcpy(&session->fates.bye, payload, sizeof(session->fates.bye));
	session->fates.said_bye = true;
	hub_set_up(&session->hub, false);
	session->grace = session_get_time() + STOP_GRACE;
}

static void take_hello(struct session *session, const uint8_t *payload)
{
	uint32_t version;

	memcpy(&version, payload, sizeof(version));
	session->fates.said_hello = true;
	hub_set_up(&session->hub, true);
	if (version != PV_LINE_VERSION) {
		session_notify(session,
			       "the hypervisor speaks version %u of the control line, this parley "
			       "version %u (build both from one source)",
			       version, PV_LINE_VERSION);
	}
}

static void take_stats(struct session *session, const struct pv_line_header *header,
		       const uint8_t *payload)
{
	size_t index = fates_find(&session->fates, header->domid);

	if (index != FATES_NONE) {
		counts_take(&session->counts, index, payload, header->length);
	}
}

void session_take_frame(void *context, const struct pv_line_header *header, const uint8_t *payload)
{
	struct session *session = context;

	hub_take_frame(&session->hub, header, payload);
	switch (header->type) {
	case PV_LINE_HELLO:
		if (header->length >= sizeof(uint32_t)) {
			take_hello(session, payload);
		}
		break;
	case PV_LINE_CONSOLE_OUT:
		take_console(session, header->domid, payload, header->length);
		break;
	case PV_LINE_CREDIT:
		if (header->length >= sizeof(uint32_t)) {
			take_credit(session, header->domid, payload);
		}
		break;
	case PV_LINE_DOMAIN:
		if (header->length >= sizeof(struct pv_line_domain)) {
			take_domain(session, payload);
		}
		break;
	case PV_LINE_BYE:
		if (header->length >= sizeof(uint32_t)) {
			take_bye(session, payload);
		}
		break;
	case PV_LINE_STATS:
		take_stats(session, header, payload);
		break;
	case PV_LINE_OOPS:
		/* The log has it already, whole and in its place. */
	default:
		/* A later hypervisor may say more; what is not known is not needed. */
		break;
	}
	tell_ready(session);
}
