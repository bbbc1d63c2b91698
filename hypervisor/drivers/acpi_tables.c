/*
 * The MADT, FADT and HPET tables, and a search for \_S5 in AML. Offsets are
 * those of the ACPI specification, 6.4, chapter 5.2. Read next: acpi.c, which finds
 * the tables.
 */
#include "drivers/acpi_tables.h"

#include "lib/string.h"

#define LAPIC_DEFAULT 0xfee00000ULL

bool acpi_checksum_ok(const u8 *data, size_t size)
{
	u8 sum = 0;

	for (size_t i = 0; i < size; i++) {
		sum = (u8)(sum + data[i]);
	}
	return sum == 0;
}

u64 acpi_field(const struct acpi_table *table, u32 offset, u32 size)
{
	u64 value = 0;

	if (offset > table->size || size > table->size - offset) {
		return 0;
	}
	for (u32 i = 0; i < size; i++) {
		value |= (u64)table->data[offset + i] << (8 * i);
	}
	return value;
}

void acpi_info_init(struct acpi_info *info)
{
	memset(info, 0, sizeof(*info));
	info->lapic_address = maddr(LAPIC_DEFAULT);
	for (u32 irq = 0; irq < ACPI_ISA_IRQS; irq++) {
		info->isa_irqs[irq].gsi = irq;
	}
}

/* MADT entries: byte 0 is the type, byte 1 the length. */
#define MADT_ENTRIES    44U
#define MADT_LAPIC      0
#define MADT_IOAPIC     1
#define MADT_OVERRIDE   2
#define MADT_LAPIC_ADDR 5
#define MADT_X2APIC     9

#define MADT_CPU_ENABLED  1U
#define MPS_POLARITY_LOW  3U
#define MPS_TRIGGER_LEVEL 3U

static void add_cpu(struct acpi_info *info, u32 apic_id, u32 flags)
{
	if (!(flags & MADT_CPU_ENABLED)) {
		return;
	}
	for (u32 i = 0; i < info->cpu_count; i++) {
		if (info->cpu_apic_ids[i] == apic_id) {
			return; /* listed as LAPIC and as x2APIC */
		}
	}
	if (info->cpu_count == HV_MAX_CPUS) {
		info->cpus_beyond++;
		return;
	}
	info->cpu_apic_ids[info->cpu_count++] = apic_id;
}

static void add_ioapic(struct acpi_info *info, u32 id, u64 address, u32 gsi_base)
{
	if (info->ioapic_count < ACPI_IOAPICS_MAX && address != 0) {
		info->ioapics[info->ioapic_count++] = (struct acpi_ioapic){
			.id = id,
			.gsi_base = gsi_base,
			.address = maddr(address),
		};
	}
}

static void add_override(struct acpi_info *info, u32 irq, u32 gsi, u32 flags)
{
	if (irq < ACPI_ISA_IRQS) {
		info->isa_irqs[irq] = (struct acpi_isa_irq){
			.gsi = gsi,
			.active_low = (flags & 3) == MPS_POLARITY_LOW,
			.level = ((flags >> 2) & 3) == MPS_TRIGGER_LEVEL,
		};
	}
}

static void parse_madt_entry(struct acpi_info *info, const struct acpi_table *entry)
{
	u64 address;

	switch (entry->data[0]) {
	case MADT_LAPIC:
		if (entry->size >= 8) {
			add_cpu(info, (u32)acpi_field(entry, 3, 1), (u32)acpi_field(entry, 4, 4));
		}
		break;
	case MADT_IOAPIC:
		add_ioapic(info, (u32)acpi_field(entry, 2, 1), acpi_field(entry, 4, 4),
			   (u32)acpi_field(entry, 8, 4));
		break;
	case MADT_OVERRIDE:
		if (entry->size >= 10) {
			add_override(info, (u32)acpi_field(entry, 3, 1),
				     (u32)acpi_field(entry, 4, 4), (u32)acpi_field(entry, 8, 2));
		}
		break;
	case MADT_LAPIC_ADDR:
		address = acpi_field(entry, 4, 8);
		if (address != 0) {
			info->lapic_address = maddr(address);
		}
		break;
	case MADT_X2APIC:
		if (entry->size >= 16) {
			add_cpu(info, (u32)acpi_field(entry, 4, 4), (u32)acpi_field(entry, 8, 4));
		}
		break;
	default:
		break;
	}
}

void acpi_parse_madt(struct acpi_info *info, const struct acpi_table *madt)
{
	u64 address = acpi_field(madt, 36, 4);
	u32 at = MADT_ENTRIES;

	if (address != 0) {
		info->lapic_address = maddr(address);
	}
	while (at + 2 <= madt->size) {
		u32 size = madt->data[at + 1];

		if (size < 2 || size > madt->size - at) {
			return;
		}
		parse_madt_entry(info, &(struct acpi_table){ madt->data + at, size });
		at += size;
	}
}

