/* The ACPI power management timer, 3.579545 MHz, as a counter to measure with. */
#ifndef DRIVERS_PMTIMER_H
#define DRIVERS_PMTIMER_H

#include "lib/types.h"

#define PMTIMER_HZ 3579545U

/* After acpi_init(): false if there is none that counts. */
bool pmtimer_init(void);

/* 24 bits (more where the hardware has them are cut off). */
u32 pmtimer_read(void);

#endif
