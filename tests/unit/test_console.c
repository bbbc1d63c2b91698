/*
 * domain/console.c, line.c and line_frame.c: rings with hostile indices, input
 * with credit, frames found in a spoiled stream. The UART is two buffers.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include <parley/console.h>
#include <seam/cpu.h>

#include "channel/evtchn_ops.h"
#include "domain/console.h"
#include "domain/control.h"
#include "domain/line.h"
#include "domain/line_frame.h"
#include "domain/timer.h"
#include "drivers/ioapic.h"
#include "drivers/uart.h"
#include "lib/log.h"
#include "small_domain.h"

static struct domain *d;
static struct pv_console_ring *ring;
static u32 port;

/* ---- the machine ---- */

struct uart uart_com1 = { .present = true }, uart_com2;
u32 cpu_apic_id[HV_MAX_CPUS];

static u8 sent[1 << 16];
static size_t sent_size;
static u8 typed[8192];
static size_t typed_size, typed_read;
static char text[1 << 16];
static size_t text_size;

bool uart_init(struct uart *uart)
{
	uart->present = true;
	return true;
}

size_t uart_write(struct uart *uart, const void *data, size_t size)
{
	cr_assert_eq(uart, &uart_com2);
	memcpy(sent + sent_size, data, size);
	sent_size += size;
	return size;
}

bool uart_flush(struct uart *uart)
{
	return true;
}

int uart_read(struct uart *uart)
{
	return typed_read < typed_size ? typed[typed_read++] : -1;
}

void uart_enable_interrupt(struct uart *uart)
{
}

static u32 requests;

/* Requests are another test's affair; this one sees that they arrive. */
void control_line_request(const u8 *payload, u32 size)
{
	cr_assert_eq(size, 3);
	cr_assert_eq(memcmp(payload, "ask", 3), 0);
	requests++;
}

bool ioapic_route_isa(u8 irq, u8 vector, u32 apic_id)
{
	return true;
}

void oops_set_last_words(void (*fn)(void))
{
}

static void log_sink(const char *bytes, size_t size)
{
	memcpy(text + text_size, bytes, size);
	text_size += size;
}

static void setup(bool line)
{
	timer_init_cpu();
	sent_size = typed_size = typed_read = text_size = 0;
	small_domains_init();
	log_add_sink(log_sink);
	d = small_domain(1, 1);
	strcpy(d->name, "one");
	cr_assert_eq(evtchn_init(d), 0);
	line_init(line ? "quiet line=com2" : "quiet");
	ring = small_domain_page(d);
	cr_assert_eq(console_init_domain(d, ring, &port), 0);
	cr_assert_gt(port, 0);
	text_size = 0;
}

static void setup_line(void)
{
	setup(true);
}

static void setup_text(void)
{
	setup(false);
}

TestSuite(console, .init = setup_line);
TestSuite(console_text, .init = setup_text);

/* ---- helpers ---- */

/* The payloads of all frames of a type that were sent, one after another. */
static size_t frames_sent(u8 type, u8 *out)
{
	static struct line_decoder decoder;
	size_t size = 0;

	decoder = (struct line_decoder){ 0 };
	for (size_t i = 0; i < sent_size; i++) {
		if (line_decode(&decoder, sent[i]) && decoder.header.type == type) {
			memcpy(out + size, decoder.payload, decoder.header.length);
			size += decoder.header.length;
		}
	}
	return size;
}

static u32 credit_sent(void)
{
	u32 credits[64];
	size_t size = frames_sent(PV_LINE_CREDIT, (u8 *)credits);
	u32 sum = 0;

	for (size_t i = 0; i < size / sizeof(u32); i++) {
		sum += credits[i];
	}
	return sum;
}

static void guest_writes(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		ring->out[ring->out_prod++ % PV_CONSOLE_RING_OUT_SIZE] = bytes[i];
	}
}

static bool told_guest(void)
{
	bool told = (d->shared->evtchn_pending[0] >> port) & 1;

	d->shared->evtchn_pending[0] = 0;
	return told;
}

static void host_types(const void *bytes, u16 size)
{
	struct pv_line_header h;

	line_header_make(&h, PV_LINE_CONSOLE_IN, d->id, size);
	memcpy(typed + typed_size, &h, sizeof(h));
	memcpy(typed + typed_size + sizeof(h), bytes, size);
	typed_size += sizeof(h) + size;
	console_poll();
}

/* ---- output ---- */

