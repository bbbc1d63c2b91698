/*
 * Making a CPU's area. Its frames are the hypervisor's and are written through
 * the direct map while the window's own mapping may forbid it (the stub is
 * code). Read next: tables.c.
 */
#include "cpu/percpu.h"

#include <parley/errno.h>
#include <seam/directmap.h>

#include "cpu/tables.h"
#include "mm/alloc.h"
#include "mm/paging.h"

#define STACK_PAGES  (CPU_STACK_SIZE / PAGE_SIZE)
#define GUARD_PAGE   IST_COUNT /* above the interrupt stacks, below the main one */
#define OUR_GDT_PAGE 14

u32 cpu_count = 1;
u32 cpu_apic_id[HV_MAX_CPUS];

/* Pages of one CPU, by their order below; for giving them back. */
enum percpu_page {
	PAGE_GDT,
	PAGE_TSS,
	PAGE_STUB,
	PAGE_STACK,
	PAGE_COUNT = PAGE_STACK + STACK_PAGES,
};

static u64 page_offset(u32 page)
{
	switch (page) {
	case PAGE_GDT:
		return PERCPU_GDT_OFFSET + OUR_GDT_PAGE * PAGE_SIZE;
	case PAGE_TSS:
		return PERCPU_TSS_OFFSET;
	case PAGE_STUB:
		return PERCPU_STUB_OFFSET;
	default:
		return PERCPU_STACK_OFFSET + (page - PAGE_STACK) * PAGE_SIZE;
	}
}

static void *area_pages[HV_MAX_CPUS][PAGE_COUNT];

void percpu_fini(u32 cpu)
{
	for (u32 i = 0; i < PAGE_COUNT; i++) {
		if (area_pages[cpu][i] != NULL) {
			paging_clear_window(percpu_window(cpu) + page_offset(i));
			alloc_free_page(area_pages[cpu][i]);
			area_pages[cpu][i] = NULL;
		}
	}
}

static int alloc_area(u32 cpu)
{
	for (u32 i = 0; i < PAGE_COUNT; i++) {
		if (i == PAGE_STACK + GUARD_PAGE) {
			continue;
		}
		area_pages[cpu][i] = alloc_page();
		if (area_pages[cpu][i] == NULL) {
			return -PV_ENOMEM;
		}
	}
	return 0;
}

static void map_area(u32 cpu)
{
	for (u32 i = 0; i < PAGE_COUNT; i++) {
		u64 va = percpu_window(cpu) + page_offset(i);
		void *page = area_pages[cpu][i];

		if (i == PAGE_STUB) {
			paging_set_window_code(va, virt_to_mfn(page));
		} else if (page != NULL) {
			paging_set_window(va, virt_to_mfn(page), true);
		}
	}
}

int percpu_init(u32 cpu)
{
	int result = paging_make_window(cpu);

	if (result == 0) {
		result = alloc_area(cpu);
		if (result != 0) {
			percpu_fini(cpu);
		}
	}
	if (result != 0) {
		return result;
	}
	tables_fill(cpu, area_pages[cpu][PAGE_GDT], area_pages[cpu][PAGE_TSS],
		    area_pages[cpu][PAGE_STUB]);
	map_area(cpu);
	percpu_info(cpu)->cpu = cpu;
	return 0;
}

void percpu_enter_stack(u32 cpu, void (*fn)(void))
{
	__asm__ volatile("mov %0, %%rsp\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "call *%1\n\t"
			 "ud2"
			 :
			 : "r"((u64)percpu_info(cpu)), "r"(fn)
			 : "memory");
	__builtin_unreachable();
}
