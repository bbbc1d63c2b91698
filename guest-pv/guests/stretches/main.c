/*
 * stretches: has the hypervisor do what takes long, between marks (xchg %bx, %bx) by which a
 * plugin of the emulator finds the longest stretch of ring 0 that nothing interrupted
 * (tools/profile/profile.c, longest=on). Prints
 *	bench: NAME 0 operations 1
 * for each pair of marks; the figure is the plugin's. Needs "control": true and this very
 * image as RAM disk, of which it makes domains: with "full" on the command line, one that
 * fills every table that the hypervisor keeps for it.
 *
 * With "idle" on the command line it sleeps between the marks and does nothing else, for 2 s
 * and for 20 s, and needs nothing.
 *
 * Read next: tools/bench/machines.c, which runs it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control.h"
#include "cpu.h"
#include "events.h"
#include "grants.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "power.h"
#include "printf.h"
#include "start.h"
#include "string.h"
#include "timer.h"

#define NS_PER_MS     1000000ul
#define NS_PER_SECOND 1000000000ul
#define BIG_PAGES     (256ul << 8) /* of a big domain: 256 MiB */
#define BIG_VCPUS     32u
#define RAMDISK_SIZE  (8ul << 20)
#define LARGEST_IMAGE (1ul << 30)
#define FULL_PAGES    (64ul << 8)
#define FULL_NS       (400ul * NS_PER_MS) /* by then it has filled them */
#define FREED_NS      (200ul * NS_PER_MS) /* nothing takes longer to be freed */
#define TREE_TABLES   40u /* more entries than one run of page-table work looks at */
#define GRANT_FRAMES  32u
#define GRANT_WINDOW  0x10040000000ul

static uint32_t kernel, ramdisk;

static void must(const char *what, long rc)
{
	if (rc != 0) {
		power_panic("%s: %ld", what, rc);
	}
}

static void mark(void)
{
	__asm__ volatile("xchgw %%bx, %%bx" ::: "memory");
}

static void begin(void)
{
	mark();
}

static void end(const char *name)
{
	mark();
	printf("bench: %s 0 operations 1\n", name);
}

/* ---- images ---- */

static void write_images(uint32_t image, uint64_t size)
{
	static uint8_t bytes[PV_CONTROL_WRITE_MAX] __attribute__((aligned(4096)));
	struct pv_control_image_write piece = { .image = image,
						.bytes = sizeof(bytes),
						.data = (uintptr_t)bytes };

	for (piece.offset = 0; piece.offset < size; piece.offset += sizeof(bytes)) {
		must("image_write", control_call(PV_CONTROLOP_image_write, &piece));
	}
}

/* Waits until so much is free; never between marks, where asking would be counted as well. */
static void settle(uint64_t wanted)
{
	while (control_free_pages() != wanted) {
		timer_sleep_ns(NS_PER_MS);
	}
}

static void measure_images(void)
{
	uint64_t before = control_free_pages();
	struct pv_control_image largest = { .size = LARGEST_IMAGE };
	struct pv_control_image made = { .size = RAMDISK_SIZE };

	begin();
	must("image_new", control_call(PV_CONTROLOP_image_new, &largest));
	end("image-new");
	must("image_free", control_image_free(largest.image));
	settle(before);
	must("image_new", control_call(PV_CONTROLOP_image_new, &made));
	begin();
	write_images(made.image, RAMDISK_SIZE);
	end("image-write");
	begin();
	must("image_free", control_image_free(made.image));
	timer_sleep_ns(FREED_NS);
	end("image-free");
	settle(before);
	made = (struct pv_control_image){ .size = RAMDISK_SIZE };
	must("image_new", control_call(PV_CONTROLOP_image_new, &made));
	write_images(made.image, RAMDISK_SIZE);
	ramdisk = made.image;
}

/* ---- domains ---- */

static void put_away(const char *name)
{
	if (!control_put_away(name)) {
		power_panic("%s does not end", name);
	}
}

