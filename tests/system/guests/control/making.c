/*
 * create: what is made is what was asked for; each value's first illegal and last legal one.
 * Refused, it has made nothing.
 *
 * Read next: unborn.c.
 */
#include "groups.h"

#include "calls.h"
#include "cpu.h"
#include "domains.h"
#include "hypercall.h"
#include "string.h"
#include "timer.h"

#define VCPUS_MAX    32u
#define MANY_REFUSED 1000u

/* MM_FRAMES_MAX of hypervisor/mm/owner.h: what a domain may have. */
#define PAGES_MAX ((1ul << 23) - (1ul << 17))

static struct pv_control_create *request;

static long create(void)
{
	return control_call(PV_CONTROLOP_create, request);
}

/* A request that may be spoilt. */
static struct pv_control_create *fresh(void)
{
	request = domains_request("made", "act=sleep");
	return request;
}

static void check_good(void)
{
	struct pv_control_domain d = { 0 };

	fresh();
	memset(request->uuid, 0x5a, sizeof(request->uuid));
	request->vcpu_count = 3;
	request->weight = 100;
	request->cap = 80;
	request->affinity = 2;
	request->flags = PV_CONTROL_FLAG_once | PV_CONTROL_FLAG_control;
	request->ramdisk = domains_image();
	DOES("control.create", "with every value", create(), 0);
	check_true("control.create: its number is told",
		   request->domid != 0 && domains_describe(request->domid, &d));
	check_true("control.create: name and uuid",
		   strcmp(d.name, "made") == 0 &&
			   memcmp(d.uuid, request->uuid, sizeof(d.uuid)) == 0);
	check_true("control.create: memory and vCPUs",
		   d.memory_limit == SUBJECT_PAGES && d.vcpu_count == 3);
	check_true("control.create: shares", d.weight == 100 && d.cap == 80 && d.affinity == 2);
	check_result("control.create: flags", d.flags,
		     PV_CONTROL_FLAG_once | PV_CONTROL_FLAG_control);
	check_true("control.create: it runs", domains_await_signs(request->domid, 1));
}

/* `made` lives. */
static void check_name(void)
{
	uint16_t id = request->domid;

	fresh();
	REFUSES("control.create", PV_EEXIST, "a live domain has the name", create());
	check_result("control.create: no number is told", request->domid, 0);
	domains_put_away(id);
	fresh()->name[0] = '\0';
	REFUSES("control.create", PV_EINVAL, "no name", create());
	memset(fresh()->name, 'x', sizeof(request->name));
	REFUSES("control.create", PV_EINVAL, "a name without an end", create());
	request->name[sizeof(request->name) - 1] = '\0';
	DOES("control.create", "a name of 63 characters", create(), 0);
	domains_put_away(request->domid);
	fresh()->name[2] = ' ';
	REFUSES("control.create", PV_EINVAL, "a name with a blank", create());
	request->name[2] = '\x7f';
	REFUSES("control.create", PV_EINVAL, "a name that cannot be printed", create());
	request->name[2] = '~';
	DOES("control.create", "a name to the last of what can", create(), 0);
	domains_put_away(request->domid);
	memset(fresh()->cmdline, 'x', sizeof(request->cmdline));
	REFUSES("control.create", PV_EINVAL, "a command line without an end", create());
	memset(request->cmdline, ' ', sizeof(request->cmdline) - 1);
	memcpy(request->cmdline + sizeof(request->cmdline) - 10, "act=sleep", 10);
	DOES("control.create", "a command line of 1023 characters", create(), 0);
	check_true("control.create: it gets all of it", domains_await_signs(request->domid, 1));
	domains_put_away(request->domid);
}

