/*
 * The control line: sending and receiving. Received console input goes to
 * console.c. Without `parley` at the other end, what is typed on COM1 goes to
 * the first domain.
 *
 * Read next: console.c.
 */
#include "domain/line.h"

#include "cpu/cpu_info.h"
#include "cpu/oops.h"
#include "cpu/percpu.h"
#include "cpu/vectors.h"
#include "domain/console.h"
#include "domain/control.h"
#include "domain/line_frame.h"
#include "domain/timer.h"
#include "domain/trace.h"
#include "drivers/ioapic.h"
#include "drivers/uart.h"
#include "lib/cmdline.h"
#include "lib/log.h"
#include "lib/string.h"

#define ISA_IRQ_COM1 4
#define ISA_IRQ_COM2 3

/* Bytes that one poll takes at most; then others get their turn. */
#define POLL_MAX 4096

/* How long a reader that takes nothing is waited for. */
#define READER_PATIENCE_NS 30000000000UL

/* How often a dying hypervisor asks for the lock. */
#define BYE_TRIES 1000000

static bool line_on;
static struct spinlock send_lock = SPINLOCK_INIT;
static struct spinlock receive_lock = SPINLOCK_INIT;
static struct line_decoder decoder; /* receive_lock */

bool line_is_on(void)
{
	return line_on;
}

/*
 * All bytes, for half a frame would spoil the next: the reader may be busy, or
 * its machine slow. One that takes nothing for so long is gone.
 */
static void put_bytes(const u8 *bytes, size_t size)
{
	u64 deadline = time_now_ns() + READER_PATIENCE_NS;

	while (line_on) {
		size_t done = uart_write(&uart_com2, bytes, size);

		bytes += done;
		size -= done;
		if (size == 0) {
			return;
		}
		if (done > 0) {
			deadline = time_now_ns() + READER_PATIENCE_NS;
		} else if (time_now_ns() > deadline) {
			line_on = false;
			log_error("nobody reads the control line, it is given up");
		}
		cpu_serve(); /* we may hold up somebody who waits for us */
	}
}

/* A frame that line_offer() took, the part of it that the UART has not; send_lock. */
static struct {
	u8 bytes[sizeof(struct pv_line_header) + PV_LINE_PAYLOAD_MAX];
	size_t size, done;
} held;

/* True if nothing is left. The lock held. */
static bool push_held(void)
{
	held.done += uart_write_now(&uart_com2, held.bytes + held.done, held.size - held.done);
	return held.done == held.size;
}

/* The rest of an offered frame, which must be whole before the next. */
static void finish_held(void)
{
	put_bytes(held.bytes + held.done, held.size - held.done);
	held.done = held.size;
}

static void put_frame(u8 type, u16 domid, const void *payload, size_t size)
{
	struct pv_line_header header;

	finish_held();
	line_header_make(&header, type, domid, (u16)size);
	put_bytes((const u8 *)&header, sizeof(header));
	put_bytes(payload, size);
}

void line_send(u8 type, u16 domid, const void *payload, size_t size)
{
	if (!line_on) {
		return;
	}
	invariant(size <= PV_LINE_PAYLOAD_MAX);
	spin_lock(&send_lock);
	put_frame(type, domid, payload, size);
	spin_unlock(&send_lock);
}

bool line_offer(u8 type, u16 domid, const void *payload, size_t size)
{
	struct pv_line_header header;
	bool taken;

	if (!line_on || !spin_trylock(&send_lock)) {
		return false;
	}
	invariant(size <= PV_LINE_PAYLOAD_MAX);
	taken = push_held();
	if (taken) {
		line_header_make(&header, type, domid, (u16)size);
		memcpy(held.bytes, &header, sizeof(header));
		memcpy(held.bytes + sizeof(header), payload, size);
		held.size = sizeof(header) + size;
		held.done = 0;
		(void)push_held();
	}
	spin_unlock(&send_lock);
	return taken;
}

bool line_offer_is_held(void)
{
	bool left;

	if (!line_on || READ_ONCE(held.done) == READ_ONCE(held.size)) {
		return false;
	}
	if (!spin_trylock(&send_lock)) {
		return true;
	}
	left = !push_held();
	spin_unlock(&send_lock);
	return left;
}

static void say_panic(void)
{
	line_bye(PV_LINE_BYE_PANIC);
}

