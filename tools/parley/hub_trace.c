/*
 * Sums are made anew from all wishes each time; there are few. A wish is in force from when it is
 * sent: if the hypervisor refuses it, it is put back.
 */
#include "hub_trace.h"

#include <string.h>

#include <parley/errno.h>
#include <parley/trace.h>

#include "hub_state.h"

#define CALL_KINDS (1ULL << PV_TRACE_hypercall | 1ULL << PV_TRACE_multicall)

static struct hub_trace_choice sum_wishes(const struct hub_traces *traces, uint16_t domid)
{
	struct hub_trace_choice sum = { .domid = domid };

	for (size_t i = 0; i < HUB_TRACES_MAX; i++) {
		const struct hub_trace_choice *choice = &traces->wishes[i].choice;

		if (choice->kinds && choice->domid == domid) {
			sum.kinds |= choice->kinds;
			sum.calls |= choice->kinds & CALL_KINDS ? choice->calls : 0;
		}
	}
	return sum;
}

static struct hub_trace_wish *find_wish(struct hub_traces *traces, const struct hub_client *client,
					uint16_t domid)
{
	for (size_t i = 0; i < HUB_TRACES_MAX; i++) {
		struct hub_trace_wish *wish = &traces->wishes[i];

		if (wish->choice.kinds && wish->client == client && wish->choice.domid == domid) {
			return wish;
		}
	}
	return NULL;
}

static struct hub_trace_wish *find_free_wish(struct hub_traces *traces)
{
	for (size_t i = 0; i < HUB_TRACES_MAX; i++) {
		if (!traces->wishes[i].choice.kinds) {
			return &traces->wishes[i];
		}
	}
	return NULL;
}

/* The entry of what was told of a domain, or a free one, or NULL. */
static struct hub_trace_choice *find_told(struct hub_traces *traces, uint16_t domid)
{
	struct hub_trace_choice *free = NULL;

	for (size_t i = 0; i < HUB_TRACES_MAX; i++) {
		struct hub_trace_choice *told = &traces->told[i];

		if (told->kinds && told->domid == domid) {
			return told;
		}
		if (!told->kinds && !free) {
			free = told;
		}
	}
	return free;
}

static void set_wish(struct hub_traces *traces, struct hub_client *client,
		     const struct hub_trace_choice *choice)
{
	struct hub_trace_wish *wish = find_wish(traces, client, choice->domid);

	if (!wish) {
		wish = find_free_wish(traces);
	}
	if (wish) {
		*wish = (struct hub_trace_wish){ client, *choice };
	}
}

bool hub_trace_ask(struct hub *hub, struct hub_client *client, uint32_t sequence,
		   struct pv_control_trace *set, struct hub_trace_flight *flight)
{
	struct hub_traces *traces = &hub->traces;
	const struct hub_trace_wish *wish = find_wish(traces, client, set->domid);

	if (!find_told(traces, set->domid) || (!wish && !find_free_wish(traces))) {
		hub_client_refuse(client, sequence,
				  "%u traces are under way, which is all there can be",
				  HUB_TRACES_MAX);
		return false;
	}
	*flight = (struct hub_trace_flight){ .is_one = true, .wanted.domid = set->domid };
	flight->before = wish ? wish->choice : flight->wanted;
	flight->wanted.kinds = set->kinds;
	flight->wanted.calls = set->calls;
	set_wish(traces, client, &flight->wanted);
	flight->sent = sum_wishes(traces, set->domid);
	set->kinds = flight->sent.kinds;
	set->calls = flight->sent.calls;
	return true;
}

static void note_told(struct hub_traces *traces, const struct hub_trace_choice *sent)
{
	struct hub_trace_choice *told = find_told(traces, sent->domid);

	if (told) {
		*told = *sent;
	}
}

void hub_trace_put_back(struct hub *hub, struct hub_client *client,
			const struct hub_trace_flight *flight)
{
	if (flight->is_one) {
		set_wish(&hub->traces, client, &flight->before);
	}
}

void hub_trace_take(struct hub *hub, struct hub_client *client,
		    const struct hub_trace_flight *flight, int32_t result, uint8_t *structure,
		    size_t size)
{
	const struct hub_trace_choice nothing = { .domid = flight->sent.domid };
	struct pv_control_trace set;

	if (result >= 0) {
		note_told(&hub->traces, &flight->sent);
	} else if (flight->is_own) {
		/* The domain is gone, or the trace is another's: there is nothing to end. */
		note_told(&hub->traces, &nothing);
	}
	if (result < 0 && client) {
		hub_trace_put_back(hub, client, flight);
	}
	if (size == sizeof(set)) {
		memcpy(&set, structure, sizeof(set));
		set.kinds = flight->wanted.kinds;
		set.calls = flight->wanted.calls;
		memcpy(structure, &set, sizeof(set));
	}
}

bool hub_trace_next(struct hub *hub, struct pv_control_trace *set, struct hub_trace_flight *flight)
{
	for (size_t i = 0; i < HUB_TRACES_MAX; i++) {
		const struct hub_trace_choice *told = &hub->traces.told[i];
		struct hub_trace_choice sum = sum_wishes(&hub->traces, told->domid);

		if (told->kinds && (sum.kinds != told->kinds || sum.calls != told->calls)) {
			*flight = (struct hub_trace_flight){ .is_one = true,
							     .is_own = true,
							     .sent = sum };
			*set = (struct pv_control_trace){ .domid = sum.domid,
							  .kinds = sum.kinds,
							  .calls = sum.calls };
			return true;
		}
	}
	return false;
}

void hub_trace_drop_client(struct hub *hub, const struct hub_client *client)
{
	for (size_t i = 0; i < HUB_TRACES_MAX; i++) {
		if (hub->traces.wishes[i].client == client) {
			hub->traces.wishes[i] = (struct hub_trace_wish){ .client = NULL };
		}
	}
}

void hub_trace_drop_domain(struct hub *hub, uint16_t domid)
{
	for (size_t i = 0; domid && i < HUB_TRACES_MAX; i++) {
		if (hub->traces.wishes[i].choice.domid == domid) {
			hub->traces.wishes[i] = (struct hub_trace_wish){ .client = NULL };
		}
		if (hub->traces.told[i].domid == domid) {
			hub->traces.told[i] = (struct hub_trace_choice){ .kinds = 0 };
		}
	}
}
