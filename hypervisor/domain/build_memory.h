/*
 * The memory of a domain while it is being built: its frames by pfn, and the
 * plan of what lies where. Internal to the builder.
 */
#ifndef DOMAIN_BUILD_MEMORY_H
#define DOMAIN_BUILD_MEMORY_H

#include "domain/builder.h"
#include "domain/elf.h"
#include "domain/spec.h"

/*
 * What lies where, in pfns, in this order (start of day in docs/abi/start.md). What
 * is below `mapped` is mapped at virt_base; the ramdisk and the p2m list come
 * behind it if the kernel can do without their mapping.
 */
struct build_layout {
	u64 kernel_end; /* first pfn behind the kernel */
	u64 ramdisk;
	u64 ramdisk_pages;
	bool ramdisk_is_mapped;
	u64 p2m; /* the list's pages, then the tables that map it at init_p2m */
	u64 p2m_pages;
	u64 p2m_tables; /* 0: the list is mapped with the kernel */
	u64 start_info;
	u64 store;
	u64 console;
	u64 tables; /* first is the root */
	u64 table_pages;
	u64 stack;
	u64 mapped; /* first pfn that is not mapped */
	u64 end;    /* first pfn with nothing in it */
};

/* Hands out table pages in order of pfn. */
struct build_tables {
	u64 next, end;
};

struct build {
	struct domain_spec *spec;
	struct domain *d;
	struct elf_kernel k;
	struct build_layout at;
	u32 *p2m_frames;        /* mfns of the pages of the p2m list */
	size_t p2m_frames_size; /* bytes of that array */

	u32 stage;                    /* builder.c */
	u64 next;                     /* in it: the page or byte that is to be done */
	struct elf_position position; /* of loading the kernel */
	struct build_tables tables;   /* those left for the mapping that is being made */
};

/* Pages, or entries of tables, that one step handles. */
#define BUILD_STEP 64UL

/* Returned by what is done in steps: there is more. */
#define BUILD_MORE 1

/* Decide on the layout: NULL, or why it cannot be. */
const char *build_plan(struct build *b) must_check;

/* Steps, in this order, each from b->next on: 0: done; BUILD_MORE; or -PV_ENOMEM. */
int build_allocate_p2m(struct build *b) must_check; /* frames of the p2m list */
int build_allocate(struct build *b) must_check;     /* all others, written down in it */
int build_map(struct build *b) must_check;          /* the kernel's mapping */
int build_map_p2m(struct build *b) must_check;      /* that of the list, if it has its own */
int build_pin(struct build *b) must_check;          /* make them page tables */

/* The machine frame of a pfn, and its contents. After build_allocate(). */
mfn_t build_mfn(const struct build *b, u64 pfn);
void *build_page(const struct build *b, u64 pfn);

/* Copy into the domain at a pseudo-physical address. */
void build_copy(struct build *b, u64 paddr, const void *src, u64 size);

#endif
