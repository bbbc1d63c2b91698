/*
 * TOUR(1) From the boot loader to the first guest: every initialisation, in
 * order, with what it needs.
 *
 * Read next: memory.c, ../mm/paging.c, ../cpu/percpu.c, ../domain/builder.c.
 */
#include <seam/directmap.h>

#include "boot/boot_info.h"
#include "boot/launch.h"
#include "boot/memory.h"
#include "boot/smp.h"
#include "cpu/features.h"
#include "cpu/ipi.h"
#include "cpu/percpu.h"
#include "cpu/smap.h"
#include "cpu/tables.h"
#include "domain/lifecycle.h"
#include "domain/line.h"
#include "domain/pvclock.h"
#include "domain/sched.h"
#include "domain/timer.h"
#include "drivers/acpi.h"
#include "drivers/ioapic.h"
#include "drivers/ivshmem.h"
#include "drivers/lapic.h"
#include "drivers/tsc.h"
#include "drivers/uart.h"
#include "drivers/vga.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "mm/alloc.h"
#include "mm/frame.h"
#include "mm/paging.h"
#include "mm/pcid.h"

#define LOW_RAM_END 0xa0000UL
#define VGA_START   0xa0000UL
#define ROM_START   0xc0000UL
#define ROM_END     0x100000UL
#define LARGE_PAGE  (2UL << 20)

/* Linker script. */
extern const char _image_start[], _image_end[];

/* Where other CPUs start, below 1 MiB; 0: there is no room. */
static maddr_t trampoline;

/* From entry32.S, on the boot stack and the boot page tables. */
void noreturn_fn boot_main(u32 magic, u64 info_maddr);

/* The log goes to the first serial port and to the screen, whichever there is. */
static void start_log(void)
{
	if (uart_init(&uart_com1)) {
		log_add_sink(uart_log_sink);
	}
	if (vga_init()) {
		log_add_sink(vga_log_sink);
	}
	log_info("Parley");
}

/* The frame table: frames are ours until the allocator or a domain gets them. */
static void make_frame_table(void)
{
	frame_count = memory_frame_count();
	frame_ram_count = memory_ram_count();
	frame_table = maddr_to_virt(memory_carve(frame_count * sizeof(struct frame), PAGE_SIZE));
	for (u64 i = 0; i < frame_count; i++) {
		frame_table[i].owner = FRAME_OWNER_HV;
		frame_table[i].next = FRAME_LIST_END;
		frame_table[i].prev = FRAME_LIST_END;
	}
}

/* The direct map: all RAM, what the firmware left, and the first MiB as PCs have it. */
static void map_memory(void)
{
	paging_map_direct(maddr(0), LOW_RAM_END, PAGING_RAM);
	paging_map_direct(maddr(VGA_START), ROM_START - VGA_START, PAGING_MMIO);
	paging_map_direct(maddr(ROM_START), ROM_END - ROM_START, PAGING_TABLES);
	for (u32 i = 0; i < boot_info.range_count; i++) {
		const struct boot_range *range = &boot_info.ranges[i];

		if (range->type == BOOT_RANGE_RAM) {
			paging_map_direct(maddr(range->start), range->size, PAGING_RAM);
		} else if (range->type == BOOT_RANGE_ACPI || range->type == BOOT_RANGE_ACPI_NVS) {
			paging_map_direct(maddr(range->start), range->size, PAGING_TABLES);
		}
	}
}

/*
 * Memory, in the one order that works: ranges, less what is in use; the two
 * big arrays carved out; the allocator with what the boot page tables reach; page
 * tables from the allocator; then the rest of memory.
 */
static void start_memory(void)
{
	u64 m2p_pages;
	maddr_t m2p;

	memory_init();
	memory_reserve((u64)_image_start - HV_IMAGE_VIRT, (u64)(_image_end - _image_start));
	memory_reserve(boot_info.module_start, boot_info.module_size);
	trampoline = memory_take_low();
	make_frame_table();
	m2p_pages = (frame_count * sizeof(u64) + PAGE_SIZE - 1) >> PAGE_SHIFT;
	m2p = memory_carve(m2p_pages << PAGE_SHIFT, LARGE_PAGE);
	memory_hand_over(0, BOOT_MEMORY_LIMIT);

	paging_init(m2p, m2p_pages);
	map_memory();
	paging_load();
	memory_hand_over(BOOT_MEMORY_LIMIT, UINT64_MAX);
	log_info("memory: %lu MiB free of %lu MiB", (unsigned long)(alloc_free_count() >> 8),
		 (unsigned long)(frame_ram_count >> 8));
}

/* Interrupts and time on this CPU, by what the firmware says of the machine. */
static void start_devices(void)
{
	const void *rsdp = boot_info.rsdp_size == 0 ? NULL : boot_info.rsdp;

	if (!acpi_init(rsdp, boot_info.rsdp_size)) {
		log_warn("no ACPI tables: one CPU, and no way to power off");
	}
	tsc_init();
	log_set_clock(time_now_ns);
	ioapic_init(); /* silences the 8259s, while the APIC still listens to them */
	lapic_init();
	lapic_init_cpu();
	lapic_timer_init();
	ipi_init_cpu();
	pvclock_init();
	if (line_is_on()) {
		ivshmem_init(); /* what is too large for the line */
	}
}

/* On the boot CPU's own stack, with the final page tables. */
static void noreturn_fn boot_on_own_stack(void)
{
	tables_load();         /* from here on a fault is reported */
	start_devices();       /* ACPI, clock, interrupt controllers */
	smp_start(trampoline); /* the other CPUs, which wait */
	sched_init();
	timer_init_cpu();
	sched_init_cpu();
	smp_release(); /* they go idle */
	lifecycle_init(boot_info.cmdline);
	line_enable_input();
	launch_domains();
	lifecycle_boot_done(); /* powers off if there is none */
	sched_start();
}

void boot_main(u32 magic, u64 info_maddr)
{
	int result = boot_info_read(magic, info_maddr);

	start_log();
	line_init(boot_info.cmdline);
	if (result != 0) {
		panic("not started by a multiboot loader with a memory map");
	}
	features_detect();
	features_init_cpu();
	features_log();
	/* While code and constants can still be written. */
	tables_init();
	if (cpu_features.smap) {
		smap_patch();
	}
	if (cpu_features.pcid) {
		pcid_use(cpu_features.invpcid ? PCID_BY_INVPCID : PCID_BY_RELOAD);
	}
	start_memory();
	if (percpu_init(0) != 0) {
		panic("no memory for the first CPU's stack");
	}
	percpu_enter_stack(0, boot_on_own_stack);
}