/* A register: the generic address at `wide` if the table has one that is set, else the port at `narrow`. */
static struct acpi_register fadt_register(const struct acpi_table *fadt, u32 narrow, u32 wide,
					  u8 bits)
{
	struct acpi_register reg = { .bits = bits };
	u64 space = acpi_field(fadt, wide, 1);

	reg.address = acpi_field(fadt, wide + 4, 8);
	reg.in_memory = space == 0;
	if (reg.address == 0 || space > 1) {
		reg.address = acpi_field(fadt, narrow, 4);
		reg.in_memory = false;
	}
	if (!reg.in_memory && reg.address > 0xffff) {
		reg.address = 0;
	}
	return reg;
}

#define FADT_TIMER_32  (1U << 8)
#define FADT_HAS_RESET (1U << 10)

void acpi_parse_fadt(struct acpi_info *info, const struct acpi_table *fadt)
{
	u32 flags = (u32)acpi_field(fadt, 112, 4);
	u64 wide_dsdt = acpi_field(fadt, 140, 8);

	info->dsdt = maddr(wide_dsdt != 0 ? wide_dsdt : acpi_field(fadt, 40, 4));
	info->smi_command = (u16)acpi_field(fadt, 48, 4);
	info->acpi_enable = (u8)acpi_field(fadt, 52, 1);
	info->pm1a_control = fadt_register(fadt, 64, 172, 16);
	info->pm1b_control = fadt_register(fadt, 68, 184, 16);
	info->pm_timer = fadt_register(fadt, 76, 208, 32);
	info->pm_timer_32 = (flags & FADT_TIMER_32) != 0;
	if ((flags & FADT_HAS_RESET) && acpi_field(fadt, 116, 1) <= 1) {
		info->reset.in_memory = acpi_field(fadt, 116, 1) == 0;
		info->reset.bits = 8;
		info->reset.address = acpi_field(fadt, 120, 8);
		info->reset_value = (u8)acpi_field(fadt, 128, 1);
	}
}

void acpi_parse_hpet(struct acpi_info *info, const struct acpi_table *hpet)
{
	if (hpet->size >= 52 && acpi_field(hpet, 40, 1) == 0) {
		info->hpet = maddr(acpi_field(hpet, 44, 8));
	}
}

#define AML_ZERO    0x00
#define AML_ONE     0x01
#define AML_NAME    0x08
#define AML_BYTE    0x0a
#define AML_WORD    0x0b
#define AML_DWORD   0x0c
#define AML_PACKAGE 0x12

/* A small integer of a package at *at, which moves behind it; false for anything else. */
static bool aml_integer(const struct acpi_table *table, u32 *at, u8 *value)
{
	u64 opcode = acpi_field(table, *at, 1);
	u32 size = 1;

	if (*at >= table->size) {
		return false;
	}
	switch (opcode) {
	case AML_ZERO:
	case AML_ONE:
		*value = (u8)opcode;
		break;
	case AML_BYTE:
	case AML_WORD:
	case AML_DWORD:
		*value = (u8)acpi_field(table, *at + 1, 1);
		size = opcode == AML_BYTE ? 2 : opcode == AML_WORD ? 3 : 5;
		break;
	default:
		return false;
	}
	*at += size;
	return *at <= table->size;
}

/* At the name: is it Name(_S5, Package() {a, b, ...})? Then take a and b. */
static bool aml_s5_at(struct acpi_info *info, const struct acpi_table *table, u32 name)
{
	bool named = table->data[name - 1] == AML_NAME ||
		     (table->data[name - 1] == '\\' && table->data[name - 2] == AML_NAME);
	u32 at = name + 4;
	u8 a, b;

	if (!named || acpi_field(table, at, 1) != AML_PACKAGE) {
		return false;
	}
	at++;
	at += 1 + (u32)(acpi_field(table, at, 1) >> 6); /* package length: 1 to 4 bytes */
	if (acpi_field(table, at, 1) < 2) {
		return false;
	}
	at++;
	if (!aml_integer(table, &at, &a) || !aml_integer(table, &at, &b)) {
		return false;
	}
	info->s5_type_a = a & 7;
	info->s5_type_b = b & 7;
	info->s5_known = true;
	return true;
}

bool acpi_parse_s5(struct acpi_info *info, const struct acpi_table *table)
{
	for (u32 at = ACPI_HEADER_SIZE + 2; at + 4 < table->size; at++) {
		if (memcmp(table->data + at, "_S5_", 4) == 0 && aml_s5_at(info, table, at)) {
			return true;
		}
	}
	return false;
}
