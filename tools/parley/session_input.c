/*
 * Standard input on its way to a domain: as much as the domain has room for, and
 * on a terminal without the keys that are meant for parley.
 */
#include "session_state.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#define INPUT_FRAME_MAX 512

static void select_domain(struct session *session, size_t index)
{
	if (index >= session->fates.count) {
		session_notify(session, "there is no domain %zu", index + 1);
		return;
	}
	session->screen.focus = session_get_stream(session, index);
	session_notify(session, "input goes to %s", session->fates.items[index].name);
	screen_show_partial(&session->screen);
}

/* The next domain that can still read, or the same. */
static size_t find_next_domain(const struct session *session)
{
	size_t count = session->fates.count;

	for (size_t i = 1; i < count; i++) {
		size_t index = (session->screen.focus + i) % count;

		if (session->fates.items[index].state <= PV_DOMAIN_STATE_PAUSED) {
			return index;
		}
	}
	return session->screen.focus;
}

static void do_command(struct session *session, enum terminal_command command, unsigned int digit)
{
	switch (command) {
	case TERMINAL_QUIT:
		session->stop_signal = SIGINT;
		break;
	case TERMINAL_NEXT:
		select_domain(session, find_next_domain(session));
		break;
	case TERMINAL_SELECT:
		select_domain(session, digit - 1);
		break;
	case TERMINAL_HELP:
		session_notify(session, "Ctrl-A x: quit   Ctrl-A 1..9: input to that domain   "
					"Ctrl-A c: to the next   Ctrl-A a: a Ctrl-A");
		break;
	default:
		break;
	}
}

size_t session_put_input(struct session *session, size_t index, const uint8_t *data, size_t size)
{
	struct fate *fate = &session->fates.items[index];
	uint8_t frame[LINEFRAME_SIZE_MAX];

	if (fate->state >= PV_DOMAIN_STATE_SHUTDOWN) {
		return size;
	}
	size = size < fate->credit ? size : (size_t)fate->credit;
	size = size < INPUT_FRAME_MAX ? size : INPUT_FRAME_MAX;
	if (size) {
		fate->credit -= size;
		outqueue_put(&session->line, frame,
			     lineframe_make(frame, PV_LINE_CONSOLE_IN, fate->domid, data,
					    (uint16_t)size));
	}
	return size;
}

/* Typing at a domain that takes nothing is dropped; a pipe is not read then. */
static void send_input(struct session *session, const uint8_t *data, size_t size)
{
	session_put_input(session, session->screen.focus, data, size);
}

/* On a terminal there is always room for a key, so that commands work. */
size_t session_count_input_room(const struct session *session)
{
	const struct fate *fate = &session->fates.items[session->screen.focus];
	uint64_t credit = fate->is_bound && !session->line.size ? fate->credit : 0;

	if (session->is_raw && credit == 0) {
		return 1;
	}
	return credit < INPUT_FRAME_MAX ? (size_t)credit : INPUT_FRAME_MAX;
}

void session_take_input(struct session *session)
{
	uint8_t bytes[INPUT_FRAME_MAX];
	ssize_t got = read(session->input_fd, bytes, session_count_input_room(session));
	size_t at = 0;

	if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
		return;
	}
	if (got <= 0) {
		session->input_fd = -1;
		return;
	}
	if (!session->is_raw) {
		send_input(session, bytes, (size_t)got);
		return;
	}
	while (at < (size_t)got) {
		size_t taken;
		size_t kept;
		unsigned int digit = 0;
		enum terminal_command command;

		command = terminal_filter(&session->keys, bytes + at, (size_t)got - at, &taken,
					  &kept, &digit);
		send_input(session, bytes + at, kept);
		do_command(session, command, digit);
		at += taken;
	}
}
