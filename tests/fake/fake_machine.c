/*
 * The edges of the machine that much of the domain room can reach: registers, which
 * nobody looks at here, serial ports, the clock chip and the switch. A test that looks
 * at one of them has its own.
 */
#include "fake_machine.h"

#include <stdlib.h>

#include "cpu/fpu.h"
#include "cpu/oops.h"
#include "cpu/switch.h"
#include "drivers/acpi.h"
#include "drivers/rtc.h"
#include "drivers/uart.h"
#include "mm/paging.h"

#define weak __attribute__((weak))

void (*fake_line)(const u8 *bytes, size_t size);

weak struct uart uart_com1, uart_com2;

weak bool uart_init(struct uart *uart)
{
	uart->present = uart == &uart_com2 && fake_line != NULL;
	return uart->present;
}

weak size_t uart_write(struct uart *uart, const void *data, size_t size)
{
	if (fake_line != NULL) {
		fake_line(data, size);
	}
	return size;
}

weak size_t uart_write_now(struct uart *uart, const void *data, size_t size)
{
	return uart_write(uart, data, size);
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

weak u64 rtc_read_utc(void)
{
	return 0;
}

weak void fpu_init_state(struct fpu_state *s)
{
}

weak void vcpu_switch(struct vcpu *prev, struct vcpu *next)
{
}

weak void vcpu_load_gdt_window(struct vcpu *v)
{
}

weak void vcpu_load_ldt_window(struct vcpu *v)
{
}

weak void exit_to_guest_from_boot(void)
{
	abort();
}

weak mfn_t paging_idle_root(void)
{
	return mfn(0);
}

weak void oops_set_last_words(void (*fn)(void))
{
}

/* As much of a report as a test can tell from nothing. */
weak void oops_guest(struct vcpu *v, const struct cpu_regs *regs, const char *why, struct text *to)
{
	text_add(to, "report: %s\n", why);
}
