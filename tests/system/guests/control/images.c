/*
 * image_new, image_write, image_free: sizes and pieces to their limits, what was sealed, how many
 * there are; and that an image which a domain was made from outlives its number.
 *
 * Read next: ending.c.
 */
#include "groups.h"

#include "calls.h"
#include "cpu.h"
#include "domains.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "string.h"
#include "timer.h"

#define GIB        (1ul << 30)
#define IMAGES_MAX 512u
#define HELD \
	3u /* this very image, and what this domain was made of at the boot: a kernel, a ramdisk */
#define WINDOW 0x14000000000ul /* where pieces lie */

static uint32_t numbers[IMAGES_MAX];

static long new_image(uint64_t size, uint32_t *number)
{
	struct pv_control_image image = { .size = size };
	long rc = control_call(PV_CONTROLOP_image_new, &image);

	*number = rc == 0 ? image.image : PV_CONTROL_IMAGE_NONE;
	return rc;
}

static long write_image(uint32_t number, uint64_t offset, uint32_t bytes, uint64_t from)
{
	struct pv_control_image_write piece = {
		.image = number, .bytes = bytes, .offset = offset, .data = from
	};

	return control_call(PV_CONTROLOP_image_write, &piece);
}

static uint64_t image_pages(void)
{
	struct pv_control_machine m = { 0 };

	control_call(PV_CONTROLOP_machine, &m);
	return m.image_pages;
}

static void check_new(void)
{
	struct pv_control_image image = { .size = 1, .reserved = 1 };
	uint64_t pages = image_pages();
	uint32_t number;

	REFUSES("control.image_new", PV_EINVAL, "no size", new_image(0, &number));
	REFUSES("control.image_new", PV_EINVAL, "a byte above 1 GiB", new_image(GIB + 1, &number));
	REFUSES("control.image_new", PV_EINVAL, "far above", new_image(~0ul, &number));
	REFUSES("control.image_new", PV_ENOMEM, "1 GiB, which is not there",
		new_image(GIB, &number));
	REFUSES("control.image_new", PV_EINVAL, "reserved",
		control_call(PV_CONTROLOP_image_new, &image));
	DOES("control.image_new", "a byte", new_image(1, &number), 0);
	check_true("control.image_new: it has a number", number != PV_CONTROL_IMAGE_NONE);
	check_result("control.image_new: and no page yet", (long)image_pages(), (long)pages);
	image = (struct pv_control_image){ .image = number, .reserved = 1 };
	REFUSES("control.image_free", PV_EINVAL, "reserved",
		control_call(PV_CONTROLOP_image_free, &image));
	DOES("control.image_free", "it", control_image_free(number), 0);
	REFUSES("control.image_free", PV_ENOENT, "it again", control_image_free(number));
	REFUSES("control.image_free", PV_ENOENT, "none", control_image_free(PV_CONTROL_IMAGE_NONE));
}

/* A source of 64 KiB, behind which nothing is. */
static void map_window(void *page)
{
	long rc = 0;

	for (uint64_t at = 0; at < PV_CONTROL_WRITE_MAX && rc == 0; at += KIT_PAGE_SIZE) {
		rc = mmu_map(mmu_root_mfn(), WINDOW + at,
			     mmu_pte(mmu_page_mfn(page), MMU_PTE_READ_ONLY));
	}
	check_result("control.image_write: a source", rc, 0);
}

