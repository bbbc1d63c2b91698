/*
 * TOUR(19) The link: what is said over a machine's socket (runtime.h) between `parley run`, which
 * holds the machine, and the other verbs. It is made of the control line's frames
 * (abi/parley/control.h): a verb sends PV_LINE_REQUEST with an operation's structure and gets
 * PV_LINE_REPLY, as if it had the line to itself; the run process keeps requests of all
 * its clients in order, gives each a number of its own on the line, and sends on
 *
 *   PV_LINE_CONSOLE_OUT  of the domains that the client watches, first what was kept of
 *                        earlier output,
 *   PV_LINE_DOMAIN       changes of state,
 *   PV_LINE_TRACE        trace records, as they come,
 *   PV_LINE_CONSOLE_IN   down: input; passed on as the domain has room. While it has none
 *                        the client is not read, and its requests wait behind its input.
 *
 * Types from 128 are the link's own; their payloads are below. A client that is slow loses
 * console output and trace records (LINK_LOST says how much) and delays nobody. Numbers are
 * those of this machine; both ends are one program.
 *
 * Read next: hub.h, the run process's end.
 */
#ifndef TOOLS_PARLEY_LINK_H
#define TOOLS_PARLEY_LINK_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <parley/control.h>
#include <parley/control_op.h>

#include "lineframe.h"
#include "problem.h"
#include "runtime.h"

#define LINK_VERSION 2U

#define LINK_HELLO    128U /* up: struct link_hello, the first frame */
#define LINK_PROBLEM  129U /* up: struct link_problem and text: a request that got no reply */
#define LINK_WATCH    130U /* down: u32 LINK_WATCH_*, added to what is watched */
#define LINK_LOST     131U /* up: u64 bytes of watched frames that this client was too slow for */
#define LINK_IMAGE    132U /* down: struct link_image, with a sealed file in memory beside it */
#define LINK_READY    133U /* up: struct link_ready: the image is with the hypervisor */
#define LINK_PROGRESS 134U /* up: struct link_progress of a LINK_IMAGE */
#define LINK_STOP     135U /* down: switch the machine off now */
#define LINK_KERNEL   136U /* down: struct link_kernel of a domain that was made; up: the answer */
#define LINK_ORIGIN   137U /* down: struct link_kernel without a path: which kernel was it? */

/* LINK_WATCH; the frame's domid says whose console, 0: everybody's */
#define LINK_WATCH_CONSOLE (1U << 0)
#define LINK_WATCH_DOMAINS (1U << 1)
#define LINK_WATCH_TRACE   (1U << 2)

struct link_hello {
	uint32_t version;    /* LINK_VERSION */
	uint32_t pid;        /* of the run process */
	uint32_t is_counted; /* a counted machine: its TSC counts instructions */
	char machine[RUNTIME_NAME_MAX];
};

struct link_problem {
	uint32_t sequence;  /* of the request or image, 0: the connection is ended */
	uint32_t has_ended; /* 1: for the machine is gone */
			    /* text follows, without a NUL */
};

/*
 * An image for pv_control_create. Those with the same key and size are sent over the
 * line once. It stays with the hypervisor at least until the connection ends.
 */
struct link_image {
	uint32_t sequence; /* the client's, as of a request */
	uint32_t reserved; /* 0 */
	uint64_t size;
	uint8_t key[16]; /* a digest of its bytes */
};

struct link_ready {
	uint32_t sequence;
	uint32_t image; /* its number */
};

struct link_progress {
	uint32_t sequence;
	uint32_t reserved; /* 0 */
	uint64_t done;     /* bytes */
	uint64_t total;
};

/* The file that a domain's kernel was taken from, so that its symbols are found when it has crashed. */
struct link_kernel {
	uint8_t uuid[16]; /* the domain's */
			  /* an absolute path follows, without a NUL; none: not known */
};

/* ---- a verb's end ---- */

/* A frame that came, valid until the next call. */
struct link_frame {
	struct pv_line_header header;
	const uint8_t *payload;
};

struct link {
	int fd;
	bool has_ended;    /* the machine is gone */
	uint32_t sequence; /* of the last request */
	struct link_hello hello;
	size_t start; /* of what is held in bytes */
	size_t end;
	uint8_t bytes[32 * 1024];
	/* takes watched frames that come while a reply is waited for; may be NULL */
	void (*take)(void *context, const struct link_frame *frame);
	void *context;
};

#define LINK_FAILED INT_MIN /* a result: no answer of the hypervisor, and the problem says why */

/*
 * Connects to the machine called "name", NULL: the one there is. Returns 0, or -1 with a
 * problem for the person.
 */
int link_open(struct link *link, const char *name, struct problem *problem);

void link_close(struct link *link);

/*
 * Has an operation (PV_CONTROLOP_*) carried out: sends "size" bytes of its structure, waits,
 * and puts the structure of the answer in its place. Returns the hypervisor's result, 0 or more or
 * -PV_E*, or LINK_FAILED with a problem.
 */
int link_call(struct link *link, uint32_t op, void *structure, size_t size,
	      struct problem *problem);

/* Asks for LINK_WATCH_* frames. Returns 0, or -1 with a problem. */
int link_watch(struct link *link, uint32_t what, uint16_t domid, struct problem *problem);

/* Sends a frame, and the descriptor "fd" with it unless that is -1. Returns 0, or -1 with a problem. */
int link_send(struct link *link, uint8_t type, uint16_t domid, const void *payload, size_t size,
	      int fd, struct problem *problem);

/*
 * The next frame, waited for up to "milliseconds" (-1: for ever). Returns 1, 0 where none
 * came, or -1 with a problem: the machine has ended, or the connection was refused.
 */
int link_next(struct link *link, struct link_frame *frame, int milliseconds,
	      struct problem *problem);

/* Tells which file a domain's kernel is from, as far as that can be told; and asks: "" if it is not known. */
void link_tell_kernel(struct link *link, const uint8_t uuid[16], const char *path);
void link_ask_kernel(struct link *link, const uint8_t uuid[16], char path[PATH_MAX]);

/* True where a frame is held already, so that poll on fd would miss it. */
bool link_has_frame(const struct link *link);

#endif
