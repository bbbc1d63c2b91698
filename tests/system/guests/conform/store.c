/*
 * The store with nothing but its two rings: a read of our own number, waiting busily and by
 * polling the port. Where there is no store (an initial domain) nothing is checked.
 */
#include "groups.h"

#include <parley/store.h>
#include <stdint.h>

#include "check.h"
#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "mmu.h"
#include "start.h"
#include "string.h"
#include "timer.h"

#define PATIENCE_NS 10000000000ul
#define NS_PER_MS   1000000ul

static struct pv_store_ring *ring;

static void put(const void *bytes, uint32_t size)
{
	uint32_t prod = ring->req_prod;

	for (uint32_t i = 0; i < size; i++) {
		ring->req[(prod + i) % PV_STORE_RING_SIZE] = ((const char *)bytes)[i];
	}
	__atomic_store_n(&ring->req_prod, prod + size, __ATOMIC_RELEASE);
}

static void pause(bool polls)
{
	uint32_t port = start_info->store_evtchn;
	struct pv_sched_poll poll = { .ports = (uintptr_t)&port, .nr_ports = 1 };

	if (polls) {
		poll.timeout = timer_now_ns() + NS_PER_MS;
		hypercall_sched_op(PV_SCHEDOP_poll, &poll);
	}
}

static bool get(void *bytes, uint32_t size, bool polls)
{
	uint64_t end = timer_now_ns() + PATIENCE_NS;
	uint32_t cons = ring->rsp_cons;

	while (__atomic_load_n(&ring->rsp_prod, __ATOMIC_ACQUIRE) - cons < size) {
		if (timer_now_ns() > end) {
			return false;
		}
		pause(polls);
	}
	for (uint32_t i = 0; i < size; i++) {
		((char *)bytes)[i] = ring->rsp[(cons + i) % PV_STORE_RING_SIZE];
	}
	__atomic_store_n(&ring->rsp_cons, cons + size, __ATOMIC_RELEASE);
	return true;
}

static void check_domid(const char *name, uint32_t id, bool polls)
{
	struct pv_store_header head = { .type = PV_STORE_READ,
					.req_id = id,
					.len = sizeof("domid") };
	char value[16] = "";
	bool good;

	put(&head, sizeof(head));
	put("domid", sizeof("domid"));
	events_send(start_info->store_evtchn);
	good = get(&head, sizeof(head), polls) && head.type == PV_STORE_READ && head.req_id == id &&
	       head.len < sizeof(value) && get(value, head.len, polls);
	check_true(name, good && string_to_number(value) == events_own_domid());
}

void store_check(void)
{
	struct pv_evtchn_status status = { .dom = PV_DOMID_SELF, .port = start_info->store_evtchn };

	if (start_is_privileged() || start_info->store_evtchn == 0) {
		return;
	}
	ring = mmu_pfn_to_va(mmu_mfn_to_pfn(start_info->store_mfn));
	check_domid("store: our number, waiting busily", 7, false);
	check_domid("store: our number, by polling", 8, true);
	check_result("store: its port", hypercall_event_channel_op(PV_EVTCHNOP_status, &status), 0);
	check_true("store: the other end is domain 0",
		   status.status == PV_EVTCHNSTAT_interdomain &&
			   status.u.interdomain.dom == PV_DOMID_SERVICES);
}
