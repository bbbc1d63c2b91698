/* The text screen of a PC, 80 by 25, as a log sink for machines without a serial line. */
#ifndef DRIVERS_VGA_H
#define DRIVERS_VGA_H

#include "lib/types.h"

/* Start writing at an empty screen; false if there is no text screen. Needs the direct map. */
bool vga_init(void);

/* A log sink (lib/log.h). */
void vga_log_sink(const char *text, size_t size);

#endif
