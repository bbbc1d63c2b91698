/*
 * The log ring and its sinks. The lock is the last in the order of lock.h. It
 * is waited for with a bound: a line printed twice or torn is better than a
 * CPU that never says why it stopped.
 */
#include "lib/log.h"

#include <stdarg.h>

#include "lib/lock.h"
#include "lib/printf.h"
#include "lib/string.h"

#define LOCK_TRIES        (1U << 24)
#define LIMIT_BURST       16U
#define LIMIT_INTERVAL_NS 500000000ULL

static struct {
	struct spinlock lock;
	bool busted; /* the lock no longer means anything */
	u64 written; /* bytes ever; the ring holds the last of them */
	char ring[LOG_RING_SIZE];
	void (*sinks[LOG_SINKS_MAX])(const char *text, size_t size);
	u32 sink_count;
	u64 (*now_ns)(void);
} log_state;

/* True if the lock is held now and must be released. */
static bool log_lock(void)
{
	for (u32 i = 0; i < LOCK_TRIES && !READ_ONCE(log_state.busted); i++) {
		if (spin_trylock(&log_state.lock)) {
			return true;
		}
		cpu_serve();
	}
	return false;
}

static void log_unlock(bool held)
{
	if (held) {
		spin_unlock(&log_state.lock);
	}
}

static void ring_write(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		log_state.ring[log_state.written++ % LOG_RING_SIZE] = text[i];
	}
}

static void log_emit(const char *text, size_t size)
{
	ring_write(text, size);
	for (u32 i = 0; i < log_state.sink_count; i++) {
		log_state.sinks[i](text, size);
	}
}

void log_raw(const char *text, size_t size)
{
	bool held = log_lock();

	log_emit(text, size);
	log_unlock(held);
}

static const char *level_mark(enum log_level level)
{
	switch (level) {
	case LOG_ERROR:
		return "error: ";
	case LOG_WARN:
		return "warning: ";
	default:
		return "";
	}
}

static u64 log_now_ns(void)
{
	return log_state.now_ns == NULL ? 0 : log_state.now_ns();
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char line[LOG_LINE_MAX];
	u64 us = log_now_ns() / 1000;
	size_t length;
	va_list args;
	int body;

	length = string_format(line, sizeof(line), "[%5lu.%06lu] %s", (unsigned long)(us / 1000000),
			       (unsigned long)(us % 1000000), level_mark(level));
	va_start(args, fmt);
	body = vsnprintf(line + length, sizeof(line) - length, fmt, args);
	va_end(args);
	length = MIN(length + (size_t)body, sizeof(line) - 2);
	line[length++] = '\n';
	log_raw(line, length);
}

/* Bytes [from, log_state.written) of all ever written, in at most two pieces. */
static void ring_replay(u64 from, void (*write)(const char *text, size_t size))
{
	while (from < log_state.written) {
		size_t start = from % LOG_RING_SIZE;
		size_t size = MIN(log_state.written - from, LOG_RING_SIZE - start);

		write(&log_state.ring[start], size);
		from += size;
	}
}

void log_add_sink(void (*write)(const char *text, size_t size))
{
	bool held = log_lock();

	if (log_state.sink_count < LOG_SINKS_MAX) {
		ring_replay(log_state.written - MIN(log_state.written, LOG_RING_SIZE), write);
		log_state.sinks[log_state.sink_count++] = write;
	}
	log_unlock(held);
}

void log_set_clock(u64 (*now_ns)(void))
{
	log_state.now_ns = now_ns;
}

void log_bust_lock(void)
{
	WRITE_ONCE(log_state.busted, true);
}

size_t log_read(char *buf, size_t size)
{
	bool held = log_lock();
	u64 from;

	size = MIN(size, MIN(log_state.written, LOG_RING_SIZE));
	from = log_state.written - size;
	for (size_t i = 0; i < size; i++) {
		buf[i] = log_state.ring[(from + i) % LOG_RING_SIZE];
	}
	log_unlock(held);
	return size;
}

/*
 * next_ns moves an interval ahead with each message and never lies further
 * than the burst ahead of now. A race between CPUs lets a message more through.
 */
bool log_limit_allows(struct log_limit *limit, u32 *dropped)
{
	u64 now = log_now_ns();
	u64 next = MAX(READ_ONCE(limit->next_ns), now);

	if (next - now > (LIMIT_BURST - 1) * LIMIT_INTERVAL_NS) {
		__atomic_fetch_add(&limit->dropped, 1, __ATOMIC_RELAXED);
		return false;
	}
	WRITE_ONCE(limit->next_ns, next + LIMIT_INTERVAL_NS);
	*dropped = __atomic_exchange_n(&limit->dropped, 0, __ATOMIC_RELAXED);
	return true;
}