void line_init(const char *cmdline)
{
	u32 version = PV_LINE_VERSION;

	if (!cmdline_is(cmdline, "line", "com2")) {
		return;
	}
	if (!uart_init(&uart_com2)) {
		log_error("line=com2, but there is no COM2");
		return;
	}
	line_on = true;
	oops_set_last_words(say_panic);
	line_send(PV_LINE_HELLO, 0, &version, sizeof(version));
}

void line_enable_input(void)
{
	struct uart *uart = line_on ? &uart_com2 : &uart_com1;
	u8 irq = line_on ? ISA_IRQ_COM2 : ISA_IRQ_COM1;
	u8 vector = line_on ? CPU_VECTOR_COM2 : CPU_VECTOR_COM1;

	if (!uart->present) {
		return;
	}
	if (!ioapic_route_isa(irq, vector, cpu_apic_id[0])) {
		log_warn("no interrupt line for console input");
		return;
	}
	uart_enable_interrupt(uart);
	line_poll(); /* an edge that came before would not come again */
}

static void send_state(u16 domid, const char *name, u8 state, u8 reason, const char *text)
{
	struct pv_line_domain frame = { .domid = domid, .state = state, .reason = reason };

	string_copy(frame.name, name, sizeof(frame.name));
	string_copy(frame.text, text, sizeof(frame.text));
	line_send(PV_LINE_DOMAIN, domid, &frame, sizeof(frame));
}

void line_domain_state(const struct domain *d, u8 state, const char *text)
{
	trace_domain_state(d, state);
	send_state(d->id, d->name, state, d->shutdown_reason, text);
}

void line_domain_failed(const char *name, const char *text)
{
	send_state(0, name, PV_DOMAIN_STATE_FAILED, 0, text);
}

void line_oops(const struct domain *d, const char *text)
{
	for (size_t left = strlen(text); left > 0;) {
		size_t n = MIN(left, PV_LINE_PAYLOAD_MAX);

		line_send(PV_LINE_OOPS, d->id, text, n);
		text += n;
		left -= n;
	}
}

void line_bye(u32 how)
{
	bool locked = false;

	if (!line_on) {
		return;
	}
	for (u32 i = 0; i < BYE_TRIES && !locked; i++) {
		locked = spin_trylock(&send_lock);
	}
	if (!locked) {
		/* Its holder was stopped within a frame, and the reader must find ours. */
		static const u8 fill[PV_LINE_PAYLOAD_MAX];

		put_bytes(fill, sizeof(fill));
	}
	put_frame(PV_LINE_BYE, 0, &how, sizeof(how));
	/* What the machine has not sent when it is turned off is lost. */
	for (u64 end = time_now_ns() + READER_PATIENCE_NS; line_on && time_now_ns() < end;) {
		if (uart_flush(&uart_com2)) {
			break;
		}
	}
	line_on = false;
	if (locked) {
		spin_unlock(&send_lock);
	}
}

static void take_console_input(void)
{
	struct domain *d = decoder.header.domid >= PV_DOMID_FIRST_RESERVED ?
				   NULL :
				   domain_find(decoder.header.domid);

	if (d != NULL) {
		console_input(d, decoder.payload, decoder.header.length);
	}
}

static void frame_received(void)
{
	switch (decoder.header.type) {
	case PV_LINE_CONSOLE_IN:
		take_console_input();
		break;
	case PV_LINE_REQUEST:
		control_line_request(decoder.payload, decoder.header.length);
		break;
	default:
		break; /* of a later version */
	}
}

static void byte_received(u8 byte)
{
	if (line_on) {
		if (line_decode(&decoder, byte)) {
			frame_received();
		}
	} else {
		console_input_first(byte);
	}
}

void line_poll(void)
{
	struct uart *uart = line_on ? &uart_com2 : &uart_com1;
	u32 taken;

	if (!uart->present) {
		return;
	}
	spin_lock(&receive_lock);
	for (taken = 0; taken < POLL_MAX; taken++) {
		int byte = uart_read(uart);

		if (byte < 0) {
			break;
		}
		byte_received((u8)byte);
	}
	spin_unlock(&receive_lock);
	if (taken == POLL_MAX) {
		cpu_info()->work |= CPU_WORK_CONSOLE;
	}
}
