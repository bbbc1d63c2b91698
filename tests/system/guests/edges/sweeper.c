/*
 * The sweeps themselves. With the right of control a call may do something to other
 * domains: what makes sense there is to name a victim, which is made anew whenever it
 * was ended; what was made is put away again; and each operation must have succeeded at
 * least once, or the sweep would have shown only how it refuses.
 *
 * Read next: mayfly.c.
 */
#include <parley/sched.h>
#include <parley/trace.h>

#include "control.h"
#include "hypercall.h"
#include "printf.h"
#include "roles.h"
#include "start.h"
#include "string.h"
#include "timer.h"

#define VICTIM_PAGES 1024ul
#define CRASHED_NS   10000000000ul

static struct {
	uint16_t victim, corpse;  /* domains */
	uint32_t kernel, scratch; /* images: what domains are made of, and one to write to */
	uint32_t succeeded;       /* operations, a bit by number */
} own;

int sweeper_run(void)
{
	struct edge_world w;

	world_make(&w);
	edge_sweep(&w);
	world_repair(&w);
	world_check_books(&w);
	printf("\nedges: %lu passed, %lu failed\n", w.passed, w.failures);
	return w.failures == 0 ? 0 : 1;
}

/* ---- what a sweep with the right of control needs ---- */

static uint16_t make_domain(struct edge_world *w, const char *name, const char *cmdline)
{
	struct pv_control_create c;
	long rc;

	control_prepare(&c, name, own.kernel, VICTIM_PAGES);
	snprintf(c.cmdline, sizeof(c.cmdline), "%s", cmdline);
	rc = control_call(PV_CONTROLOP_create, &c);
	if (rc != 0) {
		world_complain(w, "cannot make %s: %ld", name, rc);
	}
	return c.domid;
}

static void renew_kernel(struct edge_world *w)
{
	long rc = control_image_upload((const void *)start_info->mod_start, start_info->mod_len,
				       &own.kernel);

	if (rc != 0) {
		world_complain(w, "cannot hand over the image: %ld", rc);
	}
}

static void renew_scratch(struct edge_world *w)
{
	struct pv_control_image made = { .size = 2 * PV_PAGE_SIZE };
	long rc = control_call(PV_CONTROLOP_image_new, &made);

	own.scratch = made.image;
	if (rc != 0) {
		world_complain(w, "cannot make an image: %ld", rc);
	}
}

/* One that ended or is paused is put away: the next one is as the first was. */
static void renew_victim(struct edge_world *w)
{
	struct pv_control_domain d;

	if (control_find("victim", &d) && d.state == PV_CONTROL_STATE_running &&
	    d.domid == own.victim) {
		return;
	}
	if (!control_put_away("victim")) {
		world_complain(w, "the victim does not end");
	}
	own.victim = make_domain(w, "victim", "idle");
	w->other = own.victim;
}

/* A domain that crashed, for its report. */
static void make_corpse(struct edge_world *w)
{
	uint64_t deadline = timer_now_ns() + CRASHED_NS;
	struct pv_control_domain d;

	own.corpse = make_domain(w, "corpse", "mayfly crash");
	while (control_find("corpse", &d) && d.state != PV_CONTROL_STATE_crashed &&
	       timer_now_ns() < deadline) {
		hypercall_sched_op(PV_SCHEDOP_yield, NULL);
	}
	if (d.state != PV_CONTROL_STATE_crashed) {
		world_complain(w, "the corpse lives: state %u", d.state);
	}
}

/* The operation by which a domain is named, of any call; others are left alone. */
static bool names_domain(const struct edge_call *call, const struct edge_operation *op)
{
	return call->number == PV_HYPERCALL_control ||
	       (op && strcmp(op->name, "remote_shutdown") == 0);
}

static bool fixed_value(const char *op, const char *field, uint64_t *value)
{
	static const struct {
		const char *op, *field;
		uint64_t value;
	} fixed[] = {
		{ "create", "name", 'e' },
		{ "create", "memory_pages", VICTIM_PAGES },
		{ "create", "flags", PV_CONTROL_FLAG_paused },
		{ "create", "ramdisk", PV_CONTROL_IMAGE_NONE },
		{ "create", "weight", 256 },
		{ "memory_set", "pages", VICTIM_PAGES / 2 },
		{ "sched_set", "what", PV_CONTROL_SCHED_weight | PV_CONTROL_SCHED_affinity },
		{ "sched_set", "weight", 512 },
		{ "sched_set", "affinity", 1 },
		{ "trace_set", "kinds", 1u << PV_TRACE_event },
		{ "list", "first", 0 },
		{ "oops", "offset", 0 },
		{ "image_write", "offset", 0 },
	};

	for (unsigned i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		if (strcmp(fixed[i].op, op) == 0 && strcmp(fixed[i].field, field) == 0) {
			*value = fixed[i].value;
			return true;
		}
	}
	return false;
}

static bool sane(struct edge_world *w, const struct edge_call *call,
		 const struct edge_operation *op, const struct edge_number *number, uint64_t *value)
{
	if (!op || !names_domain(call, op)) {
		return false;
	}
	if (fixed_value(op->name, number->name, value)) {
		return true;
	}
	if (number->kind == EDGE_KIND_domid) {
		*value = strcmp(op->name, "oops") == 0 ? own.corpse : own.victim;
	} else if (strcmp(number->name, "kernel") == 0) {
		*value = own.kernel;
	} else if (strcmp(number->name, "image") == 0) {
		*value = own.scratch;
	} else {
		return false;
	}
	return true;
}

