/*
 * The state of a running session and what its parts need of each other:
 * session.c has the loop, session_frames.c what the hypervisor says,
 * session_input.c what the person types, session_output.c what becomes of it if
 * nobody reads. For these only; others use session.h.
 */
#ifndef TOOLS_PARLEY_SESSION_STATE_H
#define TOOLS_PARLEY_SESSION_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fates.h"
#include "hub.h"
#include "lineframe.h"
#include "outqueue.h"
#include "qemu.h"
#include "screen.h"
#include "session.h"
#include "counts.h"
#include "terminal.h"

struct session {
	struct machine machine;
	const struct session_options *options;
	struct fates fates;
	struct counts counts;
	struct lineframe_reader reader;
	struct screen screen;
	struct terminal_keys keys;
	struct outqueue out;  /* standard output */
	struct outqueue log;  /* the log, or standard error */
	struct outqueue note; /* standard error, where the log is elsewhere */
	struct outqueue line; /* frames to the hypervisor */
	struct hub hub;       /* other verbs */
	int signal_fd;
	int input_fd; /* -1 after its end */
	bool is_raw;
	bool shares_screen; /* standard output and error are the terminal we made raw */
	bool is_exited;     /* the machine's process is gone */
	int exit_status;
	int stop_signal; /* of the person or the system, 0: none */
	bool is_stopped; /* by `parley stop` */
	int ready_fd;    /* as in the options, until it was written */
	bool is_timed_out;
	bool is_mentioned;
	double started;
	double deadline;  /* of the run, 0: none */
	double grace;     /* when to kill after BYE, 0: not yet */
	double partial;   /* when to show the unfinished line, 0: none */
	double taken;     /* when standard output last took something, or had room */
	bool is_behind;   /* it is waited for no longer */
	uint64_t unshown; /* bytes of consoles that it had no room for, not told yet */
};

/* Seconds of a clock that only goes forward. */
double session_get_time(void);

/* Where messages go: standard error. */
struct outqueue *session_get_notes(struct session *session);

/* Prints "parley: message". */
void session_notify(struct session *session, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The stream on the screen of a domain: the same number, made when first needed. */
size_t session_get_stream(struct session *session, size_t index);

/* True while the control line is not read because standard output is full; and until when. */
bool session_waits_for_output(const struct session *session);
double session_get_output_deadline(const struct session *session);

/* Writes what standard output takes now. */
void session_flush_output(struct session *session, double time);

/* Shows what a domain wrote, or counts it as not shown. */
void session_show(struct session *session, size_t stream, const uint8_t *data, size_t size);

/* Says how much was not shown, if something was not. */
void session_tell_unshown(struct session *session);

/* Takes a frame from the hypervisor; a lineframe_fn whose context is the session. */
void session_take_frame(void *context, const struct pv_line_header *header, const uint8_t *payload);

/*
 * Sends input to a domain as far as it has room. Returns how many bytes it took:
 * all of them where the domain will never read.
 */
size_t session_put_input(struct session *session, size_t index, const uint8_t *data, size_t size);

/* How many bytes of standard input may be read now: 0 while the domain takes none. */
size_t session_count_input_room(const struct session *session);

/* Reads standard input and passes it on. */
void session_take_input(struct session *session);

#endif
