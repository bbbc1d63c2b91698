/*
 * What the firmware says in its ACPI tables, read once at boot into one
 * structure; and turning the machine off. No AML is interpreted: \_S5 is found
 * by its bytes.
 */
#ifndef DRIVERS_ACPI_H
#define DRIVERS_ACPI_H

#include "mm/addr.h"
#include "mm/layout.h"

#define ACPI_IOAPICS_MAX 8
#define ACPI_ISA_IRQS    16

struct acpi_ioapic {
	u32 id;
	u32 gsi_base; /* its first interrupt */
	maddr_t address;
};

/* Where an ISA interrupt comes in. */
struct acpi_isa_irq {
	u32 gsi;
	bool level;      /* else edge */
	bool active_low; /* else high */
};

/* A register, in I/O ports or in memory; address 0: none. */
struct acpi_register {
	bool in_memory;
	u8 bits;
	u64 address;
};

struct acpi_info {
	u32 cpu_count; /* of cpu_apic_ids, those that may be started; as the firmware orders them */
	u32 cpu_apic_ids[HV_MAX_CPUS];
	u32 cpus_beyond; /* usable ones that found no room */
	maddr_t lapic_address;
	u32 ioapic_count;
	struct acpi_ioapic ioapics[ACPI_IOAPICS_MAX];
	struct acpi_isa_irq isa_irqs[ACPI_ISA_IRQS];

	maddr_t dsdt;
	struct acpi_register pm_timer;
	bool pm_timer_32; /* counts 32 bits, not 24 */
	struct acpi_register pm1a_control, pm1b_control;
	u16 smi_command; /* port; acpi_enable goes there, 0: always in ACPI mode */
	u8 acpi_enable;
	struct acpi_register reset;
	u8 reset_value;
	bool s5_known;
	u8 s5_type_a, s5_type_b;

	maddr_t hpet; /* 0: none */
};

extern struct acpi_info acpi_info;

/*
 * Boot CPU, once paging_map_tables() works: read the tables. rsdp is a copy of
 * the root pointer (Multiboot 2) or NULL to look for it where a BIOS has it.
 * False if there are none; then acpi_info says one CPU and nothing else.
 */
bool acpi_init(const void *rsdp, size_t size);

/* Power off (S5). Stops this CPU where that fails. */
void noreturn_fn acpi_poweroff(void);

/* Reset the machine: by ACPI, else by the keyboard controller, else by a triple fault. */
void noreturn_fn acpi_reset(void);

#endif
