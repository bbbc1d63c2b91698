/* The domains that are worked on; see domains.h. */
#include "domains.h"

#include "calls.h"
#include "events.h"
#include "hypercall.h"
#include "printf.h"
#include "start.h"
#include "string.h"
#include "timer.h"

static uint32_t image;
static uint64_t pages_before;

uint64_t domains_free_pages(void)
{
	uint64_t pages, before;

	pages = control_free_pages();
	do {
		before = pages;
		timer_sleep_ns(20 * NS_PER_MS);
		pages = control_free_pages();
	} while (pages != before);
	return pages;
}

void domains_begin(void)
{
	pages_before = domains_free_pages();
	check_result("control.image_new, image_write: this very image",
		     control_image_upload((const void *)start_info->mod_start, start_info->mod_len,
					  &image),
		     0);
}

void domains_end(void)
{
	uint64_t end = timer_now_ns() + PATIENCE_NS;

	domains_settle();
	DOES("control.image_free", "this very image", control_image_free(image), 0);
	while (control_free_pages() != pages_before && timer_now_ns() < end) {
		timer_sleep_ns(NS_PER_MS);
	}
	check_result("every page is free again", (long)control_free_pages(), (long)pages_before);
}

void domains_expect_less(uint64_t pages)
{
	pages_before -= pages;
}

uint32_t domains_image(void)
{
	return image;
}

uint16_t domains_own(void)
{
	return (uint16_t)events_own_domid();
}

struct pv_control_create *domains_request(const char *name, const char *cmdline)
{
	static struct pv_control_create c;

	memset(&c, 0, sizeof(c));
	snprintf(c.name, sizeof(c.name), "%s", name);
	snprintf(c.cmdline, sizeof(c.cmdline), "%s", cmdline);
	c.memory_pages = SUBJECT_PAGES;
	c.vcpu_count = 1;
	c.kernel = image;
	c.weight = 256;
	return &c;
}

uint16_t domains_make_by(struct pv_control_create *request)
{
	long rc = control_call(PV_CONTROLOP_create, request);

	if (rc != 0) {
		check_result(request->name, rc, 0);
	}
	return request->domid;
}

uint16_t domains_make(const char *name, const char *cmdline)
{
	return domains_make_by(domains_request(name, cmdline));
}

bool domains_describe(uint16_t domid, struct pv_control_domain *d)
{
	static struct pv_control_list list;

	memset(&list, 0, sizeof(list));
	list.first = domid;
	if (control_call(PV_CONTROLOP_list, &list) != 0 || list.count == 0 ||
	    list.domains[0].domid != domid) {
		return false;
	}
	*d = list.domains[0];
	return true;
}

bool domains_await_state(uint16_t domid, unsigned state)
{
	uint64_t end = timer_now_ns() + PATIENCE_NS;
	struct pv_control_domain d = { .state = 255 };

	while (domains_describe(domid, &d) && d.state != state && timer_now_ns() < end) {
		timer_sleep_ns(100 * NS_PER_US);
	}
	return d.state == state;
}

void domains_sign(void)
{
	hypercall_fpu_taskswitch(0);
}

uint64_t domains_signs(uint16_t domid)
{
	static struct pv_control_stats stats;

	memset(&stats, 0, sizeof(stats));
	stats.domid = domid;
	return control_call(PV_CONTROLOP_stats, &stats) == 0 ?
		       stats.stats.hypercalls[PV_HYPERCALL_fpu_taskswitch] :
		       0;
}

bool domains_await_signs(uint16_t domid, uint64_t count)
{
	uint64_t end = timer_now_ns() + PATIENCE_NS;

	while (domains_signs(domid) < count) {
		if (timer_now_ns() > end) {
			return false;
		}
		timer_sleep_ns(100 * NS_PER_US);
	}
	return true;
}

bool domains_put_away(uint16_t domid)
{
	uint64_t end = timer_now_ns() + PATIENCE_NS;
	struct pv_control_domain d;

	while (domains_describe(domid, &d)) {
		if (d.state == PV_CONTROL_STATE_dying) {
			timer_sleep_ns(100 * NS_PER_US);
		} else {
			control_on_domain(PV_CONTROLOP_destroy, domid);
		}
		if (timer_now_ns() > end) {
			printf("control: %s is still there, state %u\n", d.name, d.state);
			return false;
		}
	}
	return true;
}

void domains_settle(void)
{
	struct pv_control_list list = { 0 };

	do {
		list.count = 0;
		if (control_call(PV_CONTROLOP_list, &list) != 0) {
			return;
		}
		for (unsigned i = 0; i < list.count; i++) {
			if (list.domains[i].domid != domains_own() &&
			    !domains_put_away(list.domains[i].domid)) {
				check_true("a domain that is put away goes", false);
			}
		}
	} while (list.first != 0);
}
