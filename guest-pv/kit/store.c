/* Requests to the store; see store.h. */
#include "store.h"

#include <stdbool.h>
#include <stdint.h>

#include <parley/store.h>

#include "cpu.h"
#include "events.h"
#include "mmu.h"
#include "start.h"
#include "string.h"
#include "timer.h"

#define PATIENCE_NS 10000000000ul

static struct pv_store_ring *ring;
static uint32_t last_request;
static char error[32];

static bool take(void *bytes, uint32_t size)
{
	uint64_t end = timer_now_ns() + PATIENCE_NS;
	uint32_t cons = ring->rsp_cons;

	for (uint32_t i = 0; i < size; i++, cons++) {
		while (__atomic_load_n(&ring->rsp_prod, __ATOMIC_ACQUIRE) == cons) {
			if (timer_now_ns() > end) {
				return false;
			}
			cpu_pause();
		}
		((char *)bytes)[i] = ring->rsp[cons % PV_STORE_RING_SIZE];
		__atomic_store_n(&ring->rsp_cons, cons + 1, __ATOMIC_RELEASE);
	}
	return true;
}

/* A request that fits into the ring, which is empty. */
static void put(const void *bytes, uint32_t size)
{
	uint32_t prod = ring->req_prod, offset = prod % PV_STORE_RING_SIZE;
	uint32_t left = PV_STORE_RING_SIZE - offset;
	uint32_t first = size < left ? size : left;

	memcpy(ring->req + offset, bytes, first);
	memcpy(ring->req, (const char *)bytes + first, size - first);
	__atomic_store_n(&ring->req_prod, prod + size, __ATOMIC_RELEASE);
}

/* The answer's payload, as much as there is room for. */
static long receive(const struct pv_store_header *request, char *to, size_t size)
{
	struct pv_store_header head;
	char rest;

	if (!take(&head, sizeof(head)) || head.req_id != request->req_id) {
		return STORE_LOST;
	}
	if (head.type == PV_STORE_ERROR) {
		to = error;
		size = sizeof(error);
	}
	for (uint32_t i = 0; i < head.len; i++) {
		if (!take(i < size ? &to[i] : &rest, 1)) {
			return STORE_LOST;
		}
	}
	return head.type == request->type ? (long)head.len : STORE_REFUSED;
}

/* path with its NUL, then what is written there without one. */
static long request(uint32_t type, const char *path, const char *value, char *to, size_t size)
{
	uint32_t path_size = (uint32_t)strlen(path) + 1, value_size = (uint32_t)strlen(value);
	struct pv_store_header head = {
		.type = type,
		.req_id = ++last_request,
		.len = path_size + value_size,
	};

	if (start_info->store_evtchn == 0 || sizeof(head) + head.len > PV_STORE_RING_SIZE) {
		return STORE_LOST;
	}
	ring = mmu_pfn_to_va(mmu_mfn_to_pfn(start_info->store_mfn));
	put(&head, sizeof(head));
	put(path, path_size);
	put(value, value_size);
	events_send(start_info->store_evtchn);
	return receive(&head, to, size);
}

long store_read(const char *path, char *value, size_t size)
{
	long length = request(PV_STORE_READ, path, "", value, size - 1);

	if (length >= 0) {
		value[(size_t)length < size ? (size_t)length : size - 1] = '\0';
	}
	return length;
}

long store_write(const char *path, const char *value)
{
	long rc = request(PV_STORE_WRITE, path, value, NULL, 0);

	return rc < 0 ? rc : 0;
}

long store_remove(const char *path)
{
	long rc = request(PV_STORE_RM, path, "", NULL, 0);

	return rc < 0 ? rc : 0;
}

const char *store_error(void)
{
	return error;
}
