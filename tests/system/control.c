/*
 * Control operations over the line, on a real machine: lives until every page is
 * back, Debian's balloon and vCPUs, and a machine that stays on without domains.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <parley/sched.h>

#include "harness.h"
#include "machine.h"

TestSuite(control, .timeout = RUN_SECONDS + 30);

#define LIVES 200U

static unsigned int random_below(unsigned int n)
{
	static uint64_t state = 3;

	state = state * 6364136223846793005UL + 1442695040888963407UL;
	return (unsigned int)((state >> 33) % n);
}

static int on_domain(uint32_t op, uint16_t domid)
{
	struct pv_control_domain_id id = { .domid = domid };

	return machine_ask(op, &id, sizeof(id), sizeof(id));
}

static uint16_t create(unsigned int number, uint32_t image)
{
	static const char *const ends[] = { "poweroff", "crash", "fault", "spin", "sleep" };
	struct pv_control_create c = {
		.memory_pages = 1024,
		.vcpu_count = 1 + random_below(2),
		.kernel = image,
		.weight = 256,
	};

	snprintf(c.name, sizeof(c.name), "life-%u", number);
	snprintf(c.cmdline, sizeof(c.cmdline), "end=%s after=%u", ends[random_below(5)],
		 random_below(3000));
	cr_assert_eq(machine_ask(PV_CONTROLOP_create, &c, sizeof(c), sizeof(c)), 0);
	return c.domid;
}

static void one_life(unsigned int number, uint32_t image)
{
	uint16_t domid = create(number, image);

	machine_listen(random_below(5));
	if (random_below(4) == 0) {
		on_domain(PV_CONTROLOP_pause, domid);
	}
	cr_assert_eq(on_domain(PV_CONTROLOP_destroy, domid), 0);
	machine_wait(domid, PV_DOMAIN_STATE_GONE);
	while (on_domain(PV_CONTROLOP_destroy, domid) == 0) {
	}
}

/* Pages are freed by steps: until they are back, or some seconds. */
static uint64_t settled(uint64_t wanted)
{
	for (int i = 0; i < 50 && machine_free_pages() != wanted; i++) {
		machine_listen(100);
	}
	return machine_free_pages();
}

Test(control, every_page_comes_back)
{
	struct pv_control_image image = { 0 };
	uint64_t before;

	machine_start(machine_empty_bundle(), "stay", 256, 2);
	before = machine_free_pages();
	image.image = machine_upload(test_guest("lives"));
	for (unsigned int i = 0; i < LIVES; i++) {
		one_life(i, image.image);
	}
	cr_assert_eq(machine_ask(PV_CONTROLOP_image_free, &image, sizeof(image), sizeof(image)), 0);
	cr_assert_eq(settled(before), before);
	cr_assert_null(strstr(machine_log(), "the audit of its memory at its end: "));
	machine_end();
}

Test(control, a_machine_stays_until_it_is_told)
{
	struct pv_control_off off = { 0 };

	machine_start(machine_empty_bundle(), "stay", 128, 1);
	machine_listen(1000);
	cr_assert_not(machine_said_bye());
	cr_assert_neq(machine_free_pages(), 0);
	off.force = 2;
	cr_assert_eq(machine_ask(PV_CONTROLOP_off, &off, sizeof(off), sizeof(off)), -22);
	machine_end();
}

Test(control, no_domains_are_the_end_without_stay)
{
	machine_start(machine_empty_bundle(), "", 128, 1);
	machine_listen(3000);
	cr_assert(machine_said_bye());
	cr_assert_not_null(strstr(machine_log(), "no domain is left"));
	machine_end();
}

/* ---- Debian's own drivers ---- */

static void start_debian(void)
{
	char *kernel = realpath(test_kernel(), NULL), *ramdisk = realpath(test_ramdisk(), NULL);

	cr_assert(kernel != NULL && ramdisk != NULL);
	machine_start(machine_bundle(test_write_file(
			      "debian.json",
			      "{ \"domains\": [ { \"name\": \"debian\", \"kernel\": \"%s\", "
			      "\"ramdisk\": \"%s\",\n\"cmdline\": \"console=hvc0 quiet "
			      "parley.test=hotplug\", \"memory\": \"256M\", \"vcpus\": 2 } ] }\n",
			      kernel, ramdisk)),
		      "", 640, 2);
	free(kernel);
	free(ramdisk);
	machine_wait_console(1, "result: cpus 0-1");
}

static struct pv_control_domain debian(void)
{
	struct pv_control_list list = { 0 };

	cr_assert_eq(machine_ask(PV_CONTROLOP_list, &list, 8, sizeof(list)), 0);
	cr_assert_eq(list.count, 1);
	return list.domains[0];
}

static void set_memory(uint64_t pages)
{
	struct pv_control_memory memory = { .domid = 1, .pages = pages };

	cr_assert_eq(machine_ask(PV_CONTROLOP_memory_set, &memory, sizeof(memory), sizeof(memory)),
		     0);
	for (int i = 0; i < 300 && debian().memory_pages != pages; i++) {
		machine_listen(100);
	}
	cr_assert_eq(debian().memory_pages, pages, "%lu pages, not %lu",
		     (unsigned long)debian().memory_pages, (unsigned long)pages);
}

Test(control, debians_memory_shrinks_and_grows)
{
	uint64_t all, before;

	start_debian();
	all = debian().memory_pages;
	before = machine_free_pages();
	set_memory(all * 60 / 100);
	cr_assert_eq(machine_free_pages(), before + (all - all * 60 / 100));
	set_memory(all);
	cr_assert_eq(machine_free_pages(), before);
	machine_end();
}

Test(control, debians_vcpus_go_and_come)
{
	struct pv_control_vcpus vcpus = { .domid = 1, .count = 1 };

	start_debian();
	cr_assert_eq(machine_ask(PV_CONTROLOP_vcpus_set, &vcpus, sizeof(vcpus), sizeof(vcpus)), 0);
	machine_wait_console(1, "result: cpus 0\r");
	cr_assert_eq(debian().vcpus_online, 1);
	vcpus.count = 2;
	cr_assert_eq(machine_ask(PV_CONTROLOP_vcpus_set, &vcpus, sizeof(vcpus), sizeof(vcpus)), 0);
	machine_wait_console(1, "result: cpus 0-1");
	cr_assert_eq(debian().vcpus_online, 2);
	machine_end();
}

Test(control, debian_ends_when_asked)
{
	struct pv_control_shutdown shutdown = { .domid = 1, .reason = PV_SHUTDOWN_poweroff };

	start_debian();
	cr_assert_eq(machine_ask(PV_CONTROLOP_shutdown, &shutdown, sizeof(shutdown),
				 sizeof(shutdown)),
		     0);
	machine_wait(1, PV_DOMAIN_STATE_SHUTDOWN);
	machine_end();
}