static void check_counts(void)
{
	fresh()->vcpu_count = 0;
	REFUSES("control.create", PV_EINVAL, "no vCPU", create());
	request->vcpu_count = VCPUS_MAX + 1;
	REFUSES("control.create", PV_EINVAL, "33 vCPUs", create());
	request->vcpu_count = VCPUS_MAX;
	DOES("control.create", "32 vCPUs", create(), 0);
	domains_put_away(request->domid);
	fresh()->weight = 0;
	REFUSES("control.create", PV_EINVAL, "no weight", create());
	request->weight = 65536;
	REFUSES("control.create", PV_EINVAL, "a weight above 65535", create());
	request->weight = 65535;
	DOES("control.create", "the largest weight", create(), 0);
	domains_put_away(request->domid);
	fresh()->affinity = 4;
	REFUSES("control.create", PV_EINVAL, "a CPU that does not exist", create());
	request->affinity = 5;
	DOES("control.create", "one that does, too", create(), 0);
	domains_put_away(request->domid);
	fresh()->flags = 8;
	REFUSES("control.create", PV_EINVAL, "a flag that is not known", create());
	fresh()->reserved[1] = 1;
	REFUSES("control.create", PV_EINVAL, "reserved", create());
}

static void check_memory(void)
{
	fresh()->memory_pages = 0;
	REFUSES("control.create", PV_EINVAL, "no memory", create());
	request->memory_pages = 64;
	REFUSES("control.create", PV_EINVAL, "less than the images need", create());
	request->memory_pages = PAGES_MAX + 1;
	REFUSES("control.create", PV_EINVAL, "more than any may have", create());
	request->memory_pages = ~0ul;
	REFUSES("control.create", PV_EINVAL, "far more", create());
	request->memory_pages = PAGES_MAX;
	REFUSES("control.create", PV_ENOMEM, "as much as one may have, which is not there",
		create());
	request->memory_pages = control_free_pages() + 1;
	REFUSES("control.create", PV_ENOMEM, "a page more than is free", create());
}

static void check_images(void)
{
	uint32_t rubbish;

	fresh()->kernel = PV_CONTROL_IMAGE_NONE;
	REFUSES("control.create", PV_ENOENT, "no kernel", create());
	request->kernel = ~0u;
	REFUSES("control.create", PV_ENOENT, "a number that no kernel has", create());
	fresh()->ramdisk = ~0u;
	REFUSES("control.create", PV_ENOENT, "a number that no ramdisk has", create());
	check_result("control.image_new: rubbish",
		     control_image_upload("This is no kernel at all.", 25, &rubbish), 0);
	fresh()->kernel = rubbish;
	REFUSES("control.create", PV_ENOEXEC, "no ELF file", create());
	DOES("control.image_free", "rubbish", control_image_free(rubbish), 0);
	REFUSES("control.create", PV_ENOENT, "an image that was let go of", create());
}

/* It takes many steps, between which the list is begun again where it was. */
static void check_in_list(void)
{
	struct pv_control_machine machine = { 0 };
	struct pv_multicall_entry calls[3] = {
		{ .op = PV_HYPERCALL_xen_version, .args = { PV_VERSION_version } },
		{ .op = PV_HYPERCALL_control, .args = { PV_CONTROLOP_create, (uintptr_t)fresh() } },
		{ .op = PV_HYPERCALL_control,
		  .args = { PV_CONTROLOP_machine, (uintptr_t)&machine } },
	};

	DOES("multicall", "a create in it", hypercall_multicall(calls, 3), 0);
	DOES("control.create", "in a list", (long)calls[1].result, 0);
	check_true("control.create: in a list, it runs", domains_await_signs(request->domid, 1));
	check_true("control.create: and the list goes on",
		   calls[2].result == 0 && machine.domains == 2);
	domains_put_away(request->domid);
}

/* It lives, so its own name is taken: each is refused, and takes nothing. */
void refused_check(void)
{
	uint64_t pages = domains_free_pages();
	unsigned long wrong = 0;
	long rc = 0;

	for (unsigned i = 0; i < MANY_REFUSED; i++) {
		request = domains_request("control", "act=sleep");
		rc = create();
		wrong += rc != -PV_EEXIST;
	}
	check_sweep("control.create: refused very often", wrong, 0, rc);
	check_result("control.create: refused, it has taken nothing", (long)domains_free_pages(),
		     (long)pages);
	timer_sleep_ns(600 * NS_PER_MS); /* the log may say something again */
	create();
}

void making_check(void)
{
	uint64_t pages;

	check_good();
	check_name();
	check_counts();
	check_in_list();
	pages = domains_free_pages();
	check_memory();
	check_images();
	check_result("control.create: refused, it has taken nothing", (long)domains_free_pages(),
		     (long)pages);
}
