/*
 * TOUR(17) Control operations (abi/parley/control_op.h): watching and changing domains,
 * making and ending them. Who asks is a domain with is_control, by hypercall
 * (hypercall/control.c), or whoever is at the other end of the control line
 * (control_line.c). Both hand over the operation's structure, copied, and all
 * checks are here, so they cannot differ.
 *
 * Two that change one domain at once are safe: what ends, pauses or forgets a
 * domain is decided under the life lock (lifecycle.h), and a domain that
 * domain_find() gave stays whole until the caller leaves (grace.h).
 *
 * Read next: control.c (the table), control_domain.c, control_info.c, control_image.c, making.c.
 */
#ifndef DOMAIN_CONTROL_H
#define DOMAIN_CONTROL_H

#include <parley/control_op.h>

#include "domain/domain.h"

/* Room for any operation's structure. */
union control_args {
	struct pv_control_machine machine;
	struct pv_control_domain_id id;
	struct pv_control_list list;
	struct pv_control_shutdown shutdown;
	struct pv_control_create create;
	struct pv_control_memory memory;
	struct pv_control_vcpus vcpus;
	struct pv_control_sched sched;
	struct pv_control_oops oops;
	struct pv_control_stats stats;
	struct pv_control_image image;
	struct pv_control_image_write image_write;
	struct pv_control_trace trace;
	struct pv_control_trace_read trace_read;
	struct pv_control_off off;
};

/* Who asks. */
struct control_caller {
	struct domain *domain; /* NULL: the line */
	u32 vcpu;              /* whose call it is; 0 for the line */
	const u8 *data;        /* the line: bytes behind the structure */
	u32 data_size;
};

/* Not done yet: the same again, later. Never seen by a caller. */
#define CONTROL_AGAIN (-4096L)

/* Bytes of an operation's structure, and how many of them from its start are (in) or (out). */
struct control_layout {
	u16 size, in, out;
	bool on_line; /* also served over the line */
};

/* NULL: there is no such operation. */
const struct control_layout *control_layout(u64 op);

/*
 * Do it: args holds what is (in), the rest of it zero. 0 or more, with what is
 * (out) filled in; -PV_E*, nothing changed; or CONTROL_AGAIN. No lock held.
 */
long control_do(const struct control_caller *who, u32 op, union control_args *args) must_check;

/* A PV_LINE_REQUEST frame's payload has come: carry it out and reply. In control_line.c. */
void control_line_request(const u8 *payload, u32 size);

/* The line's create has ended: reply. In control_line.c. */
void control_line_created(long result, u16 domid, const struct pv_control_create *request);

/* ---- the operations, for control.c ---- */

typedef long control_fn(const struct control_caller *who, union control_args *args);

control_fn control_machine, control_list, control_oops, control_stats;
control_fn control_pause, control_unpause, control_shutdown, control_destroy;
control_fn control_memory_set, control_vcpus_set, control_sched_set, control_off;
control_fn control_trace_set, control_trace_read;
control_fn control_create, control_image_new, control_image_write, control_image_free;

/* True if all bytes are 0: of (in) fields that are reserved. */
bool control_is_zero(const void *bytes, size_t size);

#endif
