/*
 * Which edges a number has, by what it means. Rules: edges.h.
 */
#include "edges.h"

#include <parley/types.h>

#define PAGE 4096UL

struct list {
	uint64_t *values;
	uint32_t count;
};

static void add(struct list *list, uint64_t value)
{
	for (uint32_t i = 0; i < list->count; i++) {
		if (list->values[i] == value) {
			return;
		}
	}
	if (list->count < EDGE_VALUES_MAX) {
		list->values[list->count++] = value;
	}
}

/* Round powers of two at which something ends, wraps or changes its sign. */
static void add_numbers(struct list *list)
{
	static const uint64_t numbers[] = {
		0,
		1,
		2,
		63,
		64,
		0x7fff,
		0x8000,
		0xffff,
		(1UL << 31) - 1,
		1UL << 31,
		(1UL << 32) - 1,
		1UL << 32,
		1UL << 52,
		1UL << 63,
		~0UL,
	};

	for (uint32_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		add(list, numbers[i]);
	}
}

static void add_limit(struct list *list, uint64_t limit)
{
	if (limit != 0) {
		add(list, limit - 1);
		add(list, limit);
		add(list, limit + 1);
	}
}

/* Ours, in part ours, not ours, not canonical, the hypervisor's. */
static void add_addresses(struct list *list, const struct edge_place *place)
{
	static const uint64_t others[] = {
		0,
		8,
		PAGE - 1,
		(1UL << 47) - 8,
		1UL << 47,
		PV_HYPERVISOR_VIRT_START - 8,
		PV_HYPERVISOR_VIRT_START,
		PV_MACH2PHYS_VIRT_END,
		PV_HYPERVISOR_VIRT_END - 8,
		PV_HYPERVISOR_VIRT_END - 1,
		~0UL,
		~7UL,
		1UL << 63,
	};

	add(list, place->start);
	add(list, place->start + 1);
	add(list, place->start + 4);
	add(list, place->end - 8);
	add(list, place->end - 4);
	add(list, place->end - 1);
	add(list, place->end);
	for (uint32_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		add(list, others[i]);
	}
}

static void add_frames(struct list *list, const struct edge_world *w,
		       const struct edge_place *place, unsigned int shift, uint64_t low)
{
	static const uint64_t frames[] = { 0, 1, 0xfffff, (1UL << 40) - 1, 1UL << 40, 1UL << 51 };

	for (uint32_t i = 0; !place->is_kept && i < w->frame_count; i++) {
		add(list, w->frames[i] << shift | low);
	}
	for (uint32_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		add(list, frames[i] << shift | low);
	}
	add(list, ~0UL << shift | low);
}

static void add_machine_addresses(struct list *list, const struct edge_world *w,
				  const struct edge_place *place)
{
	static const uint64_t lows[] = { 0, 1, 3, 4, 8, PAGE - 8, PAGE - 1 };

	for (uint32_t i = 0; i < sizeof(lows) / sizeof(lows[0]); i++) {
		if (!place->is_kept) {
			add(list, w->frames[0] << 12 | lows[i]);
		}
	}
	add_frames(list, w, place, 12, 0);
}

/* Entries of our frame with each bit that has a rule, and of frames that are not ours. */
static void add_entries(struct list *list, const struct edge_world *w,
			const struct edge_place *place)
{
	for (unsigned int bit = 0; bit < 9; bit++) {
		add(list, w->frames[0] << 12 | 1UL << bit | 1);
	}
	add(list, w->frames[0] << 12 | 7);
	add(list, w->frames[0] << 12 | 1UL << 52 | 5);
	add(list, w->frames[0] << 12 | 1UL << 63 | 5);
	add(list, 0xfffUL);
	add_frames(list, w, place, 12, 7);
}

static void add_domains(struct list *list, const struct edge_world *w)
{
	static const uint64_t domains[] = {
		0,
		PV_DOMID_FIRST_RESERVED - 1,
		PV_DOMID_SELF,
		PV_DOMID_IO,
		PV_DOMID_XEN,
		PV_DOMID_COW,
		PV_DOMID_INVALID,
		PV_DOMID_IDLE,
		0x8000,
		0xffff,
	};

	add(list, w->domid);
	add(list, w->other);
	add(list, (uint64_t)(w->domid + 1) << 16 | PV_DOMID_SELF);
	for (uint32_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
		add(list, domains[i]);
	}
}

