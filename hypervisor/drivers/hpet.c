/* HPET: one 64-bit counter, of which the low half is enough to measure with. */
#include "drivers/hpet.h"

#include "drivers/acpi.h"
#include "mm/paging.h"

#define HPET_PERIOD  0x004 /* femtoseconds; the high half of the capabilities */
#define HPET_CONFIG  0x010
#define HPET_COUNTER 0x0f0
#define HPET_SIZE    0x400

#define CONFIG_ENABLE 1U
#define PERIOD_MAX    100000000U /* 10 MHz at least, says the specification */

static volatile u8 *hpet_base;

static volatile u32 *hpet_reg(u32 offset)
{
	return (volatile u32 *)(hpet_base + offset);
}

static bool hpet_counts(void)
{
	u32 start = hpet_read();

	for (u32 i = 0; i < 100000; i++) {
		if (hpet_read() != start) {
			return true;
		}
	}
	return false;
}

bool hpet_init(void)
{
	if (acpi_info.hpet.v == 0) {
		return false;
	}
	hpet_base = paging_map_mmio(acpi_info.hpet, HPET_SIZE);
	if (hpet_base == NULL || hpet_period_fs() == 0 || hpet_period_fs() > PERIOD_MAX) {
		return false;
	}
	*hpet_reg(HPET_CONFIG) |= CONFIG_ENABLE;
	return hpet_counts();
}

u64 hpet_period_fs(void)
{
	return *hpet_reg(HPET_PERIOD);
}

u32 hpet_read(void)
{
	return *hpet_reg(HPET_COUNTER);
}
