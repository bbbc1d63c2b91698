/*
 * The edges of the machine that much of the domain room can reach: FPU registers,
 * serial ports that are not there, and the switch. A test that looks at them has its own.
 */
#include <stdlib.h>

#include "cpu/fpu.h"
#include "drivers/acpi.h"
#include "drivers/uart.h"

#define weak __attribute__((weak))

weak struct uart uart_com1, uart_com2;

weak bool uart_init(struct uart *uart)
{
	return false;
}

weak size_t uart_write(struct uart *uart, const void *data, size_t size)
{
	return size;
}

weak bool uart_flush(struct uart *uart)
{
	return true;
}

weak int uart_read(struct uart *uart)
{
	return -1;
}

weak void uart_enable_interrupt(struct uart *uart)
{
}

weak void acpi_poweroff(void)
{
	abort();
}

weak void fpu_init_state(struct fpu_state *s)
{
}
