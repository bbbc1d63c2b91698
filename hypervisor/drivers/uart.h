/*
 * The two serial ports of a PC: 16550 UARTs at fixed ports. COM1 carries the
 * log as text, COM2 the control line (abi/parley/control.h). No lock inside:
 * each port's user brings one (the log lock, the line's).
 */
#ifndef DRIVERS_UART_H
#define DRIVERS_UART_H

#include "lib/types.h"

struct uart {
	u16 port;     /* first of its eight I/O ports */
	u8 gsi;       /* ISA interrupt */
	bool present; /* found by uart_init() */
};

extern struct uart uart_com1, uart_com2;

/* Set it to 115200 8N1 with FIFOs and no interrupts. False if there is none. Needs nothing: the first thing at boot. */
bool uart_init(struct uart *uart);

/*
 * Send bytes; waits for room, but not for ever: returns how many went out, all
 * of them where there is no port.
 */
size_t uart_write(struct uart *uart, const void *data, size_t size);

/* The same without waiting: as many as the port takes at once. */
size_t uart_write_now(struct uart *uart, const void *data, size_t size);

/* Wait until all bytes have left the machine, for as long as uart_write() waits; false if they have not. */
bool uart_flush(struct uart *uart);

/* The next byte received, or -1. */
int uart_read(struct uart *uart);

/* Interrupt when bytes are received; the IOAPIC route is the caller's (ioapic.h). */
void uart_enable_interrupt(struct uart *uart);

/* A log sink (lib/log.h): COM1, newlines as CR LF. */
void uart_log_sink(const char *text, size_t size);

#endif
