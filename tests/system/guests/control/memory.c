/*
 * A machine whose memory is used up, by a domain with the right: what then is refused, and that
 * nothing is lost by it. What other calls answer then is checked here, too, as nobody else
 * can bring it about.
 *
 * Before tracing.c: the rings of a trace are made once.
 * Read next: tracing.c.
 */
#include "groups.h"

#include "calls.h"
#include "cpu.h"
#include "domains.h"
#include "timer.h"
#include "traces.h"

#define LEFT     300u /* pages that are free when the rest is used up */
#define SEALABLE 64u
#define SMALL    3000u /* pages of one that is given up half made: it soon is */

static uint32_t filler;

static long new_image(uint64_t pages, uint32_t *number)
{
	struct pv_control_image image = { .size = pages * KIT_PAGE_SIZE };
	long rc = control_call(PV_CONTROLOP_image_new, &image);

	*number = rc == 0 ? image.image : PV_CONTROL_IMAGE_NONE;
	return rc;
}

/* What is free is promised once, and given to nobody yet. */
static void check_promise(void)
{
	uint64_t pages = control_free_pages(), most = pages - pages / 1024 - SEALABLE;
	uint32_t second;

	DOES("control.image_new", "nearly all that is free", new_image(most, &filler), 0);
	REFUSES("control.image_new", PV_ENOMEM, "what is promised to another",
		new_image(pages - most + 1, &second));
	DOES("control.image_new", "what is not", new_image(1, &second), 0);
	control_image_free(second);
}

/* Writes to the image until there is no page for it: *offset is what was refused. */
static long use_up(uint64_t *offset)
{
	static char bytes[16];
	struct pv_control_image_write piece = { .image = filler,
						.bytes = sizeof(bytes),
						.data = (uintptr_t)bytes };
	long rc;

	do {
		rc = control_call(PV_CONTROLOP_image_write, &piece);
		piece.offset += KIT_PAGE_SIZE;
	} while (rc == 0);
	*offset = piece.offset - KIT_PAGE_SIZE;
	return rc;
}

static void check_nothing_left(uint16_t large)
{
	struct pv_control_trace trace = { .domid = domains_own(), .kinds = PV_TRACE_ALL };
	struct pv_control_image_write piece = { .image = filler, .bytes = 16 };
	struct pv_control_create *c;
	uint32_t number;
	long rc;

	rc = use_up(&piece.offset);
	REFUSES("control.image_write", PV_ENOMEM, "no page is left", rc);
	check_result("control.machine: none is free", (long)control_free_pages(), 0);
	piece.data = (uintptr_t)&trace;
	REFUSES("control.image_write", PV_ENOMEM, "nor a moment later",
		control_call(PV_CONTROLOP_image_write, &piece));
	piece.offset = 0;
	DOES("control.image_write", "to a page that is there",
	     control_call(PV_CONTROLOP_image_write, &piece), 0);
	REFUSES("control.image_new", PV_ENOMEM, "for one page", new_image(1, &number));
	REFUSES("control.trace_set", PV_ENOMEM, "for the rings",
		control_call(PV_CONTROLOP_trace_set, &trace));
	c = domains_request("tiny", "act=sleep");
	REFUSES("control.create", PV_ENOMEM, "no memory", control_call(PV_CONTROLOP_create, c));
	DOES("control.pause", "it needs none", control_on_domain(PV_CONTROLOP_pause, large), 0);
	DOES("control.unpause", "nor that", control_on_domain(PV_CONTROLOP_unpause, large), 0);
	DOES("control.shutdown", "nor that", control_shutdown(large, PV_SHUTDOWN_poweroff), 0);
}

/* A domain that has all but so many pages. */
static uint16_t make_large(uint64_t left)
{
	struct pv_control_create *c = domains_request("large", "act=sleep");
	uint16_t id;

	c->memory_pages = control_free_pages() - left;
	id = domains_make_by(c);
	check_true("a domain has nearly all of it", domains_await_signs(id, 1));
	return id;
}

/* Pages are freed by steps. */
static bool come_back(uint64_t pages)
{
	uint64_t end = timer_now_ns() + PATIENCE_NS;

	while (control_free_pages() != pages && timer_now_ns() < end) {
		timer_sleep_ns(NS_PER_MS);
	}
	return control_free_pages() == pages;
}

/* With ever less of its own, until what comes beside it is there, too: structures, tables to build by. */
static void check_half_made(void)
{
	struct pv_control_create *c = domains_request("half", "act=sleep");
	uint64_t pages = domains_free_pages();
	unsigned failed = 0;
	bool back = true;
	long rc = -PV_ENOMEM;

	for (uint64_t spare = 0; rc == -PV_ENOMEM && back && spare < LEFT; spare++) {
		c->memory_pages = pages - spare;
		rc = control_call(PV_CONTROLOP_create, c);
		failed += rc == -PV_ENOMEM;
		back = rc != -PV_ENOMEM || come_back(pages);
	}
	check_true("control.create: every page is back of what is given up half made", back);
	check_result("control.create: there is enough at last", rc, 0);
	check_true("control.create: and was not at first", failed > 2);
	domains_put_away(c->domid);
}

void memory_check(void)
{
	uint64_t pages = domains_free_pages();
	uint16_t large = make_large(SMALL);

	check_half_made();
	domains_put_away(large);
	check_true("control.destroy: every page is back", come_back(pages));
	check_promise();
	large = make_large(LEFT);
	check_nothing_left(large);
	DOES("control.image_free", "what has used it up", control_image_free(filler), 0);
	domains_put_away(large);
	check_true("control.image_free, destroy: every page is back", come_back(pages));
}