/* Those that a caller can make in a batch without ending. */
static bool can_be_batched(const struct edge_world *w, const struct edge_call *call)
{
	bool ends = call->hazard == EDGE_ends || call->hazard == EDGE_blocks ||
		    call->hazard == EDGE_keeps;

	for (uint32_t i = 0; i < call->operation_count; i++) {
		uint8_t hazard = call->operations[i].hazard;

		ends = ends || hazard == EDGE_ends || hazard == EDGE_blocks || hazard == EDGE_keeps;
	}
	return !ends || !w->is_live;
}

static void add_calls(struct list *list, const struct edge_world *w)
{
	for (uint32_t i = 0; i < edge_call_count; i++) {
		if (can_be_batched(w, &edge_calls[i])) {
			add(list, edge_calls[i].number);
		}
	}
	add(list, 63);
	add(list, 64);
	add(list, 1UL << 32);
	add(list, ~0UL);
}

static void add_bits(struct list *list, unsigned int bytes)
{
	for (unsigned int bit = 0; bit < 8 * bytes; bit++) {
		add(list, 1UL << bit);
	}
	add(list, 0);
	add(list, ~0UL);
}

static void add_by_kind(struct list *list, const struct edge_world *w,
			const struct edge_number *number, const struct edge_place *place)
{
	switch (number->kind) {
	case EDGE_KIND_gva:
		add_addresses(list, place);
		return;
	case EDGE_KIND_mfn:
		add_frames(list, w, place, 0, 0);
		return;
	case EDGE_KIND_pfn:
		add(list, w->pfn);
		break;
	case EDGE_KIND_maddr:
		add_machine_addresses(list, w, place);
		return;
	case EDGE_KIND_pte:
		add_entries(list, w, place);
		break;
	case EDGE_KIND_domid:
		add_domains(list, w);
		return;
	case EDGE_KIND_call:
		add_calls(list, w);
		return;
	case EDGE_KIND_port:
		for (uint32_t i = 0; i < w->port_count; i++) {
			add(list, w->ports[i]);
		}
		add(list, 4095);
		add(list, 4096);
		break;
	case EDGE_KIND_vcpu:
		add(list, 31);
		add(list, 32);
		break;
	case EDGE_KIND_ns:
		add(list, w->now_ns);
		add(list, (1UL << 62) + 1);
		break;
	case EDGE_KIND_flags:
		add_bits(list, number->size);
		return;
	case EDGE_KIND_selector:
		add(list, 0xe02b);
		add(list, 0xe033);
		add(list, 0xe000);
		add(list, 4);
		break;
	default:
		break;
	}
	add_numbers(list);
}

uint32_t edge_values(const struct edge_world *w, const struct edge_number *number,
		     const struct edge_place *place, uint64_t values[EDGE_VALUES_MAX])
{
	struct list list = { values, 0 };

	for (uint32_t i = 0; i < number->value_count; i++) {
		add(&list, (uint64_t)number->values[i]);
	}
	add_limit(&list, number->limit);
	add_by_kind(&list, w, number, place);
	return list.count;
}

uint64_t edge_sane(const struct edge_world *w, const struct edge_number *number,
		   const struct edge_place *place)
{
	switch (number->kind) {
	case EDGE_KIND_gva:
		return place->start;
	case EDGE_KIND_mfn:
		return place->is_kept ? 0 : w->frames[0];
	case EDGE_KIND_pfn:
		return w->pfn;
	case EDGE_KIND_maddr:
		return place->is_kept ? 0 : w->frames[0] << 12;
	case EDGE_KIND_pte:
		return w->frames[0] << 12 | 5;
	case EDGE_KIND_domid:
		return PV_DOMID_SELF;
	case EDGE_KIND_port:
		return w->ports[0];
	case EDGE_KIND_ns:
		return w->now_ns;
	case EDGE_KIND_name:
		return (uint64_t)number->values[0];
	case EDGE_KIND_dec:
	case EDGE_KIND_bytes:
		return 1;
	default:
		return 0;
	}
}
