/*
 * Console rings. The indices in the page are the guest's to spoil: ours are
 * kept here and only published there, the guest's are read once and bounded.
 *
 *   guest                     hypervisor
 *   writes out[], out_prod    reads out_prod, copies out[], publishes out_cons
 *   reads in_prod, in[]       reads in_cons, fills in[], publishes in_prod
 *
 * Each side sends an event when it has moved an index.
 *
 * What a domain writes has a rate: CONSOLE_BURST bytes at once, then one in CONSOLE_BYTE_NS, for
 * all share one line, and who reads it may keep it. Beyond that nothing is lost: the ring stays full
 * until a timer looks at it, and console_io waits.
 *
 * Lock: domain_console.lock > the line's send lock, the log lock; timer_set() under it. Events are
 * sent without it.
 */
#include "domain/console.h"

#include <parley/console.h>
#include <parley/errno.h>

#include <seam/directmap.h>

#include "channel/evtchn.h"
#include "domain/line.h"
#include "domain/ring_page.h"
#include "domain/sched.h"
#include "domain/timer.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/alloc.h"

#define INPUT_SIZE  2048 /* what may be on its way to the guest, a power of two */
#define CREDIT_STEP 512  /* credit is given back in pieces of this */
#define CHUNK       512  /* bytes copied from a ring at once */
#define LINE_SIZE   160  /* longer lines of text are cut in two */

struct domain_console {
	struct spinlock lock;
	struct domain *domain;
	struct pv_console_ring *ring; /* the guest's page */
	mfn_t frame;
	u32 port;
	u32 out_cons, in_prod; /* what we publish in the ring */

	u8 input[INPUT_SIZE]; /* [input_head, input_tail) wait */
	u32 input_head, input_tail;
	u32 credit_owed; /* taken by the guest, not yet granted again */

	u64 paid_ns;         /* what was written is paid for at this time */
	struct timer resume; /* the ring is looked at again */

	char text[LINE_SIZE]; /* without a line: the text line so far */
	u32 text_size;
};

static u16 first_domid; /* whose gets what is typed on COM1; 0: nobody */

/* Without a control line: whole lines, so that domains do not mix. */
static void text_line_end(struct domain_console *c)
{
	char out[LINE_SIZE + DOMAIN_NAME_MAX + 8];
	size_t size = string_format(out, sizeof(out), "%s| %.*s\n", c->domain->name,
				    (int)c->text_size, c->text);

	log_raw(out, size);
	c->text_size = 0;
}

static void text_write(struct domain_console *c, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\n') {
			text_line_end(c);
			continue;
		}
		if (text[i] == '\r' || text[i] == '\0') {
			continue;
		}
		if (c->text_size == LINE_SIZE) {
			text_line_end(c);
		}
		c->text[c->text_size++] = text[i];
	}
}

/* When the domain may write again: a time that has come, if it may now. */
static u64 writes_from(const struct domain_console *c)
{
	u64 paid = READ_ONCE(c->paid_ns);

	return paid - MIN(paid, CONSOLE_BURST * CONSOLE_BYTE_NS);
}

static void pay(struct domain_console *c, size_t size)
{
	WRITE_ONCE(c->paid_ns, MAX(c->paid_ns, time_now_ns()) + size * CONSOLE_BYTE_NS);
}

/* The lock held; size is 0 .. PV_LINE_PAYLOAD_MAX. */
static void output(struct domain_console *c, const char *text, size_t size)
{
	pay(c, size);
	if (line_is_on()) {
		line_send(PV_LINE_CONSOLE_OUT, c->domain->id, text, size);
	} else {
		text_write(c, text, size);
	}
}

/* Send what the guest has written: true if there was anything. The lock held. */
static bool drain(struct domain_console *c)
{
	u32 prod = READ_ONCE(c->ring->out_prod);
	u32 left = prod - c->out_cons;
	char chunk[CHUNK];

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (left == 0) {
		return false;
	}
	if (left > PV_CONSOLE_RING_OUT_SIZE) {
		left = 0; /* nonsense: catch up with it */
		c->out_cons = prod;
	}
	while (left > 0) {
		u32 at = c->out_cons % PV_CONSOLE_RING_OUT_SIZE;
		u32 n = MIN(MIN(left, PV_CONSOLE_RING_OUT_SIZE - at), CHUNK);

		memcpy(chunk, c->ring->out + at, n);
		output(c, chunk, n);
		c->out_cons += n;
		left -= n;
	}
	__atomic_store_n(&c->ring->out_cons, c->out_cons, __ATOMIC_RELEASE);
	return true;
}

static void give_credit(struct domain_console *c)
{
	bool empty = c->input_head == c->input_tail;

	if (c->credit_owed >= CREDIT_STEP || (empty && c->credit_owed > 0)) {
		line_send(PV_LINE_CREDIT, c->domain->id, &c->credit_owed, sizeof(c->credit_owed));
		c->credit_owed = 0;
	}
}

/* Take up to size bytes from the buffer of what waits. The lock held. */
static u32 input_take(struct domain_console *c, char *to, u32 size)
{
	u32 n = MIN(c->input_tail - c->input_head, size);

	for (u32 i = 0; i < n; i++) {
		to[i] = (char)c->input[c->input_head++ % INPUT_SIZE];
	}
	c->credit_owed += n;
	return n;
}

