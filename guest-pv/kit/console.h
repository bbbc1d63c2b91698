/*
 * The console. A domain with a console ring prints through the ring; one
 * without (an initial domain) uses the console_io hypercall. Writes are whole:
 * two vCPUs never mix their text within one call.
 */
#ifndef KIT_CONSOLE_H
#define KIT_CONSOLE_H

#include <stddef.h>

/* Finds the console. Start of day only; text may be written from then on. */
void console_init(void);

/* Writes n bytes; waits while the ring is full. '\n' is sent as "\r\n". */
void console_write(const char *text, size_t n);

/* Takes up to n bytes of input without waiting; returns how many. */
size_t console_read(char *buf, size_t n);

/* Waits, for at most a tenth of a second, until the ring has been emptied. */
void console_drain(void);

#endif