Test(console, says_hello_first)
{
	u8 hello[4];
	u32 version = PV_LINE_VERSION;

	cr_assert_eq(frames_sent(PV_LINE_HELLO, hello), 4);
	cr_assert_eq(memcmp(hello, &version, 4), 0);
	cr_assert_eq(((struct pv_line_header *)sent)->type, PV_LINE_HELLO);
}

Test(console, sends_what_the_guest_wrote_and_tells_it)
{
	u8 out[64];

	guest_writes("hello\n", 6);
	cr_assert_eq(frames_sent(PV_LINE_CONSOLE_OUT, out), 0);
	cr_assert_eq(evtchn_send(d, port), 0);
	cr_assert_eq(frames_sent(PV_LINE_CONSOLE_OUT, out), 6);
	cr_assert_eq(memcmp(out, "hello\n", 6), 0);
	cr_assert_eq(ring->out_cons, 6);
	cr_assert(told_guest());
	cr_assert_eq(evtchn_send(d, port), 0);
	cr_assert_not(told_guest(), "nothing moved, so no event: two would go on for ever");
}

Test(console, output_wraps_in_the_ring_and_in_32_bits)
{
	static u8 out[16384];
	char bytes[PV_CONSOLE_RING_OUT_SIZE];
	size_t total = 0;

	for (int i = 0; i < 7; i++) {
		memset(bytes, 'a' + i, sizeof(bytes));
		guest_writes(bytes, sizeof(bytes) - 100);
		cr_assert_eq(evtchn_send(d, port), 0);
		total += sizeof(bytes) - 100;
	}
	cr_assert_eq(frames_sent(PV_LINE_CONSOLE_OUT, out), total);
	cr_assert_eq(out[0], 'a');
	cr_assert_eq(out[total - 1], 'g');
}

Test(console, nonsense_in_the_output_index_is_skipped)
{
	static const u32 wild[] = { PV_CONSOLE_RING_OUT_SIZE + 1, 1U << 31, ~0U };
	static u8 out[16384];

	for (size_t i = 0; i < ARRAY_SIZE(wild); i++) {
		ring->out_prod += wild[i];
		cr_assert_eq(evtchn_send(d, port), 0);
		cr_assert_eq(ring->out_cons, ring->out_prod);
	}
	cr_assert_eq(frames_sent(PV_LINE_CONSOLE_OUT, out), 0);
	ring->out_cons = 12345; /* ours: it is not believed */
	guest_writes("x", 1);
	cr_assert_eq(evtchn_send(d, port), 0);
	cr_assert_eq(frames_sent(PV_LINE_CONSOLE_OUT, out), 1);
}

Test(console, direct_writes_keep_their_place)
{
	u8 out[64];

	guest_writes("first ", 6);
	console_write(d, "second", 6);
	cr_assert_eq(frames_sent(PV_LINE_CONSOLE_OUT, out), 12);
	cr_assert_eq(memcmp(out, "first second", 12), 0);
}

/* ---- more than its share ---- */

/* Writes all that may be written at once, by the ring, until the guest is not told any more: how many bytes. */
static size_t flood(void)
{
	static u8 out[1 << 16];
	char bytes[PV_CONSOLE_RING_OUT_SIZE];
	size_t total = 0, sent_now;

	memset(bytes, 'f', sizeof(bytes));
	do {
		guest_writes(bytes, sizeof(bytes));
		cr_assert_eq(evtchn_send(d, port), 0);
		sent_now = frames_sent(PV_LINE_CONSOLE_OUT, out);
		cr_assert(sent_now == 0 || sent_now == sizeof(bytes));
		total += sent_now;
		sent_size = 0;
	} while (sent_now != 0);
	return total;
}

Test(console, a_flood_has_a_rate_and_loses_nothing)
{
	static u8 out[1 << 16];
	size_t burst = flood(), later = 0;

	cr_assert_geq(burst, CONSOLE_BURST);
	cr_assert_leq(burst, CONSOLE_BURST + 2 * PV_CONSOLE_RING_OUT_SIZE);
	told_guest();
	for (u32 ms = 0; ms < 1000; ms++) {
		fake_tsc += 1000000;
		timer_run();
		if (told_guest()) {
			size_t now = frames_sent(PV_LINE_CONSOLE_OUT, out);

			cr_assert_eq(now, PV_CONSOLE_RING_OUT_SIZE);
			cr_assert_eq(out[0], 'f');
			sent_size = 0;
			later += now;
			ring->out_prod += PV_CONSOLE_RING_OUT_SIZE; /* again full */
			cr_assert_eq(evtchn_send(d, port), 0);
		}
	}
	cr_assert_geq(later, 1000000000 / CONSOLE_BYTE_NS - 2 * PV_CONSOLE_RING_OUT_SIZE);
	cr_assert_leq(later, 1000000000 / CONSOLE_BYTE_NS + 2 * PV_CONSOLE_RING_OUT_SIZE);
	console_fini_domain(d);
	fake_tsc += 1000000000;
	timer_run(); /* of a console that is gone */
}

