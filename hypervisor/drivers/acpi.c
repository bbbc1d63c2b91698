/*
 * Finding the ACPI tables, and what is done with the power registers that they
 * name. What the tables say is read in acpi_tables.c.
 */
#include "drivers/acpi.h"

#include "cpu/insn.h"
#include "drivers/acpi_tables.h"
#include "drivers/port_io.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/paging.h"

#define TABLE_SIZE_MAX (16U << 20)

#define RSDP_SIZE_1 20U
#define RSDP_SIZE_2 36U

#define EBDA_POINTER 0x40eU
#define BIOS_START   0xe0000U
#define BIOS_SIZE    0x20000U

struct acpi_info acpi_info;

static bool rsdp_ok(const struct acpi_table *rsdp)
{
	return rsdp->size >= RSDP_SIZE_1 && memcmp(rsdp->data, "RSD PTR ", 8) == 0 &&
	       acpi_checksum_ok(rsdp->data, RSDP_SIZE_1);
}

/* Look at every 16 bytes of a range; size 0 if there is no root pointer. */
static struct acpi_table rsdp_search(u64 start, u32 size)
{
	const u8 *bytes = paging_map_tables(maddr(start), size);

	for (u32 at = 0; bytes != NULL && at + RSDP_SIZE_2 <= size; at += 16) {
		struct acpi_table rsdp = { bytes + at, RSDP_SIZE_2 };

		if (rsdp_ok(&rsdp)) {
			return rsdp;
		}
	}
	return (struct acpi_table){ NULL, 0 };
}

static struct acpi_table rsdp_find(void)
{
	const u8 *low = paging_map_tables(maddr(0), PAGE_SIZE);
	struct acpi_table rsdp = { NULL, 0 };
	u32 ebda = 0;

	if (low != NULL) {
		ebda = (u32)(low[EBDA_POINTER] | low[EBDA_POINTER + 1] << 8) << 4;
	}
	if (ebda >= 0x80000 && ebda < 0xa0000) {
		rsdp = rsdp_search(ebda, 1024);
	}
	return rsdp.size != 0 ? rsdp : rsdp_search(BIOS_START, BIOS_SIZE);
}

/* Map a table and check its length and sum; size 0 if it is no good. */
static struct acpi_table table_open(u64 address)
{
	struct acpi_table none = { NULL, 0 };
	struct acpi_table table = { NULL, ACPI_HEADER_SIZE };

	if (address == 0 || address > (1ULL << 52) - TABLE_SIZE_MAX) {
		return none;
	}
	table.data = paging_map_tables(maddr(address), ACPI_HEADER_SIZE);
	if (table.data == NULL) {
		return none;
	}
	table.size = (u32)acpi_field(&table, 4, 4);
	if (table.size < ACPI_HEADER_SIZE || table.size > TABLE_SIZE_MAX) {
		return none;
	}
	table.data = paging_map_tables(maddr(address), table.size);
	if (table.data == NULL || !acpi_checksum_ok(table.data, table.size)) {
		log_warn("acpi: bad table at 0x%lx", address);
		return none;
	}
	return table;
}

static void parse_table(u64 address)
{
	struct acpi_table table = table_open(address);

	if (table.size == 0) {
		return;
	}
	if (memcmp(table.data, "APIC", 4) == 0) {
		acpi_parse_madt(&acpi_info, &table);
	} else if (memcmp(table.data, "FACP", 4) == 0) {
		acpi_parse_fadt(&acpi_info, &table);
	} else if (memcmp(table.data, "HPET", 4) == 0) {
		acpi_parse_hpet(&acpi_info, &table);
	} else if (memcmp(table.data, "SSDT", 4) == 0 && !acpi_info.s5_known) {
		acpi_parse_s5(&acpi_info, &table);
	}
}

/* RSDT or XSDT: addresses of tables, of 4 or 8 bytes. */
static void parse_root(const struct acpi_table *root, u32 entry_size)
{
	for (u32 at = ACPI_HEADER_SIZE; at + entry_size <= root->size; at += entry_size) {
		parse_table(acpi_field(root, at, entry_size));
	}
}

static bool parse_from_rsdp(const struct acpi_table *rsdp)
{
	struct acpi_table root = { NULL, 0 };

	if (acpi_field(rsdp, 15, 1) >= 2 && rsdp->size >= RSDP_SIZE_2) {
		root = table_open(acpi_field(rsdp, 24, 8));
		if (root.size != 0) {
			parse_root(&root, 8);
			return true;
		}
	}
	root = table_open(acpi_field(rsdp, 16, 4));
	if (root.size == 0) {
		return false;
	}
	parse_root(&root, 4);
	return true;
}

