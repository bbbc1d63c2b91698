/*
 * The run process's end of the link (link.h): the clients on a machine's socket, their
 * requests on the way to the hypervisor one at a time, and what they watch.
 *
 * The hub belongs to the session's loop: that polls for it, and hands it the frames that
 * concern clients. Nothing here waits. What a client may have under way is bounded: it is
 * read only while its requests and answers fit.
 *
 * Read next: hub_client.c (one client), hub_image.c (images for new domains), hub_trace.h.
 */
#ifndef TOOLS_PARLEY_HUB_H
#define TOOLS_PARLEY_HUB_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backlog.h"
#include "hub_trace.h"
#include "lineframe.h"
#include "outqueue.h"
#include "runtime.h"

#define HUB_CLIENTS_MAX 64
#define HUB_IMAGES_MAX  16
#define HUB_POLLS_MAX   (HUB_CLIENTS_MAX + 1)
#define HUB_KERNELS_MAX 256 /* domains whose kernel's file is remembered */

struct hub_client;

/* What the hub needs of the session. */
struct hub_host {
	void *context;
	/* input for a domain; returns how much it took, all of it where nobody will ever read it */
	size_t (*put_input)(void *context, uint16_t domid, const uint8_t *data, size_t size);
	/* somebody asked for the machine's end */
	void (*stop)(void *context);
	bool is_counted; /* the machine's TSC counts instructions */
	/* PV_CONTROL_WRITE_MAX bytes that the hypervisor sees too; NULL: none */
	uint8_t *window;
};

/* An image that the hypervisor has, or is being sent. */
struct hub_image {
	bool is_used;
	bool is_ready;
	bool is_failed;
	uint8_t key[16];
	uint64_t size;
	uint64_t done;    /* bytes sent */
	size_t piece;     /* and how many more are on the way */
	uint32_t number;  /* the hypervisor's, 0: not yet */
	uint64_t touched; /* when it was last asked for, in an order of its own */
	int fd;           /* of its bytes until they are sent, or -1 */
};

/* Whose request the hypervisor is working on. */
struct hub_flight {
	bool is_waiting; /* there is one */
	bool is_late;    /* it has taken too long, and whoever asked was told so */
	uint32_t sequence;
	double deadline;
	struct hub_client *client; /* NULL: gone, or was the hub itself */
	struct hub_image *image;   /* or an image's piece */
	struct hub_trace_flight trace;
	uint32_t client_sequence;
};

/* Where a domain's kernel came from. */
struct hub_kernel {
	uint8_t uuid[16];
	char *path; /* NULL: unused */
};

struct hub {
	struct runtime_socket socket;
	struct outqueue *line; /* frames to the hypervisor */
	struct hub_host host;
	double patience; /* seconds that the hypervisor has for an answer */
	bool is_up;      /* the hypervisor said hello, and has not said good-bye */
	struct hub_client *clients[HUB_CLIENTS_MAX];
	size_t client_count;
	size_t turn; /* who comes next; client_count is the images' turn */
	struct hub_flight flight;
	uint32_t sequence;
	struct hub_traces traces;
	struct hub_image images[HUB_IMAGES_MAX];
	uint64_t image_clock;
	struct backlog backlog;
	struct hub_kernel kernels[HUB_KERNELS_MAX];
	size_t kernel_next;
};

/*
 * Takes over the socket, whose fd may be -1: then there are never clients. "patience" is how many
 * seconds the hypervisor has for an answer, 0: as many as usual.
 */
void hub_init(struct hub *hub, const struct runtime_socket *socket, struct outqueue *line,
	      const struct hub_host *host, double patience);

/* Fills in at most HUB_POLLS_MAX entries to wait for; returns how many. */
size_t hub_fill_poll(const struct hub *hub, struct pollfd *polls);

/* Does what these entries, filled in by hub_fill_poll, say can be done. */
void hub_take_poll(struct hub *hub, const struct pollfd *polls);

/* When hub_run_timers is next needed, on session_get_time's clock; 0: not. */
double hub_get_deadline(const struct hub *hub);

/* Gives up on a hypervisor that does not answer. */
void hub_run_timers(struct hub *hub, double time);

/* Sends the next request, if there is one and the line is free, and what waits for clients. */
void hub_run(struct hub *hub, double time);

/* The hypervisor can be asked (HELLO), or no more (BYE, the machine's end). */
void hub_set_up(struct hub *hub, bool is_up);

/* Takes a frame of the line: PV_LINE_REPLY, and those that clients may watch. */
void hub_take_frame(struct hub *hub, const struct pv_line_header *header, const uint8_t *payload);

/* Which file the kernel of the domain with that UUID is from. */
void hub_tell_kernel(struct hub *hub, const uint8_t uuid[16], const char *path, size_t length);

/* Ends all connections, removes the socket. */
void hub_fini(struct hub *hub);

#endif
