/*
 * Control operations: thin wrappers, and what takes several calls.
 *
 * Read next: tests/system/guests/lives, which uses all of them.
 */
#include "control.h"

#include "cpu.h"
#include "hypercall.h"
#include "printf.h"
#include "string.h"
#include "timer.h"

#define GONE_NS 20000000000ul /* nothing takes so long */
#define LOOK_NS 50000ul

long control_call(unsigned op, void *structure)
{
	return hypercall2(PV_HYPERCALL_control, op, (uintptr_t)structure);
}

long control_on_domain(unsigned op, uint16_t domid)
{
	struct pv_control_domain_id id = { .domid = domid };

	return control_call(op, &id);
}

long control_shutdown(uint16_t domid, uint8_t reason)
{
	struct pv_control_shutdown shutdown = { .domid = domid, .reason = reason };

	return control_call(PV_CONTROLOP_shutdown, &shutdown);
}

uint64_t control_free_pages(void)
{
	struct pv_control_machine machine = { .free_pages = 0 };

	return control_call(PV_CONTROLOP_machine, &machine) == 0 ? machine.free_pages : 0;
}

static long write_all(uint32_t image, const char *bytes, size_t size)
{
	size_t done = 0;
	long rc = 0;

	while (rc == 0 && done < size) {
		size_t left = size - done;
		struct pv_control_image_write piece = {
			.image = image,
			.bytes = left < PV_CONTROL_WRITE_MAX ? (uint32_t)left :
							       PV_CONTROL_WRITE_MAX,
			.offset = done,
			.data = (uintptr_t)(bytes + done),
		};

		rc = control_call(PV_CONTROLOP_image_write, &piece);
		done += piece.bytes;
	}
	return rc;
}

long control_image_upload(const void *bytes, size_t size, uint32_t *image)
{
	struct pv_control_image made = { .size = size };
	long rc = control_call(PV_CONTROLOP_image_new, &made);

	if (rc == 0) {
		rc = write_all(made.image, bytes, size);
		if (rc != 0) {
			control_image_free(made.image);
		}
	}
	*image = rc == 0 ? made.image : PV_CONTROL_IMAGE_NONE;
	return rc;
}

long control_image_free(uint32_t image)
{
	struct pv_control_image old = { .image = image };

	return control_call(PV_CONTROLOP_image_free, &old);
}

void control_prepare(struct pv_control_create *create, const char *name, uint32_t kernel,
		     uint64_t pages)
{
	memset(create, 0, sizeof(*create));
	create->uuid[0] = 1;
	snprintf(create->name, sizeof(create->name), "%s", name);
	create->memory_pages = pages;
	create->vcpu_count = 1;
	create->kernel = kernel;
	create->ramdisk = PV_CONTROL_IMAGE_NONE;
	create->weight = 256;
}

/* Upcalls may be masked: then it cannot sleep. */
static void pause(void)
{
	uint64_t end = timer_now_ns() + LOOK_NS;

	if (cpu_current()->info->evtchn_upcall_mask == 0) {
		timer_sleep_ns(LOOK_NS);
		return;
	}
	while (timer_now_ns() < end) {
		hypercall_sched_op(PV_SCHEDOP_yield, NULL);
	}
}

bool control_put_away(const char *name)
{
	uint64_t deadline = timer_now_ns() + GONE_NS;
	struct pv_control_domain d;

	while (control_find(name, &d)) {
		if (d.state == PV_CONTROL_STATE_dying) {
			pause();
		} else {
			control_on_domain(PV_CONTROLOP_destroy, d.domid);
		}
		if (timer_now_ns() > deadline) {
			printf("%s is still there, state %u\n", name, d.state);
			return false;
		}
	}
	return true;
}

/* A live one counts as newer than a record. */
static bool is_better(const struct pv_control_domain *a, const struct pv_control_domain *b)
{
	bool a_lives = a->state <= PV_CONTROL_STATE_paused;
	bool b_lives = b->state <= PV_CONTROL_STATE_paused;

	return a_lives != b_lives ? a_lives : a->started_ns > b->started_ns;
}

bool control_find(const char *name, struct pv_control_domain *found)
{
	struct pv_control_list list = { 0 };
	bool any = false;

	do {
		list.count = 0;
		if (control_call(PV_CONTROLOP_list, &list) != 0) {
			return false;
		}
		for (unsigned i = 0; i < list.count; i++) {
			const struct pv_control_domain *d = &list.domains[i];

			if (strcmp(d->name, name) == 0 && (!any || is_better(d, found))) {
				*found = *d;
				any = true;
			}
		}
	} while (list.first != 0);
	return any;
}
