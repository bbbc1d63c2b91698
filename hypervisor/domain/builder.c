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
#include "domain/timer.h"
#include "domain/vcpu_context.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/alloc.h"
#include "mm/types.h"

#define VCPU_STEP 8U /* vCPUs that one step tells the store of */

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

static int load_kernel(struct build *b)
{
	return elf_load_step(&b->k, &b->position, BUILD_STEP << PAGE_SHIFT, copy_segment, b) ?
		       BUILD_MORE :
		       0;
}

static int load_ramdisk(struct build *b)
{
	u64 size = b->spec->ramdisk == NULL ? 0 : image_size(b->spec->ramdisk);
	u64 end = MIN(b->next + (BUILD_STEP << PAGE_SHIFT), size);

	while (b->next < end) {
		u64 n;
		const void *from = image_piece(b->spec->ramdisk, b->next, &n);

		if (from != NULL) {
			build_copy(b, (b->at.ramdisk << PAGE_SHIFT) + b->next, from, n);
		}
		b->next += n;
	}
	return b->next < size ? BUILD_MORE : 0;
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
	si->nr_pages = b->spec->memory_pages;
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
	if (b->spec->ramdisk != NULL) {
		si->mod_len = image_size(b->spec->ramdisk);
		si->mod_start = b->at.ramdisk_is_mapped ? va_of_pfn(b, b->at.ramdisk) :
							  b->at.ramdisk;
		si->flags |= b->at.ramdisk_is_mapped ? 0 : PV_SIF_MOD_START_PFN;
	}
	(void)string_copy((char *)si->cmd_line, b->spec->cmdline, sizeof(si->cmd_line));
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

static int write_state(struct build *b)
{
	if (b->k.hypercall_page != ELF_NONE) {
		fill_hypercall_page(
			build_page(b, (b->k.hypercall_page - b->k.virt_base) >> PAGE_SHIFT));
	}
	return write_start_info(b);
}

/* The nodes of its vCPUs in its store; a node takes some five thousand instructions. */
static int write_vcpus(struct build *b)
{
	u64 end = MIN(b->next + VCPU_STEP, b->d->vcpu_count);
	int rc = 0;

	for (; rc == 0 && b->next < end; b->next++) {
		rc = store_write_vcpu(b->d, (u32)b->next, true);
	}
	return rc == 0 && b->next < b->d->vcpu_count ? BUILD_MORE : rc;
}

static int finish(struct build *b)
{
	b->d->max_gfn = gfn(b->spec->memory_pages - 1);
	return set_first_vcpu(b);
}

static int (*const stages[])(struct build *b) = {
	build_allocate_p2m, build_allocate, load_kernel,   load_ramdisk, write_state,
	write_vcpus,        build_map,      build_map_p2m, build_pin,    finish,
};

static const char *check_spec(const struct domain_spec *spec)
{
	if (spec->vcpu_count == 0 || spec->vcpu_count > DOMAIN_VCPU_MAX) {
		return "its number of vCPUs is out of range";
	}
	if (spec->memory_pages == 0 || spec->memory_pages > MM_FRAMES_MAX) {
		return "it asks for more memory than a domain may have";
	}
	return NULL;
}

/* For people. */
static const char *name_error(int rc)
{
	switch (rc) {
	case -PV_EEXIST:
		return "its name is taken";
	case -PV_ENOMEM:
		return "out of memory";
	case -PV_ESRCH:
		return "it was destroyed meanwhile";
	default:
		return "its page tables were refused";
	}
}

static void free_build(struct build *b)
{
	if (b->p2m_frames != NULL) {
		heap_free(b->p2m_frames, b->p2m_frames_size);
	}
	spec_free(b->spec);
	heap_free(b, sizeof(*b));
}

static int refuse(struct build *b, int rc, const char *why)
{
	lifecycle_build_failed(b->spec, why);
	free_build(b);
	return rc;
}

/* Its structures, and its name. */
static int create(struct build *b)
{
	int rc;

	b->d = domain_create(b->spec);
	if (b->d == NULL) {
		return -PV_ENOMEM;
	}
	rc = domain_publish(b->d);
	if (rc != 0) {
		reap_unborn(b->d);
	}
	return rc;
}

int build_begin(struct domain_spec *spec, struct build **out)
{
	struct build *b = heap_alloc(sizeof(*b));
	const char *why;
	int rc;

	if (b == NULL) {
		lifecycle_build_failed(spec, name_error(-PV_ENOMEM));
		spec_free(spec);
		return -PV_ENOMEM;
	}
	b->spec = spec;
	why = check_spec(spec);
	if (why != NULL) {
		return refuse(b, -PV_EINVAL, why);
	}
	why = elf_parse(&b->k, spec->kernel);
	if (why != NULL) {
		return refuse(b, -PV_ENOEXEC, why);
	}
	why = build_plan(b);
	if (why != NULL) {
		return refuse(b, -PV_EINVAL, why);
	}
	if (spec->memory_pages > alloc_free_count()) {
		return refuse(b, -PV_ENOMEM, "it asks for more memory than is free");
	}
	rc = create(b);
	if (rc != 0) {
		return refuse(b, rc, name_error(rc));
	}
	*out = b;
	return 0;
}

int build_step(struct build *b)
{
	int rc;

	if (READ_ONCE(b->d->life) != DOMAIN_BUILDING) {
		return -PV_ESRCH;
	}
	rc = stages[b->stage](b);
	if (rc != 0) {
		return rc;
	}
	b->stage++;
	b->next = 0;
	return b->stage < ARRAY_SIZE(stages) ? BUILD_MORE : 0;
}

struct domain *build_end(struct build *b, int rc, bool now)
{
	struct domain *d = b->d;

	if (rc == 0) {
		log_info("domain %u: %s, %lu MiB, %u vCPUs", (u32)d->id, d->name,
			 b->spec->memory_pages >> 8, d->vcpu_count);
		d->spec = b->spec;
		b->spec = NULL;
		free_build(b);
		return d;
	}
	lifecycle_abandon(d);
	(void)refuse(b, rc, name_error(rc));
	if (now) {
		reap_unborn(d);
	} else {
		reap_add_unborn(d);
	}
	return NULL;
}

int domain_build(struct domain_spec *spec, struct domain **out)
{
	struct build *b;
	int rc = build_begin(spec, &b);

	if (rc != 0) {
		return rc;
	}
	do {
		rc = build_step(b);
	} while (rc == BUILD_MORE);
	*out = build_end(b, rc, true);
	return rc;
}

void domain_start(struct domain *d)
{
	struct vcpu *v = d->vcpus[0];

	spec_note_start(d->spec, time_now_ns());
	if (lifecycle_start(d)) {
		sched_online(v);
	}
}