/* Move input into the ring as there is room: true if anything moved. The lock held. */
static bool feed(struct domain_console *c)
{
	u32 used = c->in_prod - READ_ONCE(c->ring->in_cons);
	bool moved = false;

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	while (used < PV_CONSOLE_RING_IN_SIZE && c->input_head != c->input_tail) {
		u32 at = c->in_prod % PV_CONSOLE_RING_IN_SIZE;
		u32 room = MIN(PV_CONSOLE_RING_IN_SIZE - used, PV_CONSOLE_RING_IN_SIZE - at);
		u32 n = input_take(c, c->ring->in + at, room);

		c->in_prod += n;
		used += n;
		moved = true;
	}
	if (moved) {
		__atomic_store_n(&c->ring->in_prod, c->in_prod, __ATOMIC_RELEASE);
		give_credit(c);
	}
	return moved;
}

/* As drain(), if the domain may write now; else later. The lock held. */
static bool drain_or_wait(struct domain_console *c)
{
	u64 from = writes_from(c);

	if (likely(from <= time_now_ns())) {
		return drain(c);
	}
	if (!timer_is_set(&c->resume)) {
		timer_set(&c->resume, from);
	}
	return false;
}

/* This CPU's guest is not to pay for another's output. */
static void resume_fire(void *arg)
{
	struct domain_console *c = arg;
	u64 before = time_now_ns();
	bool moved;

	spin_lock(&c->lock);
	moved = drain_or_wait(c);
	spin_unlock(&c->lock);
	if (moved) {
		evtchn_set_pending(c->domain, c->port);
	}
	sched_discount(time_now_ns() - before);
}

/* The guest sent on its console port. */
static void notified(void *arg)
{
	struct domain_console *c = arg;
	bool moved;

	spin_lock(&c->lock);
	moved = drain_or_wait(c);
	moved |= feed(c);
	spin_unlock(&c->lock);
	if (moved) {
		evtchn_set_pending(c->domain, c->port);
	}
}

int console_init_domain(struct domain *d, void *ring, u32 *port)
{
	struct domain_console *c = heap_alloc(sizeof(*c));
	int rc;

	if (c == NULL) {
		return -PV_ENOMEM;
	}
	c->domain = d;
	c->ring = ring;
	c->frame = virt_to_mfn(ring);
	timer_init(&c->resume, resume_fire, c);
	rc = ring_page_hold(d, c->frame);
	if (rc < 0) {
		goto free_console;
	}
	rc = evtchn_alloc_hypervisor(d, notified, c);
	if (rc < 0) {
		goto release;
	}
	c->port = (u32)rc;
	*port = c->port;
	d->console = c;
	if (first_domid == 0) {
		first_domid = d->id;
	}
	return 0;

release:
	ring_page_release(d, c->frame);
free_console:
	heap_free(c, sizeof(*c));
	return rc;
}

void console_fini_domain(struct domain *d)
{
	struct domain_console *c = d->console;

	if (c == NULL) {
		return;
	}
	if (first_domid == d->id) {
		first_domid = 0;
	}
	d->console = NULL;
	timer_stop(&c->resume);
	ring_page_release(d, c->frame);
	heap_free(c, sizeof(*c));
}

mfn_t console_ring(const struct domain *d)
{
	return d->console == NULL ? MFN_INVALID : d->console->frame;
}

void console_allow_input(struct domain *d)
{
	u32 credit = INPUT_SIZE;

	line_send(PV_LINE_CREDIT, d->id, &credit, sizeof(credit));
}

u64 console_writes_from(const struct domain *d)
{
	return d->console == NULL ? 0 : writes_from(d->console);
}

void console_write(struct domain *d, const char *text, size_t size)
{
	struct domain_console *c = d->console;
	bool moved;

	if (c == NULL) {
		return;
	}
	spin_lock(&c->lock);
	moved = drain(c);
	for (size_t done = 0; done < size;) {
		size_t n = MIN(size - done, PV_LINE_PAYLOAD_MAX);

		output(c, text + done, n);
		done += n;
	}
	spin_unlock(&c->lock);
	if (moved) {
		evtchn_set_pending(d, c->port);
	}
}

size_t console_read(struct domain *d, char *buf, size_t size)
{
	struct domain_console *c = d->console;
	u32 n;

	if (c == NULL) {
		return 0;
	}
	spin_lock(&c->lock);
	n = input_take(c, buf, (u32)MIN(size, INPUT_SIZE));
	if (n > 0) {
		give_credit(c);
	}
	spin_unlock(&c->lock);
	return n;
}

void console_flush(struct domain *d)
{
	struct domain_console *c = d->console;

	if (c == NULL) {
		return;
	}
	spin_lock(&c->lock);
	(void)drain(c);
	if (c->text_size > 0) {
		text_line_end(c);
	}
	spin_unlock(&c->lock);
}

void console_input(struct domain *d, const u8 *bytes, size_t size)
{
	struct domain_console *c = d->console;
	bool moved;

	if (c == NULL) {
		return;
	}
	spin_lock(&c->lock);
	for (size_t i = 0; i < size && c->input_tail - c->input_head < INPUT_SIZE; i++) {
		c->input[c->input_tail++ % INPUT_SIZE] = bytes[i];
	}
	moved = feed(c);
	spin_unlock(&c->lock);
	if (moved) {
		evtchn_set_pending(d, c->port);
	}
}

void console_input_first(u8 byte)
{
	struct domain *d = first_domid == 0 ? NULL : domain_find(first_domid);

	if (d != NULL) {
		console_input(d, &byte, 1);
	}
}

void console_poll(void)
{
	line_poll();
}
