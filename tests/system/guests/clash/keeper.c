/* Makes users and those who change, ends the latter, and counts the machine's pages; see clash.h. */
#include "clash.h"

#include <stddef.h>

#include "check.h"
#include "control.h"
#include "hypercall.h"
#include "printf.h"
#include "start.h"
#include "string.h"
#include "timer.h"

#define DOMAIN_PAGES 1024ul
#define BOOT_NS      (200ul * NS_PER_MS)
#define PATIENCE_NS  (60000ul * NS_PER_MS)

static uint32_t image;

/* The new domain's number, or an error. */
static long create(const char *name, const char *cmdline)
{
	static struct pv_control_create c;
	long rc;

	memset(&c, 0, sizeof(c));
	snprintf(c.name, sizeof(c.name), "%s", name);
	snprintf(c.cmdline, sizeof(c.cmdline), "%s", cmdline);
	c.memory_pages = DOMAIN_PAGES;
	c.vcpu_count = 1;
	c.flags = PV_CONTROL_FLAG_once;
	c.kernel = image;
	c.weight = 256;
	rc = control_call(PV_CONTROLOP_create, &c);
	return rc != 0 ? rc : c.domid;
}

static bool lives(const char *name)
{
	struct pv_control_domain d;

	return control_find(name, &d) && d.state < PV_CONTROL_STATE_shutdown;
}

/* A life of one who changes: it ends by itself, or is ended. */
static bool one_life(unsigned number, unsigned user)
{
	static const char *const ends[] = { "poweroff", "crash", "fault", "spin" };
	uint64_t deadline = timer_now_ns() + PATIENCE_NS;
	const char *end = ends[number % 4];
	char cmdline[96];
	long domid;

	snprintf(cmdline, sizeof(cmdline), "role=change other=%u ms=%u how=%s end=%s", user,
		 1 + clash_random(40), number % 3 == 0 ? "reset" : "close", end);
	domid = create("changing", cmdline);
	if (domid < 0) {
		printf("clash: create: %ld\n", domid);
		return false;
	}
	timer_sleep_ns((20 + clash_random(60)) * NS_PER_MS);
	while (lives("changing") && timer_now_ns() < deadline) {
		if (strncmp(end, "spin", 4) == 0) {
			control_on_domain(PV_CONTROLOP_destroy, (uint16_t)domid);
		}
		timer_sleep_ns(NS_PER_MS);
	}
	return !lives("changing");
}

/* Records cost a page, so they are forgotten; pages are freed by steps. */
static uint64_t settled_pages(uint64_t wanted)
{
	uint64_t deadline = timer_now_ns() + PATIENCE_NS;
	struct pv_control_domain d;

	while (control_free_pages() != wanted && timer_now_ns() < deadline) {
		if (control_find("changing", &d) || control_find("user", &d)) {
			control_on_domain(PV_CONTROLOP_destroy, d.domid);
		}
		timer_sleep_ns(NS_PER_MS);
	}
	return control_free_pages();
}

/* The user must have ended, and well. */
static bool user_is_content(void)
{
	uint64_t deadline = timer_now_ns() + PATIENCE_NS;
	struct pv_control_domain d;

	while (lives("user") && timer_now_ns() < deadline) {
		timer_sleep_ns(NS_PER_MS);
	}
	return control_find("user", &d) && d.state == PV_CONTROL_STATE_shutdown &&
	       d.reason == PV_SHUTDOWN_poweroff;
}

int keep(void)
{
	uint64_t before, after;
	char cmdline[64];
	unsigned count = 0;
	long user;

	timer_sleep_ns(BOOT_NS); /* another CPU still puts away what it built us with */
	before = control_free_pages();
	if (control_image_upload((const void *)start_info->mod_start, start_info->mod_len,
				 &image) != 0) {
		printf("clash: no image\n");
		return 1;
	}
	/* The next number will be the first life's. */
	snprintf(cmdline, sizeof(cmdline), "role=use ms=%lu other=%lu",
		 start_option_number("ms", 1000), start_option_number("first", 0));
	user = create("user", cmdline);
	while (user > 0 && lives("user") && one_life(count, (unsigned)user)) {
		count++;
	}
	check_true("keep: lives", count > 4);
	check_true("keep: the user is content", user_is_content());
	check_result("keep: the image is free again", control_image_free(image), 0);
	after = settled_pages(before);
	check_result("keep: every page is back", (long)after, (long)before);
	printf("clash: %u lives, free pages %lu before and %lu after\n", count, before, after);
	printf("clash: keep: %u passed, %u failed\n", check_passed(), check_failed());
	return check_failed() != 0;
}