/* Not what ends or blocks it, which remote_shutdown does that names the caller. */
static bool may(struct edge_world *w, const struct edge_call *call, const struct edge_operation *op,
		uint8_t hazard, const uint64_t args[EDGE_ARGS])
{
	const struct pv_sched_remote_shutdown *shutdown =
		(const void *)(w->memory + EDGE_MEMORY - sizeof(*shutdown));

	if (op && strcmp(op->name, "remote_shutdown") == 0) {
		return shutdown->domain_id != w->domid;
	}
	return hazard != EDGE_ends && hazard != EDGE_blocks;
}

/* ---- before and after each call ---- */

static void trace(uint16_t domid, uint32_t kinds)
{
	struct pv_control_trace set = { .domid = domid, .kinds = kinds };

	control_call(PV_CONTROLOP_trace_set, &set);
}

static void before_call(struct edge_world *w, uint64_t op)
{
	if (op == PV_CONTROLOP_unpause) {
		control_on_domain(PV_CONTROLOP_pause, own.victim);
	} else if (op == PV_CONTROLOP_trace_read) {
		trace(w->domid, 1u << PV_TRACE_event);
	}
}

static void restore_limits(struct edge_world *w)
{
	const uint16_t domains[] = { w->domid, own.victim };

	for (unsigned i = 0; i < 2; i++) {
		struct pv_control_memory memory = {
			.domid = domains[i],
			.pages = i == 0 ? start_info->nr_pages : VICTIM_PAGES,
		};
		struct pv_control_sched sched = {
			.domid = domains[i],
			.what = PV_CONTROL_SCHED_weight | PV_CONTROL_SCHED_cap |
				PV_CONTROL_SCHED_affinity,
			.weight = 256,
			.affinity = ~0ul,
		};

		if (control_call(PV_CONTROLOP_memory_set, &memory) != 0 ||
		    control_call(PV_CONTROLOP_sched_set, &sched) != 0) {
			world_complain(w, "d%u cannot be set back", domains[i]);
		}
	}
}

/* A domain of the sweep's has a name of one letter. */
static void put_away_strangers(struct edge_world *w)
{
	static struct pv_control_list list;

	list.first = 0;
	do {
		list.count = 0;
		if (control_call(PV_CONTROLOP_list, &list) != 0) {
			world_complain(w, "there is no list");
			return;
		}
		for (unsigned i = 0; i < list.count; i++) {
			if (strlen(list.domains[i].name) == 1 &&
			    !control_put_away(list.domains[i].name)) {
				world_complain(w, "%s does not end", list.domains[i].name);
			}
		}
	} while (list.first != 0);
}

/* An image that is sealed can be written to no more. */
static long write_a_byte(uint32_t image)
{
	static const uint8_t byte = 1;
	struct pv_control_image_write piece = { image, 1, 0, (uintptr_t)&byte };

	return control_call(PV_CONTROLOP_image_write, &piece);
}

static void mend_images(struct edge_world *w)
{
	if (write_a_byte(own.kernel) == -PV_ENOENT) {
		renew_kernel(w);
	}
	if (write_a_byte(own.scratch) != 0) {
		control_image_free(own.scratch);
		renew_scratch(w);
	}
}

static void unpause_victim(void)
{
	while (control_on_domain(PV_CONTROLOP_unpause, own.victim) == 0) {
	}
}

static void after_call(struct edge_world *w, uint64_t op, uint64_t structure, long result)
{
	switch (op) {
	case PV_CONTROLOP_pause:
	case PV_CONTROLOP_unpause:
		unpause_victim();
		break;
	case PV_CONTROLOP_destroy:
		renew_victim(w);
		break;
	case PV_CONTROLOP_create:
		put_away_strangers(w);
		mend_images(w);
		break;
	case PV_CONTROLOP_memory_set:
	case PV_CONTROLOP_sched_set:
		restore_limits(w);
		break;
	case PV_CONTROLOP_image_new:
		if (result == 0) {
			control_image_free(
				((const struct pv_control_image *)(uintptr_t)structure)->image);
		}
		break;
	case PV_CONTROLOP_image_free:
		mend_images(w);
		break;
	case PV_CONTROLOP_trace_set:
	case PV_CONTROLOP_trace_read:
		trace(0, 0);
		break;
	default:
		break;
	}
}

static bool call(struct edge_world *w, uint32_t number, uint64_t args[EDGE_ARGS], long *result)
{
	if (number == PV_HYPERCALL_control) {
		before_call(w, args[0]);
	}
	world_call(w, number, args, result);
	if (number == PV_HYPERCALL_control && args[0] < PV_CONTROLOPS) {
		after_call(w, args[0], args[1], *result);
		own.succeeded |= *result >= 0 ? 1u << args[0] : 0;
	}
	if (number == PV_HYPERCALL_sched_op && args[0] == PV_SCHEDOP_remote_shutdown) {
		renew_victim(w);
	}
	return true;
}

/* Each operation that is described, but for those that end the caller. */
static void check_successes(struct edge_world *w)
{
	for (unsigned op = 0; op < PV_CONTROLOPS; op++) {
		if (op != PV_CONTROLOP_off && !(own.succeeded & 1u << op)) {
			world_complain(w, "control operation %u never succeeded", op);
		}
	}
}

int controller_run(void)
{
	struct edge_world w;

	world_make(&w);
	w.call = call;
	w.may = may;
	w.sane = sane;
	renew_kernel(&w);
	renew_scratch(&w);
	renew_victim(&w);
	make_corpse(&w);
	edge_sweep(&w);
	world_repair(&w);
	check_successes(&w);
	world_check_books(&w);
	printf("\nedges: control: %lu passed, %lu failed\n", w.passed, w.failures);
	return w.failures == 0 ? 0 : 1;
}
