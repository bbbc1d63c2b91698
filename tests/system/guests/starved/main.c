/*
 * starved: what calls answer when the machine has no free memory. The domain has the
 * right of control: it makes an image of all free pages, writes to each of them, and so
 * takes the last. Then each call that needs memory of the hypervisor's must say
 * -PV_ENOMEM and leave no trace: once the image is freed, the same call succeeds.
 * Its ramdisk is this very image, for a domain that cannot be made. The last line is
 *	starved: N passed, M failed
 *
 * The checks are written as in guest-pv/kit/calls.h, and `abigen coverage` reads them.
 * Needs "control": true and a second vCPU, which is never started.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <parley/debug.h>
#include <parley/trace.h>
#include <parley/vcpu.h>

#include "calls.h"
#include "control.h"
#include "events.h"
#include "hypercall.h"
#include "printf.h"
#include "timer.h"

#define PORTS      PV_EVTCHN_2L_NR_CHANNELS
#define BUCKET     128u /* ports that the hypervisor makes room for at a time */
#define SETTLED_NS 10000000000ul

static uint32_t own_image, hoard;
static uint64_t hoard_pages;
static uint16_t taken[PORTS];
static unsigned taken_count;
static unsigned waiting; /* a port that one may bind to */

/* ---- taking all there is ---- */

/* An image of as many pages as the machine will promise. */
static long promise(void)
{
	struct pv_control_image made = { 0 };
	long rc = -PV_ENOMEM;

	for (hoard_pages = control_free_pages(); rc == -PV_ENOMEM && hoard_pages > 0;
	     hoard_pages--) {
		made.size = hoard_pages * PV_PAGE_SIZE;
		rc = control_call(PV_CONTROLOP_image_new, &made);
	}
	hoard_pages++;
	hoard = made.image;
	return rc;
}

static long write_page(uint64_t page)
{
	static const uint8_t byte = 1;
	struct pv_control_image_write piece = {
		.image = hoard,
		.bytes = 1,
		.offset = page * PV_PAGE_SIZE,
		.data = (uintptr_t)&byte,
	};

	return control_call(PV_CONTROLOP_image_write, &piece);
}

static long alloc_port(unsigned *port)
{
	struct pv_evtchn_alloc_unbound a = { .dom = PV_DOMID_SELF, .remote_dom = PV_DOMID_SELF };
	long rc = hypercall_event_channel_op(PV_EVTCHNOP_alloc_unbound, &a);

	*port = a.port;
	return rc;
}

static long take_port(void)
{
	unsigned port = 0;
	long rc = taken_count < PORTS ? alloc_port(&port) : -PV_ENOSPC;

	if (rc == 0) {
		taken[taken_count++] = (uint16_t)port;
	}
	return rc;
}

/* Pages that were promised go elsewhere, so that the last to be written are missing. */
static void take_everything(void)
{
	uint64_t page = 0;
	long rc = promise();

	DOES("control.image_new", "all that is free", rc, 0);
	alloc_port(&waiting);
	for (unsigned i = 0; i < BUCKET && rc == 0; i++) {
		rc = take_port();
	}
	DOES("event_channel_op.alloc_unbound", "of what was promised to an image", rc, 0);
	while (page < hoard_pages && (rc = write_page(page)) == 0) {
		page++;
	}
	REFUSES("control.image_write", PV_ENOMEM, "what was promised has gone elsewhere", rc);
	check_true("control.image_write: nearly all of it could be written",
		   page > hoard_pages - 16);
	DOES("control.machine", "free pages", (long)control_free_pages(), 0);
}

/* ---- one by one ---- */

static long bind_ipi(void)
{
	struct pv_evtchn_bind_ipi b = { .vcpu = 0 };

	return hypercall_event_channel_op(PV_EVTCHNOP_bind_ipi, &b);
}

static long bind_virq(void)
{
	struct pv_evtchn_bind_virq b = { .virq = PV_VIRQ_DEBUG, .vcpu = 0 };

	return hypercall_event_channel_op(PV_EVTCHNOP_bind_virq, &b);
}

static long bind_waiting(void)
{
	struct pv_evtchn_bind_interdomain b = { .remote_dom = PV_DOMID_SELF,
						.remote_port = waiting };

	return hypercall_event_channel_op(PV_EVTCHNOP_bind_interdomain, &b);
}

static long bind_ipi_in_the_old_form(void)
{
	struct pv_evtchn_op old = { .cmd = PV_EVTCHNOP_bind_ipi };

	return hypercall(PV_HYPERCALL_event_channel_op_compat, (uintptr_t)&old, 0, 0, 0, 0);
}

