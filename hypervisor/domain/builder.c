/*
 * TOUR(13) The builder: from images to a domain that can run its first instruction. The
 * state that a guest finds is that of the Xen 64-bit PV ABI, start of day.
 *
 * Read next: build_memory.c, the plan of its memory.
 */
#include "domain/builder.h"

#include <parley/errno.h>
#include <parley/hypercall.h>
#include <parley/start_info.h>
#include <parley/trap.h>
#include <seam/directmap.h>

#include "domain/build_memory.h"
#include "domain/console.h"
#include "domain/create.h"
#include "domain/lifecycle.h"
#include "domain/reap.h"
#include "domain/sched.h"
#include "domain/store.h"
#include "domain/vcpu_context.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/alloc.h"
#include "mm/types.h"

/* Pseudo-physical page to the guest's virtual address in the first mapping. */
static u64 va_of_pfn(const struct build *b, u64 pfn)
{
	return b->k.virt_base + (pfn << PAGE_SHIFT);
}

static void copy_segment(void *arg, u64 paddr, const void *src, u64 size)
{
	build_copy(arg, paddr, src, size);
}

/*
 * A hypercall page: 128 slots of 32 bytes, each a stub for one number. iret's
 * leaves its frame on the stack and does not return.
 */
static void fill_hypercall_page(u8 *page)
{
	static const u8 head[] = { 0x51, 0x41, 0x53, 0xb8 }; /* push rcx, r11; mov $nr, eax */
	static const u8 tail[] = { 0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3 };
	static const u8 iret[] = { 0x51, 0x41, 0x53, 0x50, 0xb8, PV_HYPERCALL_iret,
				   0,    0,    0,    0x0f, 0x05 };
	u32 nr;

	memset(page, 0xcc, PAGE_SIZE);
	for (nr = 0; nr < PAGE_SIZE / 32; nr++) {
		u8 *slot = page + 32 * nr;

		if (nr == PV_HYPERCALL_iret) {
			memcpy(slot, iret, sizeof(iret));
			continue;
		}
		memcpy(slot, head, sizeof(head));
		memcpy(slot + sizeof(head), &nr, sizeof(nr));
		memcpy(slot + sizeof(head) + sizeof(nr), tail, sizeof(tail));
	}
}

static void load_images(struct build *b)
{
	elf_load(&b->k, copy_segment, b);
	if (b->k.hypercall_page != ELF_NONE) {
		fill_hypercall_page(
			build_page(b, (b->k.hypercall_page - b->k.virt_base) >> PAGE_SHIFT));
	}
	if (b->img->ramdisk_size != 0) {
		build_copy(b, b->at.ramdisk << PAGE_SHIFT, b->img->ramdisk, b->img->ramdisk_size);
	}
}

/* The console ring: the hypervisor will always be able to write to its page. */
static int connect_console(struct build *b, struct pv_start_info *si)
{
	mfn_t ring = build_mfn(b, b->at.console);
	u32 port;
	int rc = console_init_domain(b->d, mfn_to_virt(ring), &port);

	if (rc == 0) {
		si->console.domU.mfn = ring.v;
		si->console.domU.evtchn = port;
	}
	return rc;
}

/* The store: as the console's ring. */
static int connect_store(struct build *b, struct pv_start_info *si)
{
	mfn_t ring = build_mfn(b, b->at.store);
	u32 port;
	int rc = store_init_domain(b->d, mfn_to_virt(ring), si, &port);

	if (rc == 0) {
		si->store_mfn = ring.v;
		si->store_evtchn = port;
	}
	return rc;
}

