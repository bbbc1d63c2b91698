/*
 * Reading ACPI tables as bytes: each function takes a whole table, of the
 * length that its header says and the caller has checked. No memory access
 * besides, so the host tests it. Firmware is not hostile, but often wrong.
 */
#ifndef DRIVERS_ACPI_TABLES_H
#define DRIVERS_ACPI_TABLES_H

#include "drivers/acpi.h"

#define ACPI_HEADER_SIZE 36U

struct acpi_table {
	const u8 *data;
	u32 size; /* ACPI_HEADER_SIZE at least */
};

/* The bytes add up to 0. */
bool acpi_checksum_ok(const u8 *data, size_t size);

/* size little-endian bytes (1 to 8) at an offset; 0 if the table is not that long. */
u64 acpi_field(const struct acpi_table *table, u32 offset, u32 size);

/* Processors, IOAPICs and how ISA interrupts are wired. */
void acpi_parse_madt(struct acpi_info *info, const struct acpi_table *madt);

/* The PM timer, the power and reset registers, and where the DSDT is. */
void acpi_parse_fadt(struct acpi_info *info, const struct acpi_table *fadt);

/* Where the HPET is, if in memory. */
void acpi_parse_hpet(struct acpi_info *info, const struct acpi_table *hpet);

/* Look for \_S5 in a DSDT or SSDT; true if its two sleep types were found. */
bool acpi_parse_s5(struct acpi_info *info, const struct acpi_table *table);

/* What a PC has if no table says otherwise: ISA interrupts wired one to one, edge, high; the usual local APIC. */
void acpi_info_init(struct acpi_info *info);

#endif
