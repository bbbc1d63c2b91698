/*
 * Those who are asked by their store: one that does what it says there, and one that fills it,
 * so that nothing can be asked any more.
 *
 * Read next: subjects_calls.c.
 */
#include "subjects.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu.h"
#include "domains.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "power.h"
#include "printf.h"
#include "smp.h"
#include "start.h"
#include "store.h"
#include "string.h"
#include "timer.h"

#define KIB_PER_PAGE 4u
#define GIVEN_MAX    64u

static bool second_wanted = true;
static uint64_t given[GIVEN_MAX]; /* pfns */
static unsigned given_count;

/* ---- memory ---- */

static long change(unsigned op, uint64_t *frame)
{
	return hypercall_reservation(op, frame, 1, 0, 0, PV_DOMID_SELF);
}

static void give_page(void)
{
	void *page = page_alloc();
	uint64_t frame = mmu_page_mfn(page);

	given[given_count++] = ((uintptr_t)page - MMU_VIRT_BASE) / KIT_PAGE_SIZE;
	if (mmu_set_mapping((uintptr_t)page, 0) != 0 ||
	    change(PV_MEMORY_decrease_reservation, &frame) != 1) {
		power_panic("cannot give a page back");
	}
}

/* False: there may be no more yet. */
static bool take_page(void)
{
	uint64_t frame = given[given_count - 1];

	if (change(PV_MEMORY_populate_physmap, &frame) != 1) {
		return false;
	}
	given_count--;
	return true;
}

static void obey_memory(void)
{
	char text[24];
	unsigned long missing;

	if (store_read("memory/target", text, sizeof(text)) < 0) {
		return;
	}
	missing = start_info->nr_pages - string_to_number(text) / KIB_PER_PAGE;
	while (given_count < missing && given_count < GIVEN_MAX) {
		give_page();
	}
	while (given_count > missing && take_page()) {
	}
}

/* ---- vCPUs ---- */

static void be_second(void *unused)
{
	(void)unused;
	for (;;) {
		if (__atomic_load_n(&second_wanted, __ATOMIC_SEQ_CST)) {
			timer_sleep_ns(NS_PER_MS);
		} else {
			hypercall_vcpu_op(PV_VCPUOP_down, 1, NULL);
		}
	}
}

static void obey_vcpus(void)
{
	char text[16];
	bool wanted;

	if (store_read("cpu/1/availability", text, sizeof(text)) < 0) {
		return;
	}
	wanted = strcmp(text, "online") == 0;
	__atomic_store_n(&second_wanted, wanted, __ATOMIC_SEQ_CST);
	if (wanted && !smp_is_up(1)) {
		hypercall_vcpu_op(PV_VCPUOP_up, 1, NULL);
	}
}

/* ---- both, and the end ---- */

static void obey_shutdown(void)
{
	char text[16];

	if (store_read("control/shutdown", text, sizeof(text)) < 0) {
		return;
	}
	power_off(strcmp(text, "reboot") == 0 ? PV_SHUTDOWN_reboot : PV_SHUTDOWN_poweroff);
}

int subject_obey(void)
{
	if (smp_start(1, be_second, NULL) != 0) {
		return 1;
	}
	domains_sign();
	for (;;) {
		obey_memory();
		obey_vcpus();
		obey_shutdown();
		timer_sleep_ns(NS_PER_MS);
	}
}

/* What the hypervisor would write goes first, so that it needs room, too. */
int subject_fill(void)
{
	char name[16];
	long rc = 0;

	if (store_remove("cpu") != 0 || store_remove("memory") != 0 ||
	    store_remove("control") != 0) {
		return 1;
	}
	for (unsigned i = 0; rc == 0; i++) {
		snprintf(name, sizeof(name), "filler-%u", i);
		rc = store_write(name, "");
	}
	if (rc != STORE_REFUSED || strcmp(store_error(), "ENOSPC") != 0) {
		return 1;
	}
	domains_sign();
	timer_sleep_ns(~0ul >> 2);
	return 1;
}