Test(console, direct_writes_pay_too_and_the_share_comes_back)
{
	static const char bytes[1024];
	u64 from;

	cr_assert_leq(console_writes_from(d), fake_tsc);
	for (size_t size = 0; size <= CONSOLE_BURST; size += sizeof(bytes)) {
		cr_assert_leq(console_writes_from(d), fake_tsc);
		console_write(d, bytes, sizeof(bytes));
		sent_size = 0;
	}
	from = console_writes_from(d);
	cr_assert_gt(from, fake_tsc);
	cr_assert_leq(from, fake_tsc + 1024 * CONSOLE_BYTE_NS);
	fake_tsc = from;
	cr_assert_leq(console_writes_from(d), fake_tsc);
	fake_tsc += CONSOLE_BURST * CONSOLE_BYTE_NS * 10; /* long silence is not saved up */
	cr_assert_geq(flood(), CONSOLE_BURST);
	cr_assert_gt(console_writes_from(d), fake_tsc);
}

Test(console, the_end_does_not_wait)
{
	static u8 out[1 << 16];

	flood();
	console_flush(d);
	cr_assert_eq(frames_sent(PV_LINE_CONSOLE_OUT, out), PV_CONSOLE_RING_OUT_SIZE);
}

/* ---- input ---- */

Test(console, input_reaches_the_ring)
{
	host_types("ls\n", 3);
	cr_assert_eq(ring->in_prod, 3);
	cr_assert_eq(memcmp(ring->in, "ls\n", 3), 0);
	cr_assert(told_guest());
	cr_assert_eq(credit_sent(), 3);
}

Test(console, credit_is_the_room_there_is)
{
	u8 bytes[2048];

	console_allow_input(d);
	cr_assert_eq(credit_sent(), 2048);
	memset(bytes, 'x', sizeof(bytes));
	host_types(bytes, 2048);
	cr_assert_eq(ring->in_prod, PV_CONSOLE_RING_IN_SIZE);
	cr_assert_eq(credit_sent(), 2048 + PV_CONSOLE_RING_IN_SIZE);
	/* More than was allowed: lost, and nothing else is harmed. */
	host_types(bytes, 2048);
	ring->in_cons = ring->in_prod;
	cr_assert_eq(evtchn_send(d, port), 0);
	cr_assert_eq(ring->in_prod, 2 * PV_CONSOLE_RING_IN_SIZE);
	ring->in_cons = ring->in_prod;
	cr_assert_eq(evtchn_send(d, port), 0);
	cr_assert_eq(ring->in_prod, 2048 + 1024);
}

Test(console, nonsense_in_the_input_index_stops_input_only)
{
	u8 out[16];

	ring->in_cons = 77;
	host_types("abc", 3);
	cr_assert_eq(ring->in_prod, 0);
	guest_writes("ok", 2);
	cr_assert_eq(evtchn_send(d, port), 0);
	cr_assert_eq(frames_sent(PV_LINE_CONSOLE_OUT, out), 2);
	ring->in_cons = 0;
	cr_assert_eq(evtchn_send(d, port), 0);
	cr_assert_eq(ring->in_prod, 3);
}

Test(console, input_can_be_read_by_a_call)
{
	char bytes[8];

	ring->in_cons = 5000; /* as a guest that never looks at the ring */
	host_types("abcdefghij", 10);
	cr_assert_eq(console_read(d, bytes, 8), 8);
	cr_assert_eq(memcmp(bytes, "abcdefgh", 8), 0);
	cr_assert_eq(console_read(d, bytes, 8), 2);
	cr_assert_eq(console_read(d, bytes, 8), 0);
	cr_assert_eq(credit_sent(), 10);
}

Test(console, input_for_nobody_is_dropped)
{
	static const u16 wrong[] = { 0, 2, PV_DOMID_SELF, 0xffff };
	struct pv_line_header h;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		line_header_make(&h, PV_LINE_CONSOLE_IN, wrong[i], 1);
		memcpy(typed + typed_size, &h, sizeof(h));
		typed_size += sizeof(h);
		typed[typed_size++] = 'x';
	}
	console_poll();
	cr_assert_eq(ring->in_prod, 0);
}

