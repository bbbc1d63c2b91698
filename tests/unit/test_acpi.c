/* drivers/acpi_tables.c: good tables, and tables cut or wrong at every place. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/acpi_tables.h"

static void put(u8 *at, u64 value, u32 size)
{
	for (u32 i = 0; i < size; i++) {
		at[i] = (u8)(value >> (8 * i));
	}
}

/* Two processors (the second also as x2APIC), one disabled, one IOAPIC, one override. */
static u32 make_madt(u8 *madt)
{
	u8 *p = madt + 44;

	memset(madt, 0, 256);
	put(madt + 36, 0xfee00000, 4);
	for (u32 i = 0; i < 3; i++, p += 8) {
		p[1] = 8;
		p[3] = (u8)(i * 2);
		p[4] = i < 2;
	}
	p[0] = 9;
	p[1] = 16;
	put(p + 4, 2, 4);
	put(p + 8, 1, 4);
	p += 16;
	p[0] = 1;
	p[1] = 12;
	p[2] = 5;
	put(p + 4, 0xfec00000, 4);
	put(p + 8, 24, 4);
	p += 12;
	p[0] = 2;
	p[1] = 10;
	p[3] = 9;
	put(p + 4, 20, 4);
	put(p + 8, 0xf, 2);
	p += 10;
	p[0] = 99;
	p[1] = 6;
	p += 6;
	return (u32)(p - madt);
}

Test(acpi, madt)
{
	struct acpi_info info;
	u8 madt[256];
	struct acpi_table table = { madt, make_madt(madt) };

	acpi_info_init(&info);
	acpi_parse_madt(&info, &table);
	cr_assert_eq(info.cpu_count, 2);
	cr_assert_eq(info.cpu_apic_ids[0], 0);
	cr_assert_eq(info.cpu_apic_ids[1], 2);
	cr_assert_eq(info.lapic_address.v, 0xfee00000);
	cr_assert_eq(info.ioapic_count, 1);
	cr_assert_eq(info.ioapics[0].address.v, 0xfec00000);
	cr_assert_eq(info.ioapics[0].gsi_base, 24);
	cr_assert_eq(info.isa_irqs[9].gsi, 20);
	cr_assert(info.isa_irqs[9].level);
	cr_assert(info.isa_irqs[9].active_low);
	cr_assert_eq(info.isa_irqs[4].gsi, 4);
	cr_assert_not(info.isa_irqs[4].level);
}

Test(acpi, madt_of_too_many_cpus)
{
	struct acpi_info info;
	u8 madt[44 + 8 * 70] = { 0 };

	for (u32 i = 0; i < 70; i++) {
		madt[44 + 8 * i + 1] = 8;
		madt[44 + 8 * i + 3] = (u8)i;
		madt[44 + 8 * i + 4] = 1;
	}
	acpi_info_init(&info);
	acpi_parse_madt(&info, &(struct acpi_table){ madt, sizeof(madt) });
	cr_assert_eq(info.cpu_count, HV_MAX_CPUS);
	cr_assert_eq(info.cpus_beyond, 70 - HV_MAX_CPUS);
}

/* Each length in a buffer of just that length, so that ASan sees a read beyond. */
Test(acpi, cut_madt_reads_no_further)
{
	u8 whole[256];
	u32 size = make_madt(whole);

	for (u32 cut = 36; cut <= size; cut++) {
		u8 *madt = malloc(cut);
		struct acpi_info info;

		memcpy(madt, whole, cut);
		acpi_info_init(&info);
		acpi_parse_madt(&info, &(struct acpi_table){ madt, cut });
		free(madt);
	}
}

Test(acpi, random_tables_do_no_harm)
{
	srand(3);
	for (u32 round = 0; round < 20000; round++) {
		u32 size = ACPI_HEADER_SIZE + (u32)(rand() % 200);
		u8 *data = malloc(size);
		struct acpi_table table = { data, size };
		struct acpi_info info;

		for (u32 i = 0; i < size; i++) {
			data[i] = (u8)rand();
		}
		if (round % 2 == 0 && size > 60) {
			memcpy(data + 40 + rand() % 16, "\x08_S5_\x12", 6);
		}
		acpi_info_init(&info);
		acpi_parse_madt(&info, &table);
		acpi_parse_fadt(&info, &table);
		acpi_parse_hpet(&info, &table);
		acpi_parse_s5(&info, &table);
		free(data);
	}
}

