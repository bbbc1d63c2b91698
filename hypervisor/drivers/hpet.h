/* The high precision event timer, as a counter to measure with. */
#ifndef DRIVERS_HPET_H
#define DRIVERS_HPET_H

#include "lib/types.h"

/* After acpi_init(): map it and let it count. False if there is none that works. */
bool hpet_init(void);

/* Femtoseconds a tick. */
u64 hpet_period_fs(void);

/* The low 32 bits of the counter. */
u32 hpet_read(void);

#endif