Test(console, requests_go_to_control)
{
	struct pv_line_header h;

	for (u8 type = PV_LINE_REQUEST; type < PV_LINE_REQUEST + 2; type++) {
		line_header_make(&h, type, 0, 3);
		memcpy(typed + typed_size, &h, sizeof(h));
		memcpy(typed + typed_size + sizeof(h), (u8[]){ 'a', 's', 'k' }, 3);
		typed_size += sizeof(h) + 3;
	}
	console_poll();
	cr_assert_eq(requests, 1, "replies are not for us");
}

/* ---- frames ---- */

Test(console, frames_are_found_in_rubbish)
{
	static struct line_decoder decoder;
	u64 random = 1;

	for (int round = 0; round < 2000; round++) {
		struct pv_line_header h;
		u8 bytes[64];
		size_t size = 0, rubbish;
		u32 found = 0;

		random = random * 6364136223846793005UL + 1442695040888963407UL;
		rubbish = (random >> 33) % 20;
		for (size_t i = 0; i < rubbish; i++) {
			random = random * 6364136223846793005UL + 1442695040888963407UL;
			bytes[size++] = (random >> 40) % 3 == 0 ? PV_LINE_SYNC : (u8)(random >> 50);
		}
		line_header_make(&h, PV_LINE_CONSOLE_IN, 1, 3);
		memcpy(bytes + size, &h, sizeof(h));
		memcpy(bytes + size + sizeof(h), (u8[]){ 'a', 'b', 'c' }, 3);
		size += sizeof(h) + 3;
		decoder.have = 0;
		for (size_t i = 0; i < size; i++) {
			if (line_decode(&decoder, bytes[i])) {
				found++;
				cr_assert_eq(memcmp(decoder.payload, "abc", 3), 0);
			}
		}
		cr_assert_eq(found, 1);
	}
}

Test(console, a_header_with_any_bit_wrong_is_none)
{
	struct pv_line_header h;

	line_header_make(&h, PV_LINE_CONSOLE_IN, 513, 1027);
	cr_assert(line_header_ok(&h));
	for (u32 bit = 0; bit < sizeof(h) * 8; bit++) {
		struct pv_line_header bad = h;

		((u8 *)&bad)[bit / 8] ^= (u8)(1U << (bit % 8));
		cr_assert_not(line_header_ok(&bad));
	}
	line_header_make(&h, PV_LINE_CONSOLE_IN, 1, PV_LINE_PAYLOAD_MAX + 1);
	cr_assert_not(line_header_ok(&h));
}

Test(console, states_and_good_bye)
{
	struct pv_line_domain state;
	u32 how;

	d->shutdown_reason = 3;
	line_domain_state(d, PV_DOMAIN_STATE_SHUTDOWN, "why");
	cr_assert_eq(frames_sent(PV_LINE_DOMAIN, (u8 *)&state), sizeof(state));
	cr_assert_eq(state.domid, 1);
	cr_assert_eq(state.reason, 3);
	cr_assert_str_eq(state.name, "one");
	cr_assert_str_eq(state.text, "why");
	line_bye(PV_LINE_BYE_DONE);
	cr_assert_eq(frames_sent(PV_LINE_BYE, (u8 *)&how), 4);
	cr_assert_eq(how, PV_LINE_BYE_DONE);
	how = (u32)sent_size;
	line_send(PV_LINE_OOPS, 1, "x", 1);
	cr_assert_eq(sent_size, how, "nothing follows the good-bye");
}

/* ---- without a line ---- */

Test(console_text, whole_lines_with_the_name_before_them)
{
	console_write(d, "half", 4);
	cr_assert_eq(text_size, 0);
	console_write(d, " a line\r\nand a", 14);
	cr_assert_eq(text_size, strlen("one| half a line\n"));
	cr_assert_eq(memcmp(text, "one| half a line\n", text_size), 0);
	console_flush(d);
	cr_assert_eq(text_size, strlen("one| half a line\none| and a\n"));
	cr_assert_eq(sent_size, 0);
}

Test(console_text, com1_is_the_first_domains)
{
	typed[0] = 'q';
	typed_size = 1;
	console_poll();
	cr_assert_eq(ring->in_prod, 1);
	cr_assert_eq(ring->in[0], 'q');
}
