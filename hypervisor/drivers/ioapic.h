/*
 * The IOAPICs: which interrupt line (GSI) reaches which CPU as which vector.
 * All lines are masked until routed. The old 8259s are masked for good.
 */
#ifndef DRIVERS_IOAPIC_H
#define DRIVERS_IOAPIC_H

#include "lib/types.h"

/* Boot CPU, after acpi_init(). */
void ioapic_init(void);

/* Route a line and unmask it. False if no IOAPIC has it. */
bool ioapic_route(u32 gsi, u8 vector, u32 apic_id, bool level, bool active_low);

/* As above for ISA interrupt irq (0 to 15), as the firmware says it is wired. */
bool ioapic_route_isa(u8 irq, u8 vector, u32 apic_id);

/* A line that was routed; one that no IOAPIC has is left alone. */
void ioapic_mask(u32 gsi);
void ioapic_unmask(u32 gsi);

#endif