static int write_start_info(struct build *b)
{
	struct pv_start_info *si = build_page(b, b->at.start_info);
	int rc;

	memcpy(si->magic, PV_START_INFO_MAGIC, sizeof(PV_START_INFO_MAGIC));
	si->nr_pages = b->img->memory_pages;
	si->shared_info = mfn_to_maddr(b->d->shared_mfn).v;
	si->pt_base = va_of_pfn(b, b->at.tables);
	si->nr_pt_frames = b->at.table_pages;
	if (b->at.p2m_tables != 0) {
		si->mfn_list = b->k.init_p2m;
		si->first_p2m_pfn = b->at.p2m;
		si->nr_p2m_frames = b->at.p2m_pages + b->at.p2m_tables;
	} else {
		si->mfn_list = va_of_pfn(b, b->at.p2m);
	}
	if (b->img->ramdisk_size != 0) {
		si->mod_len = b->img->ramdisk_size;
		si->mod_start = b->at.ramdisk_is_mapped ? va_of_pfn(b, b->at.ramdisk) :
							  b->at.ramdisk;
		si->flags |= b->at.ramdisk_is_mapped ? 0 : PV_SIF_MOD_START_PFN;
	}
	(void)string_copy((char *)si->cmd_line, b->img->cmdline, sizeof(si->cmd_line));
	rc = connect_console(b, si);
	return rc != 0 ? rc : connect_store(b, si);
}

/* vCPU 0 at the kernel's entry, holding the root. */
static int set_first_vcpu(struct build *b)
{
	struct vcpu *v = b->d->vcpus[0];
	mfn_t root = build_mfn(b, b->at.tables);
	int rc;

	spin_lock(&b->d->mm.lock);
	rc = frame_get_type(&b->d->mm, root, FRAME_L4);
	spin_unlock(&b->d->mm.lock);
	if (rc != 0) {
		return rc;
	}
	vcpu_set_kernel_root(v, mfn_to_maddr(root).v);
	v->regs.rip = b->k.entry;
	v->regs.cs = PV_FLAT_KERNEL_CS;
	v->regs.ss = PV_FLAT_KERNEL_SS;
	v->regs.rflags = RFLAGS_IF | RFLAGS_FIXED;
	v->regs.rsp = va_of_pfn(b, b->at.stack + 1);
	v->regs.rsi = va_of_pfn(b, b->at.start_info);
	v->kernel_ss = PV_FLAT_KERNEL_SS;
	v->kernel_sp = v->regs.rsp;
	vcpu_update_path(v);
	v->initialised = true;
	return 0;
}

static int fill(struct build *b)
{
	int rc = build_allocate(b);

	if (rc == 0) {
		load_images(b);
		rc = write_start_info(b);
	}
	if (rc == 0) {
		rc = build_tables(b);
	}
	if (rc == 0) {
		rc = set_first_vcpu(b);
	}
	if (rc == 0) {
		b->d->max_gfn = gfn(b->img->memory_pages - 1);
	}
	return rc;
}

static const char *check_image(const struct domain_image *img)
{
	if (img->vcpu_count == 0 || img->vcpu_count > DOMAIN_VCPU_MAX) {
		return "its number of vCPUs is out of range";
	}
	if (img->memory_pages > MM_FRAMES_MAX) {
		return "it asks for more memory than a domain may have";
	}
	if (img->memory_pages == 0 || img->memory_pages > alloc_free_count()) {
		return "it asks for more memory than is free";
	}
	return NULL;
}

int domain_build(const struct domain_image *img, struct domain **out)
{
	struct build b = { .img = img };
	const char *why = check_image(img);
	int rc;

	if (why == NULL) {
		why = elf_parse(&b.k, img->kernel, img->kernel_size);
	}
	if (why == NULL) {
		why = build_plan(&b);
	}
	if (why != NULL) {
		lifecycle_build_failed(img->name, why);
		return -PV_EINVAL;
	}
	b.d = domain_create(img);
	if (b.d == NULL) {
		lifecycle_build_failed(img->name, "no memory for its structures");
		return -PV_ENOMEM;
	}
	rc = fill(&b);
	if (b.p2m_frames != NULL) {
		heap_free(b.p2m_frames, b.p2m_frames_size);
	}
	if (rc == 0) {
		rc = domain_publish(b.d);
	}
	if (rc != 0) {
		reap_unborn(b.d);
		lifecycle_build_failed(img->name,
				       rc == -PV_EEXIST ? "its name is taken" :
				       rc == -PV_ENOMEM ? "out of memory" :
							  "its page tables were refused");
		return rc;
	}
	log_info("domain %u: %s, %lu MiB, %u vCPUs", (u32)b.d->id, b.d->name,
		 img->memory_pages >> 8, img->vcpu_count);
	*out = b.d;
	return 0;
}

void domain_start(struct domain *d)
{
	lifecycle_begin();
	lifecycle_start(d);
	sched_online(d->vcpus[0]);
}