static void check_write(void)
{
	const uint32_t most = PV_CONTROL_WRITE_MAX;
	uint64_t pages = image_pages();
	uint32_t n;

	DOES("control.image_new", "as large as two pieces", new_image(2 * most, &n), 0);
	REFUSES("control.image_write", PV_EINVAL, "no bytes", write_image(n, 0, 0, WINDOW));
	REFUSES("control.image_write", PV_EINVAL, "a byte more than a piece",
		write_image(n, 0, most + 1, WINDOW));
	DOES("control.image_write", "a whole piece", write_image(n, 0, most, WINDOW), 0);
	check_result("control.image_write: so many pages", (long)(image_pages() - pages),
		     most / KIT_PAGE_SIZE);
	DOES("control.image_write", "to its last byte", write_image(n, 2 * most - 1, 1, WINDOW), 0);
	REFUSES("control.image_write", PV_EINVAL, "beyond its end",
		write_image(n, 2 * most, 1, WINDOW));
	REFUSES("control.image_write", PV_EINVAL, "across its end",
		write_image(n, 2 * most - 1, 2, WINDOW));
	REFUSES("control.image_write", PV_EINVAL, "where a sum would wrap",
		write_image(n, ~0ul, 2, WINDOW));
	REFUSES("control.image_write", PV_ENOENT, "none",
		write_image(PV_CONTROL_IMAGE_NONE, 0, 1, WINDOW));
	REFUSES("control.image_write", PV_EFAULT, "from nowhere", write_image(n, 0, 1, NOWHERE));
	REFUSES("control.image_write", PV_EFAULT, "from the hypervisor",
		write_image(n, 0, 1, HYPERVISOR));
	REFUSES("control.image_write", PV_EFAULT, "the second page is not there",
		write_image(n, most, 2 * KIT_PAGE_SIZE, WINDOW + most - KIT_PAGE_SIZE));
	DOES("control.image_free", "it", control_image_free(n), 0);
	REFUSES("control.image_write", PV_ENOENT, "let go of", write_image(n, 0, 1, WINDOW));
}

/* A domain of it seals it, and keeps it. */
static void check_sealed(void)
{
	struct pv_control_domain d = { 0 };
	struct pv_control_create *c;
	uint32_t kernel;
	uint16_t id;

	control_image_upload((const void *)start_info->mod_start, start_info->mod_len, &kernel);
	c = domains_request("sealed", "act=sleep");
	c->kernel = kernel;
	id = domains_make_by(c);
	REFUSES("control.image_write", PV_EBUSY, "a domain was made from it",
		write_image(kernel, 0, 1, WINDOW));
	DOES("control.image_free", "while a domain lives of it", control_image_free(kernel), 0);
	REFUSES("control.image_free", PV_ENOENT, "it has no number any more",
		control_image_free(kernel));
	hypercall_sched_op(PV_SCHEDOP_remote_shutdown,
			   &(struct pv_sched_remote_shutdown){ id, PV_SHUTDOWN_reboot });
	for (unsigned i = 0; i < 1000 && (!control_find("sealed", &d) || d.domid == id); i++) {
		timer_sleep_ns(10 * NS_PER_MS);
	}
	check_true("control.image_free: it is made again of it all the same",
		   d.domid != id && strcmp(d.name, "sealed") == 0);
	domains_settle();
}

static void check_many(void)
{
	unsigned made = 0;
	unsigned long wrong = 0;
	uint32_t one_more;
	long rc = 0;

	while (made < IMAGES_MAX - HELD && rc == 0) {
		rc = new_image(1, &numbers[made]);
		made += rc == 0;
	}
	check_result("control.image_new: 512 with those that are there", made, IMAGES_MAX - HELD);
	REFUSES("control.image_new", PV_ENOSPC, "once more", new_image(1, &one_more));
	for (unsigned i = 0; i < made; i++) {
		wrong += control_image_free(numbers[i]) != 0;
	}
	check_sweep("control.image_free: all of them", wrong, 0, 0);
	DOES("control.image_new", "there is room again", new_image(1, &one_more), 0);
	control_image_free(one_more);
}

void images_check(void)
{
	void *page = page_alloc();

	map_window(page);
	check_new();
	check_write();
	check_sealed();
	check_many();
	for (uint64_t at = 0; at < PV_CONTROL_WRITE_MAX; at += KIT_PAGE_SIZE) {
		mmu_set_mapping(WINDOW + at, 0);
	}
	page_free(page);
}