static void end_between_marks(const char *name, const char *figure)
{
	struct pv_control_domain d;

	if (!control_find(name, &d)) {
		power_panic("%s is not there", name);
	}
	begin();
	must("destroy", control_on_domain(PV_CONTROLOP_destroy, d.domid));
	timer_sleep_ns(FREED_NS);
	end(figure);
}

static void measure_big(void)
{
	uint64_t before = control_free_pages();
	struct pv_control_create c;

	control_prepare(&c, "big", kernel, BIG_PAGES);
	c.vcpu_count = BIG_VCPUS;
	c.ramdisk = ramdisk;
	c.flags = PV_CONTROL_FLAG_paused | PV_CONTROL_FLAG_once;
	begin();
	must("create", control_call(PV_CONTROLOP_create, &c));
	end("create");
	end_between_marks("big", "destroy");
	put_away("big");
	settle(before);
}

static void measure_full(void)
{
	uint64_t before = control_free_pages();
	struct pv_control_domain d;
	struct pv_control_create c;

	control_prepare(&c, "full", kernel, FULL_PAGES);
	snprintf(c.cmdline, sizeof(c.cmdline), "full");
	c.flags = PV_CONTROL_FLAG_once;
	must("create", control_call(PV_CONTROLOP_create, &c));
	timer_sleep_ns(FULL_NS);
	if (!control_find("full", &d) || d.state != PV_CONTROL_STATE_running) {
		power_panic("the full domain does not live");
	}
	end_between_marks("full", "destroy-full");
	put_away("full");
	settle(before);
}

/* ---- a domain that fills its tables ---- */

static void fill_ports(void)
{
	while (events_alloc_unbound(0, NULL, NULL) >= 0) {
	}
}

static void fill_grants(void)
{
	static uint64_t frames[GRANT_FRAMES];
	struct pv_gnttab_setup_table setup = {
		.dom = PV_DOMID_SELF,
		.nr_frames = GRANT_FRAMES,
		.frame_list = (uintptr_t)frames,
	};
	unsigned own = events_own_domid();
	unsigned long page = mmu_page_mfn(page_alloc());

	must("grants", grants_init());
	must("setup_table", hypercall_grant_table_op(PV_GNTTABOP_setup_table, &setup, 1));
	must("a window", mmu_map(mmu_root_mfn(), GRANT_WINDOW, mmu_pte(page, MMU_PTE_DATA)));
	must("a window", mmu_set_mapping(GRANT_WINDOW, 0));
	for (unsigned i = 0; i < PV_PT_ENTRIES; i++) {
		int ref = grants_give(own, page, false);

		if (ref < 0 || grants_map(own, (unsigned)ref, GRANT_WINDOW + i * PV_PAGE_SIZE,
					  PV_GNTMAP_host_map) < 0) {
			break;
		}
	}
}

static int run_full(void)
{
	fill_ports();
	fill_grants();
	while (page_free_count() > 256) {
		page_alloc();
	}
	timer_sleep_ns(~0ul >> 2);
	return 0;
}

/* ---- page tables ---- */

static uint64_t *make_table(uint64_t entry, unsigned count)
{
	uint64_t *table = page_alloc();

	for (unsigned i = 0; i < count; i++) {
		table[i] = entry;
	}
	must("read-only", mmu_make_readonly(table));
	return table;
}

static void measure_tree(void)
{
	uint64_t data = mmu_pte(mmu_page_mfn(page_alloc()), MMU_PTE_DATA);
	uint64_t *top = page_alloc();

	for (unsigned i = 0; i < TREE_TABLES; i++) {
		top[i] = mmu_pte(mmu_page_mfn(make_table(data, PV_PT_ENTRIES)), MMU_PTE_TABLE);
	}
	must("read-only", mmu_make_readonly(top));
	begin();
	must("pin", mmu_pin(2, mmu_page_mfn(top)));
	end("pin");
	begin();
	must("unpin", mmu_unpin(mmu_page_mfn(top)));
	end("unpin");
}

