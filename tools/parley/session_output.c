/*
 * Standard output that is not read. Normally the control line waits for it, so that nothing
 * is lost: a reader that is slow makes the domains slow. But answers to verbs come by the same line,
 * and the hypervisor gives it up for good when nobody takes a byte for long. So a reader
 * that takes nothing at all for a while is waited for no longer: the line is read on, and what there
 * is no room for is dropped, counted, and told once there is room.
 */
#include "session_state.h"

#define PATIENCE       20.0                /* seconds; the hypervisor's own is 30 */
#define PATIENCE_ASKED 1.0                 /* the same while others use the machine */
#define CAUGHT_UP      ((size_t)64 * 1024) /* the reader reads again: what waits is less than this */

bool session_waits_for_output(const struct session *session)
{
	return outqueue_is_full(&session->out) && !session->is_behind;
}

double session_get_output_deadline(const struct session *session)
{
	double patience = session->hub.client_count ? PATIENCE_ASKED : PATIENCE;

	return session_waits_for_output(session) ? session->taken + patience : 0;
}

void session_flush_output(struct session *session, double time)
{
	size_t before = session->out.size;
	double deadline;

	outqueue_flush(&session->out);
	if (session->out.size < before || !outqueue_is_full(&session->out)) {
		session->taken = time;
	}
	deadline = session_get_output_deadline(session);
	if (deadline > 0 && time >= deadline) {
		session->is_behind = true;
	}
	if (session->is_behind && session->out.size <= CAUGHT_UP) {
		session_tell_unshown(session);
	}
}

void session_show(struct session *session, size_t stream, const uint8_t *data, size_t size)
{
	if (session->is_behind && (outqueue_is_full(&session->out) ||
				   (session->unshown && session->out.size > CAUGHT_UP))) {
		session->unshown += size;
	} else {
		screen_put(&session->screen, stream, data, size);
	}
}

void session_tell_unshown(struct session *session)
{
	session->is_behind = false;
	if (session->unshown) {
		session_notify(session,
			       "%llu bytes of consoles are missing here, since standard output was "
			       "not read",
			       (unsigned long long)session->unshown);
	}
	session->unshown = 0;
}