static long initialise(void)
{
	static struct pv_vcpu_guest_context context;

	return hypercall_vcpu_op(PV_VCPUOP_initialise, 1, &context);
}

static long create(void)
{
	static struct pv_control_create c;

	control_prepare(&c, "unborn", own_image, 1024);
	c.flags = PV_CONTROL_FLAG_paused | PV_CONTROL_FLAG_once;
	return control_call(PV_CONTROLOP_create, &c);
}

static long new_image(void)
{
	struct pv_control_image made = { .size = 1 };

	return control_call(PV_CONTROLOP_image_new, &made);
}

static long trace(uint32_t kinds)
{
	struct pv_control_trace set = { .domid = (pv_domid_t)events_own_domid(), .kinds = kinds };

	return control_call(PV_CONTROLOP_trace_set, &set);
}

/* Other builds than debug builds have no such call. */
static bool can_audit(void)
{
	return hypercall(PV_HYPERCALL_debug, PV_DEBUGOP_free_frames, 0, 0, 0, 0) != -PV_ENOSYS;
}

static long audit(void)
{
	return hypercall(PV_HYPERCALL_debug, PV_DEBUGOP_audit, 0, 0, 0, 0);
}

static void check_ports(void)
{
	long rc = 0;

	while (rc == 0) {
		rc = take_port();
	}
	REFUSES("event_channel_op.alloc_unbound", PV_ENOMEM, "no memory for more ports", rc);
	check_true("event_channel_op.alloc_unbound: where one bucket ends",
		   (taken[taken_count - 1] + 1) % BUCKET == 0);
	REFUSES("event_channel_op.bind_ipi", PV_ENOMEM, "no memory for more ports", bind_ipi());
	REFUSES("event_channel_op.bind_virq", PV_ENOMEM, "no memory for more ports", bind_virq());
	REFUSES("event_channel_op.bind_interdomain", PV_ENOMEM, "no memory for more ports",
		bind_waiting());
	REFUSES("event_channel_op_compat", PV_ENOMEM, "no memory for more ports",
		bind_ipi_in_the_old_form());
}

static void check_others(void)
{
	REFUSES("vcpu_op.initialise", PV_ENOMEM, "no memory to copy its context to", initialise());
	REFUSES("control.image_new", PV_ENOMEM, "no memory", new_image());
	REFUSES("control.create", PV_ENOMEM, "no memory", create());
	REFUSES("control.trace_set", PV_ENOMEM, "no memory for the rings",
		trace(1u << PV_TRACE_event));
	if (can_audit()) {
		REFUSES("debug.audit", PV_ENOMEM, "no memory to count in", audit());
	}
}

/* ---- and with memory again ---- */

static void settle(uint64_t wanted)
{
	uint64_t deadline = timer_now_ns() + SETTLED_NS;

	while (control_free_pages() < wanted && timer_now_ns() < deadline) {
		timer_sleep_ns(1000000);
	}
	check_true("control.image_free: its pages come back", control_free_pages() >= wanted);
}

/* What was refused left nothing half made. */
static void check_again(void)
{
	long port = bind_virq();

	DOES("event_channel_op.bind_virq", "it was not bound", port, 0);
	DOES("event_channel_op.bind_interdomain", "the port still waits", bind_waiting(), 0);
	DOES("event_channel_op.bind_ipi", "with memory", bind_ipi(), 0);
	DOES("event_channel_op_compat", "with memory", bind_ipi_in_the_old_form(), 0);
	DOES("vcpu_op.initialise", "looks at the context now", initialise(), -PV_EINVAL);
	DOES("control.trace_set", "with memory", trace(1u << PV_TRACE_event), 0);
	DOES("control.trace_set", "off", trace(0), 0);
	DOES("control.create", "with memory", create(), 0);
	if (can_audit()) {
		DOES("debug.audit", "differences", audit(), 0);
	}
}

int main(void)
{
	long rc = control_image_upload((const void *)start_info->mod_start, start_info->mod_len,
				       &own_image);

	DOES("control.image_write", "our own image", rc, 0);
	take_everything();
	check_ports();
	check_others();
	DOES("control.image_free", "all that was taken", control_image_free(hoard), 0);
	settle(hoard_pages - 16);
	check_again();
	check_true("control.destroy: it", control_put_away("unborn"));
	printf("starved: %u passed, %u failed\n", check_passed(), check_failed());
	return check_failed() == 0 ? 0 : 1;
}