/* ---- long lists ---- */

#define LONG_LIST 16384u /* more than one run does */
#define BATCH     256u
#define FRAMES    64u /* of one memory_op */

/* Writes to entries of an L1 table that is not in use by any root, to and fro. */
static void measure_updates(void)
{
	static struct pv_mmu_update list[LONG_LIST];
	unsigned long table = mmu_page_mfn(make_table(0, 0));
	uint64_t data = mmu_pte(mmu_page_mfn(page_alloc()), MMU_PTE_DATA);
	unsigned done = 0;

	must("pin", mmu_pin(1, table));
	for (unsigned i = 0; i < LONG_LIST; i++) {
		list[i].ptr = (table << PV_PAGE_SHIFT) | (i % PV_PT_ENTRIES * 8);
		list[i].val = i / PV_PT_ENTRIES % 2 == 0 ? data : 0;
	}
	begin();
	must("mmu_update", hypercall_mmu_update(list, LONG_LIST, &done, PV_DOMID_SELF));
	end("updates");
}

/* Each call of the batch gives frames back and takes as many. */
static void measure_batch(void)
{
	static struct pv_multicall_entry batch[BATCH];
	static uint64_t frames[FRAMES];
	static struct pv_memory_reservation r = { .extent_start = (uintptr_t)frames,
						  .nr_extents = FRAMES,
						  .domid = PV_DOMID_SELF };

	for (unsigned i = 0; i < FRAMES; i++) {
		frames[i] = mmu_pfn_to_mfn(start_info->nr_pages - 1 - i);
	}
	for (unsigned i = 0; i < BATCH; i++) {
		batch[i] = (struct pv_multicall_entry){
			.op = PV_HYPERCALL_memory_op,
			.args = { i % 2 == 0 ? PV_MEMORY_decrease_reservation :
					       PV_MEMORY_populate_physmap,
				  (uintptr_t)&r },
		};
	}
	begin();
	must("multicall", hypercall_multicall(batch, BATCH));
	end("batch");
	if (batch[0].result != FRAMES || batch[1].result != FRAMES) {
		power_panic("memory_op in a batch: %ld, %ld", (long)batch[0].result,
			    (long)batch[1].result);
	}
}

/* Copies of whole pages between two of our own. */
static void measure_copies(void)
{
	static struct pv_gnttab_copy list[BATCH];
	unsigned long from = mmu_page_mfn(page_alloc()), to = mmu_page_mfn(page_alloc());

	for (unsigned i = 0; i < BATCH; i++) {
		list[i] = (struct pv_gnttab_copy){
			.source = { .u.gmfn = from, .domid = PV_DOMID_SELF },
			.dest = { .u.gmfn = to, .domid = PV_DOMID_SELF },
			.len = PV_PAGE_SIZE,
		};
	}
	begin();
	must("copy", hypercall_grant_table_op(PV_GNTTABOP_copy, list, BATCH));
	end("copies");
}

/* ---- doing nothing ---- */

static int run_idle(void)
{
	timer_sleep_ns(NS_PER_SECOND);
	begin();
	timer_sleep_ns(2 * NS_PER_SECOND);
	end("sleep-2");
	timer_sleep_ns(NS_PER_SECOND); /* what was printed is out */
	begin();
	timer_sleep_ns(20 * NS_PER_SECOND);
	end("sleep-20");
	return 0;
}

int main(void)
{
	if (start_option("full", NULL)) {
		return run_full();
	}
	if (start_option("idle", NULL)) {
		return run_idle();
	}
	must("upload", control_image_upload((const void *)start_info->mod_start,
					    start_info->mod_len, &kernel));
	measure_images();
	measure_big();
	measure_full();
	measure_tree();
	measure_updates();
	measure_batch();
	measure_copies();
	return 0;
}
