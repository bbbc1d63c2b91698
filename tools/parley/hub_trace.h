/*
 * What is recorded for several who trace at once. The hypervisor has one reader, this
 * process, and records of each domain what that one asks for. So the hub keeps what each
 * client wants, asks for the sum of it, and asks anew when one of them ends; each client gets all
 * records and takes its own.
 *
 * Read next: hub_trace.c.
 */
#ifndef TOOLS_PARLEY_HUB_TRACE_H
#define TOOLS_PARLEY_HUB_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <parley/control_op.h>

#define HUB_TRACES_MAX 256

struct hub;
struct hub_client;

/* What is recorded of a domain: of domain 0, of all. */
struct hub_trace_choice {
	uint16_t domid;
	uint64_t kinds; /* 0: nothing, the entry is free */
	uint64_t calls;
};

struct hub_traces {
	struct hub_trace_wish {
		struct hub_client *client;
		struct hub_trace_choice choice;
	} wishes[HUB_TRACES_MAX];
	struct hub_trace_choice told[HUB_TRACES_MAX]; /* what the hypervisor has been asked for */
};

/* A change that the hypervisor is working on: what it was asked, and how the client's wish stood before. */
struct hub_trace_flight {
	bool is_one;
	bool is_own; /* the hub's own, for nobody */
	struct hub_trace_choice sent;
	struct hub_trace_choice wanted;
	struct hub_trace_choice before;
};

/*
 * A client's trace_set. Gives what to send in its place, and the flight to come back with. False: it
 * has too many, and was told so.
 */
bool hub_trace_ask(struct hub *hub, struct hub_client *client, uint32_t sequence,
		   struct pv_control_trace *set, struct hub_trace_flight *flight);

/*
 * The answer to it, the client being NULL if it is gone. In the answer's structure, which may be
 * missing, the client gets its own back.
 */
void hub_trace_take(struct hub *hub, struct hub_client *client,
		    const struct hub_trace_flight *flight, int32_t result, uint8_t *structure,
		    size_t size);

/* Nobody knows whether it was carried out: the client's wish is as it was before. */
void hub_trace_put_back(struct hub *hub, struct hub_client *client,
			const struct hub_trace_flight *flight);

/* What the hypervisor should be asked for since a client or a domain is gone; false: nothing. */
bool hub_trace_next(struct hub *hub, struct pv_control_trace *set, struct hub_trace_flight *flight);

/* A client is gone, and with it what it wanted. */
void hub_trace_drop_client(struct hub *hub, const struct hub_client *client);

/* A domain is gone: its number may become another's. */
void hub_trace_drop_domain(struct hub *hub, uint16_t domid);

#endif
