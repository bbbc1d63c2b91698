/*
 * What the hub's files need of each other; others use hub.h.
 */
#ifndef TOOLS_PARLEY_HUB_STATE_H
#define TOOLS_PARLEY_HUB_STATE_H

#include "hub.h"

#define HUB_INPUT_MAX 4096U

struct hub_client {
	int fd;
	bool is_closed; /* to be removed */
	struct lineframe_reader reader;
	struct outqueue out;
	struct outqueue pending; /* whole REQUEST frames that were not sent on yet; no fd */
	struct outqueue input;   /* and console input, for input_domid */
	uint16_t input_domid;
	uint32_t watches; /* LINK_WATCH_* */
	uint16_t console; /* whose, 0: everybody's */
	uint64_t lost;    /* bytes that did not fit, not told yet */
	bool is_orphan;   /* its machine is gone */
	int passed_fd;    /* came with the last bytes, or -1 */
	uint32_t pins;    /* images that it may use, by bit */
	uint32_t waits;   /* images that it waits for, by bit */
	uint32_t image_sequence[HUB_IMAGES_MAX];
};

/* ---- hub_client.c ---- */

/* A client on a new connection. */
struct hub_client *hub_client_new(int fd, const struct hub *hub);
void hub_client_free(struct hub_client *client);

/* True while its frames should be read. */
bool hub_client_is_ready(const struct hub_client *client);

/* Reads what it sent. */
void hub_client_read(struct hub *hub, struct hub_client *client);

/* Passes on its input. */
void hub_client_put_input(struct hub *hub, struct hub_client *client);

/* Sends a frame for which there is always room: an answer. */
void hub_client_send(struct hub_client *client, uint8_t type, uint16_t domid, const void *payload,
		     size_t size);

/* Sends a frame that it watches, or counts it as lost. */
void hub_client_show(struct hub_client *client, const struct pv_line_header *header,
		     const uint8_t *payload);

/* Answers a request in words; sequence 0 ends the connection. */
void hub_client_refuse(struct hub_client *client, uint32_t sequence, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Takes its next request off; returns the size of the frame in "frame", 0: there is none. */
size_t hub_client_take_request(struct hub_client *client, uint8_t frame[LINEFRAME_SIZE_MAX]);

/* ---- hub_image.c ---- */

/* A client asks for an image, whose bytes are in passed_fd. */
void hub_image_ask(struct hub *hub, struct hub_client *client, const uint8_t *payload, size_t size);

/* Puts the next request for an image on the line; false where there is nothing to do. */
bool hub_image_run(struct hub *hub, double time);

/* The answer to it. */
void hub_image_take(struct hub *hub, struct hub_image *image, int32_t result,
		    const uint8_t *structure, size_t size);

/* There is no answer, and will be none. */
void hub_image_fail(struct hub *hub, struct hub_image *image, const char *why);

void hub_image_free(struct hub *hub);

/* ---- hub_kernel.c ---- */

/* A client tells where a kernel is from / asks for it. */
void hub_kernel_take(struct hub *hub, const uint8_t *payload, size_t size);
void hub_kernel_answer(struct hub *hub, struct hub_client *client, const uint8_t *payload,
		       size_t size);
void hub_kernel_free(struct hub *hub);

/* ---- hub.c ---- */

/* Puts a request on the line, which must be free; whoever gets the answer is in hub->flight. */
void hub_send(struct hub *hub, uint32_t op, const void *rest, size_t size, double time);

#endif
