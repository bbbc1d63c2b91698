/* The ACPI PM timer: one port to read. */
#include "drivers/pmtimer.h"

#include "drivers/acpi.h"
#include "drivers/port_io.h"

#define PMTIMER_MASK 0xffffffU

bool pmtimer_init(void)
{
	u32 start;

	if (acpi_info.pm_timer.address == 0 || acpi_info.pm_timer.in_memory) {
		return false;
	}
	start = pmtimer_read();
	for (u32 i = 0; i < 100000; i++) {
		if (pmtimer_read() != start) {
			return true;
		}
	}
	return false;
}

u32 pmtimer_read(void)
{
	return port_read32((u16)acpi_info.pm_timer.address) & PMTIMER_MASK;
}
