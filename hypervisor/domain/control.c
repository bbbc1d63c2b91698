/*
 * The table of control operations, and what is the same for all of them.
 *
 * Read next: control_domain.c.
 */
#include "domain/control.h"

#include <parley/errno.h>

struct operation {
	struct control_layout layout;
	control_fn *fn; /* NULL: not offered */
};

#define STRUCT(name, in, out) \
	.layout = { sizeof(struct name), (u16)(in), (u16)(out), .on_line = true }
#define UP_TO(name, field) offsetof(struct name, field)
#define NONE               0U
#define ALL(name)          sizeof(struct name)
#define TAKES(name)        STRUCT(name, ALL(name), NONE)
#define GIVES(name, first) STRUCT(name, UP_TO(name, first), ALL(name))
#define BOTH(name)         STRUCT(name, ALL(name), ALL(name))

static const struct operation operations[PV_CONTROLOPS] = {
	[PV_CONTROLOP_machine] = { GIVES(pv_control_machine, version), .fn = control_machine },
	[PV_CONTROLOP_list] = { GIVES(pv_control_list, domains), .fn = control_list },
	[PV_CONTROLOP_pause] = { TAKES(pv_control_domain_id), .fn = control_pause },
	[PV_CONTROLOP_unpause] = { TAKES(pv_control_domain_id), .fn = control_unpause },
	[PV_CONTROLOP_shutdown] = { TAKES(pv_control_shutdown), .fn = control_shutdown },
	[PV_CONTROLOP_destroy] = { TAKES(pv_control_domain_id), .fn = control_destroy },
	[PV_CONTROLOP_memory_set] = { TAKES(pv_control_memory), .fn = control_memory_set },
	[PV_CONTROLOP_vcpus_set] = { TAKES(pv_control_vcpus), .fn = control_vcpus_set },
	[PV_CONTROLOP_sched_set] = { TAKES(pv_control_sched), .fn = control_sched_set },
	[PV_CONTROLOP_oops] = { GIVES(pv_control_oops, size), .fn = control_oops },
	[PV_CONTROLOP_stats] = { GIVES(pv_control_stats, stats), .fn = control_stats },
	[PV_CONTROLOP_create] = { BOTH(pv_control_create), .fn = control_create },
	[PV_CONTROLOP_image_new] = { BOTH(pv_control_image), .fn = control_image_new },
	[PV_CONTROLOP_image_write] = { TAKES(pv_control_image_write), .fn = control_image_write },
	[PV_CONTROLOP_image_free] = { TAKES(pv_control_image), .fn = control_image_free },
	[PV_CONTROLOP_trace_set] = { TAKES(pv_control_trace), .fn = control_trace_set },
	[PV_CONTROLOP_trace_read] = { .layout = { sizeof(struct pv_control_trace_read),
						  UP_TO(pv_control_trace_read, lost),
						  ALL(pv_control_trace_read) },
				      .fn = control_trace_read },
	[PV_CONTROLOP_off] = { TAKES(pv_control_off), .fn = control_off },
};

const struct control_layout *control_layout(u64 op)
{
	return op < PV_CONTROLOPS && operations[op].fn != NULL ? &operations[op].layout : NULL;
}

long control_do(const struct control_caller *who, u32 op, union control_args *args)
{
	return operations[op].fn(who, args);
}

bool control_is_zero(const void *bytes, size_t size)
{
	const u8 *b = bytes;

	for (size_t i = 0; i < size; i++) {
		if (b[i] != 0) {
			return false;
		}
	}
	return true;
}
