/*
 * lives: makes domains and ends them at random moments, and counts the machine's
 * pages before and after. It is its own kernel: as "keeper" its ramdisk is this very
 * image, of which it makes domains with other command lines.
 *
 *   keeper lives=N seed=S    needs "control": true; with a second vCPU, that one
 *                            destroys domains while they are being built
 *   end=WHAT after=US        a life: poweroff, reboot, crash, fault, spin or sleep
 *
 * The keeper prints
 *	lives: N lives, B of them ended while being built, free pages F before and F after
 * and powers off; with the reason "crash" if the pages differ or a call went wrong.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control.h"
#include "cpu.h"
#include "hypercall.h"
#include "power.h"
#include "printf.h"
#include "smp.h"
#include "start.h"
#include "string.h"
#include "timer.h"

#define NS_PER_US  1000ul
#define LIFE_PAGES 1024ul
#define GONE_NS    20000000000ul /* nothing takes so long */

static uint64_t random_state;
static volatile bool killing;
static volatile unsigned killed;

static unsigned random_below(unsigned n)
{
	random_state = random_state * 6364136223846793005ul + 1442695040888963407ul;
	return (unsigned)((random_state >> 33) % n);
}

/* ---- a life ---- */

static void spin(void *unused)
{
	(void)unused;
	for (;;) {
		__asm__ volatile("pause");
	}
}

static int live(const char *end)
{
	if (smp_count() > 1) {
		smp_start(1, spin, NULL);
	}
	timer_sleep_ns(start_option_number("after", 0) * NS_PER_US);
	if (strncmp(end, "reboot", 6) == 0) {
		power_off(PV_SHUTDOWN_reboot);
	} else if (strncmp(end, "crash", 5) == 0) {
		power_off(PV_SHUTDOWN_crash);
	} else if (strncmp(end, "fault", 5) == 0) {
		hypercall_set_trap_table(NULL);
		__asm__ volatile("ud2");
	} else if (strncmp(end, "spin", 4) == 0) {
		spin(NULL);
	} else if (strncmp(end, "sleep", 5) == 0) {
		timer_sleep_ns(~0ul >> 2);
	}
	return 0;
}

/* ---- the keeper ---- */

static uint32_t image;

static long create(const char *name, unsigned number)
{
	static const char *const ends[] = {
		"poweroff", "reboot", "crash", "fault", "spin", "sleep"
	};
	static struct pv_control_create c;

	control_prepare(&c, name, image, LIFE_PAGES);
	c.uuid[0] = (uint8_t)number;
	snprintf(c.cmdline, sizeof(c.cmdline), "end=%s after=%u", ends[random_below(6)],
		 random_below(3000));
	c.vcpu_count = 1 + random_below(2);
	c.flags = (random_below(8) == 0 ? PV_CONTROL_FLAG_paused : 0) |
		  (random_below(2) == 0 ? PV_CONTROL_FLAG_once : 0);
	c.ramdisk = random_below(4) == 0 ? image : PV_CONTROL_IMAGE_NONE;
	return control_call(PV_CONTROLOP_create, &c);
}

/* What a controller may do to it meanwhile; it may be gone already. */
static void trouble(const char *name)
{
	struct pv_control_memory memory = { .pages = LIFE_PAGES - random_below(100) };
	struct pv_control_domain d;

	if (!control_find(name, &d)) {
		return;
	}
	memory.domid = d.domid;
	switch (random_below(6)) {
	case 0:
		control_on_domain(PV_CONTROLOP_pause, d.domid);
		break;
	case 1:
		control_on_domain(PV_CONTROLOP_pause, d.domid);
		control_on_domain(PV_CONTROLOP_unpause, d.domid);
		break;
	case 2:
		control_shutdown(d.domid, PV_SHUTDOWN_poweroff);
		break;
	case 3:
		control_call(PV_CONTROLOP_memory_set, &memory);
		break;
	default:
		break;
	}
}

static bool one_life(unsigned number)
{
	char name[16];
	long rc;

	snprintf(name, sizeof(name), "life-%u", number);
	rc = create(name, number);
	if (rc != 0 && rc != -PV_ESRCH) {
		printf("lives: create %s: %ld\n", name, rc);
		return false;
	}
	timer_sleep_ns(random_below(4000) * NS_PER_US);
	trouble(name);
	timer_sleep_ns(random_below(1000) * NS_PER_US);
	return control_put_away(name);
}

/* The second vCPU: destroys some of what is being built. */
static void kill_the_unborn(void *unused)
{
	static struct pv_control_list list;
	uint64_t seed = 1;

	(void)unused;
	while (killing) {
		memset(&list, 0, 8);
		control_call(PV_CONTROLOP_list, &list);
		for (unsigned i = 0; i < list.count; i++) {
			seed = seed * 6364136223846793005ul + 1442695040888963407ul;
			if (list.domains[i].state == PV_CONTROL_STATE_building &&
			    (seed >> 61) == 0 &&
			    control_on_domain(PV_CONTROLOP_destroy, list.domains[i].domid) == 0) {
				killed++;
			}
		}
		timer_sleep_ns((seed >> 40) % 1000 * NS_PER_US);
	}
}

static bool all_lives(unsigned long count)
{
	bool ok = true;

	killing = smp_count() > 1;
	if (killing) {
		smp_start(1, kill_the_unborn, NULL);
	}
	for (unsigned i = 0; ok && i < count; i++) {
		ok = one_life(i);
	}
	killing = false;
	while (smp_count() > 1 && smp_is_up(1)) {
		timer_sleep_ns(NS_PER_US);
	}
	return ok;
}

/* Pages are freed by steps: wait for them. */
static uint64_t settled_pages(uint64_t wanted)
{
	uint64_t deadline = timer_now_ns() + GONE_NS;

	while (control_free_pages() != wanted && timer_now_ns() < deadline) {
		timer_sleep_ns(1000 * NS_PER_US);
	}
	return control_free_pages();
}

static int keep(void)
{
	unsigned long count = start_option_number("lives", 100);
	uint64_t before = control_free_pages(), after;
	bool ok;
	long rc;

	random_state = start_option_number("seed", 1);
	rc = control_image_upload((const void *)start_info->mod_start, start_info->mod_len, &image);
	if (rc != 0) {
		printf("lives: upload: %ld\n", rc);
		return 1;
	}
	ok = all_lives(count);
	rc = control_image_free(image);
	after = settled_pages(before);
	printf("lives: %lu lives, %u of them ended while being built, free pages %lu before and %lu after\n",
	       count, killed, before, after);
	return ok && rc == 0 && before == after ? 0 : 1;
}

int main(void)
{
	const char *end;

	if (start_option("end", &end)) {
		return live(end);
	}
	return keep();
}