bool acpi_init(const void *rsdp, size_t size)
{
	struct acpi_table root = { rsdp, (u32)MIN(size, RSDP_SIZE_2) };
	struct acpi_table dsdt;
	bool found;

	acpi_info_init(&acpi_info);
	if (rsdp == NULL || !rsdp_ok(&root)) {
		root = rsdp_find();
	}
	found = root.size != 0 && parse_from_rsdp(&root);
	dsdt = table_open(acpi_info.dsdt.v);
	if (dsdt.size != 0) {
		acpi_parse_s5(&acpi_info, &dsdt);
	}
	if (!found) {
		log_warn("acpi: no tables");
	} else {
		log_info("acpi: %u CPUs, %u IOAPICs, pm timer %s, hpet %s, power off %s",
			 acpi_info.cpu_count, acpi_info.ioapic_count,
			 acpi_info.pm_timer.address != 0 ? "yes" : "no",
			 acpi_info.hpet.v != 0 ? "yes" : "no", acpi_info.s5_known ? "yes" : "no");
	}
	if (acpi_info.cpus_beyond > 0) {
		log_warn("acpi: %u CPUs beyond %u are not used", acpi_info.cpus_beyond,
			 HV_MAX_CPUS);
	}
	return found;
}

static u16 register_read16(const struct acpi_register *reg)
{
	const volatile u16 *memory;

	if (!reg->in_memory) {
		return port_read16((u16)reg->address);
	}
	memory = paging_map_mmio(maddr(reg->address), sizeof(*memory));
	return memory == NULL ? 0 : *memory;
}

static void register_write(const struct acpi_register *reg, u16 value)
{
	void *memory;

	if (reg->address == 0) {
		return;
	}
	if (!reg->in_memory) {
		if (reg->bits == 8) {
			port_write8((u16)reg->address, (u8)value);
		} else {
			port_write16((u16)reg->address, value);
		}
		return;
	}
	memory = paging_map_mmio(maddr(reg->address), sizeof(u16));
	if (memory != NULL && reg->bits == 8) {
		*(volatile u8 *)memory = (u8)value;
	} else if (memory != NULL) {
		*(volatile u16 *)memory = value;
	}
}

#define PM1_SCI_ENABLED  0x0001U
#define PM1_TYPE_SHIFT   10
#define PM1_TYPE_MASK    0x1c00U
#define PM1_SLEEP_ENABLE 0x2000U
#define WAIT_TRIES       1000000U

/* The power registers only work in ACPI mode. */
static void enter_acpi_mode(void)
{
	if (acpi_info.smi_command == 0 || acpi_info.acpi_enable == 0) {
		return;
	}
	if (register_read16(&acpi_info.pm1a_control) & PM1_SCI_ENABLED) {
		return;
	}
	port_write8(acpi_info.smi_command, acpi_info.acpi_enable);
	for (u32 i = 0; i < WAIT_TRIES; i++) {
		if (register_read16(&acpi_info.pm1a_control) & PM1_SCI_ENABLED) {
			return;
		}
	}
}

static void sleep_by(const struct acpi_register *reg, u8 type)
{
	u16 value;

	if (reg->address == 0) {
		return;
	}
	value = (u16)(register_read16(reg) & ~(PM1_TYPE_MASK | PM1_SLEEP_ENABLE));
	value = (u16)(value | type << PM1_TYPE_SHIFT);
	register_write(reg, value);
	register_write(reg, (u16)(value | PM1_SLEEP_ENABLE));
}

void acpi_poweroff(void)
{
	if (acpi_info.s5_known && acpi_info.pm1a_control.address != 0) {
		enter_acpi_mode();
		sleep_by(&acpi_info.pm1a_control, acpi_info.s5_type_a);
		sleep_by(&acpi_info.pm1b_control, acpi_info.s5_type_b);
	} else {
		log_info("The machine can be turned off now.");
	}
	cpu_stop();
}

#define KEYBOARD_COMMAND 0x64
#define KEYBOARD_RESET   0xfe

void acpi_reset(void)
{
	struct table_register no_idt = { 0 };

	register_write(&acpi_info.reset, acpi_info.reset_value);
	for (u32 i = 0; i < WAIT_TRIES; i++) {
		port_write8(KEYBOARD_COMMAND, KEYBOARD_RESET);
	}
	cpu_lidt(&no_idt);
	__asm__ volatile("int3");
	cpu_stop();
}
