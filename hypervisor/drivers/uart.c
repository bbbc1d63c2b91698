/*
 * 16550 UART by polling for output, by interrupt for input. An empty transmit
 * register means an empty FIFO, so sixteen bytes go out for each look at it.
 */
#include "drivers/uart.h"

#include "drivers/port_io.h"
#include "lib/string.h"

#define UART_DATA    0 /* also divisor low */
#define UART_IER     1 /* also divisor high */
#define UART_FCR     2
#define UART_LCR     3
#define UART_MCR     4
#define UART_LSR     5
#define UART_SCRATCH 7

#define IER_RX 0x01
/* Enabled, emptied, an interrupt at 14 bytes or a pause: QEMU delivers as many at once. */
#define FCR_ENABLE_CLEAR 0xc7
#define LCR_8N1          0x03
#define LCR_DLAB         0x80
#define MCR_DTR_RTS_OUT2 0x0b /* OUT2 lets the interrupt through on a PC */
#define LSR_DATA_READY   0x01
#define LSR_THR_EMPTY    0x20
#define LSR_ALL_SENT     0x40

#define DIVISOR_115200 1
#define FIFO_SIZE      16
#define WAIT_TRIES     100000 /* reads of LSR, about 1 us each on hardware; a FIFO drains in 1.4 ms */

struct uart uart_com1 = { .port = 0x3f8, .gsi = 4 };
struct uart uart_com2 = { .port = 0x2f8, .gsi = 3 };

static u8 uart_in(const struct uart *uart, u16 reg)
{
	return port_read8((u16)(uart->port + reg));
}

static void uart_out(const struct uart *uart, u16 reg, u8 value)
{
	port_write8((u16)(uart->port + reg), value);
}

/* The scratch register keeps what is written; empty ports read as 0xff. */
static bool uart_probe(const struct uart *uart)
{
	uart_out(uart, UART_SCRATCH, 0x5a);
	if (uart_in(uart, UART_SCRATCH) != 0x5a) {
		return false;
	}
	uart_out(uart, UART_SCRATCH, 0xa5);
	return uart_in(uart, UART_SCRATCH) == 0xa5;
}

bool uart_init(struct uart *uart)
{
	uart->present = uart_probe(uart);
	if (!uart->present) {
		return false;
	}
	uart_out(uart, UART_IER, 0);
	uart_out(uart, UART_LCR, LCR_8N1 | LCR_DLAB);
	uart_out(uart, UART_DATA, DIVISOR_115200);
	uart_out(uart, UART_IER, 0);
	uart_out(uart, UART_LCR, LCR_8N1);
	uart_out(uart, UART_FCR, FCR_ENABLE_CLEAR);
	uart_out(uart, UART_MCR, MCR_DTR_RTS_OUT2);
	return true;
}

static bool uart_wait(const struct uart *uart, u8 status)
{
	for (u32 i = 0; i < WAIT_TRIES; i++) {
		if (uart_in(uart, UART_LSR) & status) {
			return true;
		}
		__asm__ volatile("pause");
	}
	return false;
}

size_t uart_write(struct uart *uart, const void *data, size_t size)
{
	const u8 *bytes = data;
	size_t done = 0;

	if (!uart->present) {
		return size;
	}
	while (done < size) {
		size_t chunk = MIN(size - done, FIFO_SIZE);

		if (!uart_wait(uart, LSR_THR_EMPTY)) {
			break;
		}
		port_write8_all(uart->port, bytes + done, chunk);
		done += chunk;
	}
	return done;
}

size_t uart_write_now(struct uart *uart, const void *data, size_t size)
{
	const u8 *bytes = data;
	size_t done = 0;

	if (!uart->present) {
		return size;
	}
	while (done < size && (uart_in(uart, UART_LSR) & LSR_THR_EMPTY)) {
		size_t chunk = MIN(size - done, FIFO_SIZE);

		port_write8_all(uart->port, bytes + done, chunk);
		done += chunk;
	}
	return done;
}

bool uart_flush(struct uart *uart)
{
	return !uart->present || uart_wait(uart, LSR_ALL_SENT);
}

int uart_read(struct uart *uart)
{
	if (!uart->present || !(uart_in(uart, UART_LSR) & LSR_DATA_READY)) {
		return -1;
	}
	return uart_in(uart, UART_DATA);
}

void uart_enable_interrupt(struct uart *uart)
{
	if (uart->present) {
		uart_out(uart, UART_IER, IER_RX);
	}
}

void uart_log_sink(const char *text, size_t size)
{
	const char *end = text + size;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline == NULL ? end : newline;

		uart_write(&uart_com1, text, (size_t)(stop - text));
		if (newline != NULL) {
			uart_write(&uart_com1, "\r\n", 2);
			stop++;
		}
		text = stop;
	}
}
