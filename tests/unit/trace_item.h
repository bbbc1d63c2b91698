/* Records as `parley trace` reads them, for its tests. Read next: test_trace_print.c. */
#ifndef TEST_TRACE_ITEM_H
#define TEST_TRACE_ITEM_H

#include <string.h>

#include <parley/hypercall.h>
#include <parley/mmu.h>
#include <parley/types.h>

#include "parley/trace_stream.h"

static inline struct trace_item make(uint8_t kind, uint8_t number)
{
	struct trace_item item = { .record = { .time_ns = 1234567890,
					       .cycles = 250,
					       .domid = 1,
					       .vcpu = 1,
					       .cpu = 3,
					       .kind = kind,
					       .number = number } };

	return item;
}

static inline void take_along(struct trace_item *item, const void *bytes, size_t size)
{
	memcpy(item->extra, bytes, size);
	item->record.extra = (uint8_t)((size + 7) & ~7UL);
}

/* A batch of two operations. */
static inline struct trace_item make_pin(void)
{
	struct pv_mmuext_op ops[] = { { .cmd = PV_MMUEXT_PIN_L4_TABLE, .arg1.mfn = 0x1f3 },
				      { .cmd = PV_MMUEXT_INVLPG_LOCAL,
					.arg1.linear_addr = 0x5000 } };
	struct trace_item item = make(PV_TRACE_hypercall, PV_HYPERCALL_mmuext_op);

	item.record.args[0] = 0xffff888000001000;
	item.record.args[1] = 2;
	item.record.args[3] = PV_DOMID_SELF;
	take_along(&item, ops, sizeof(ops));
	return item;
}

#endif