Test(acpi, fadt_old)
{
	struct acpi_info info;
	u8 fadt[116] = { 0 };

	put(fadt + 40, 0x7fe0000, 4);
	put(fadt + 48, 0xb2, 4);
	put(fadt + 52, 0xf1, 1);
	put(fadt + 64, 0x604, 4);
	put(fadt + 76, 0x608, 4);
	acpi_info_init(&info);
	acpi_parse_fadt(&info, &(struct acpi_table){ fadt, sizeof(fadt) });
	cr_assert_eq(info.dsdt.v, 0x7fe0000);
	cr_assert_eq(info.smi_command, 0xb2);
	cr_assert_eq(info.acpi_enable, 0xf1);
	cr_assert_eq(info.pm1a_control.address, 0x604);
	cr_assert_not(info.pm1a_control.in_memory);
	cr_assert_eq(info.pm1b_control.address, 0);
	cr_assert_eq(info.pm_timer.address, 0x608);
	cr_assert_eq(info.reset.address, 0);
}

Test(acpi, fadt_new)
{
	struct acpi_info info;
	u8 fadt[244] = { 0 };

	put(fadt + 112, 1U << 10 | 1U << 8, 4);
	put(fadt + 116, 1, 1);
	put(fadt + 120, 0xcf9, 8);
	put(fadt + 128, 0xf, 1);
	put(fadt + 140, 0x123456789000, 8);
	put(fadt + 172, 0, 1);
	put(fadt + 176, 0xfed80804, 8);
	put(fadt + 208, 1, 1);
	put(fadt + 212, 0x408, 8);
	acpi_info_init(&info);
	acpi_parse_fadt(&info, &(struct acpi_table){ fadt, sizeof(fadt) });
	cr_assert_eq(info.dsdt.v, 0x123456789000);
	cr_assert(info.pm1a_control.in_memory);
	cr_assert_eq(info.pm1a_control.address, 0xfed80804);
	cr_assert_eq(info.pm_timer.address, 0x408);
	cr_assert(info.pm_timer_32);
	cr_assert_eq(info.reset.address, 0xcf9);
	cr_assert_eq(info.reset_value, 0xf);
}

static bool find_s5(struct acpi_info *info, const char *aml, u32 size)
{
	u8 dsdt[128] = { 0 };

	memcpy(dsdt + 50, aml, size);
	acpi_info_init(info);
	return acpi_parse_s5(info, &(struct acpi_table){ dsdt, 50 + size });
}

#define FIND_S5(info, aml) find_s5(info, aml, sizeof(aml) - 1)

Test(acpi, s5_forms)
{
	struct acpi_info info;

	/* q35's: Name (_S5, Package (4) { 0, 0, 0, 0 }) */
	cr_assert(FIND_S5(&info, "\x08_S5_\x12\x06\x04\x00\x00\x00\x00"));
	cr_assert_eq(info.s5_type_a, 0);
	/* bytes, a root prefix, a package length of two bytes */
	cr_assert(FIND_S5(&info, "\x08\\_S5_\x12\x4a\x00\x02\x0a\x05\x0a\x07"));
	cr_assert_eq(info.s5_type_a, 5);
	cr_assert_eq(info.s5_type_b, 7);
	cr_assert(FIND_S5(&info, "\x08_S5_\x12\x08\x02\x01\x0b\x06\x00"));
	cr_assert_eq(info.s5_type_a, 1);
	cr_assert_eq(info.s5_type_b, 6);
	/* a name that is only used, one that is cut, one that is no package */
	cr_assert_not(FIND_S5(&info, "\x70_S5_\x12\x06\x04\x00\x00"));
	cr_assert_not(FIND_S5(&info, "\x08_S5_\x12\x06\x04\x0a"));
	cr_assert_not(FIND_S5(&info, "\x08_S5_\x0a\x05"));
	cr_assert_not(info.s5_known);
}

Test(acpi, checksum)
{
	cr_assert(acpi_checksum_ok((const u8[]){ 1, 2, 0xfd }, 3));
	cr_assert_not(acpi_checksum_ok((const u8[]){ 1, 2, 3 }, 3));
}
