/*
 * neighbour: fills its memory with a pattern and checks it again and again,
 * while some other domain misbehaves. Command line: "seconds=N" (5), or "until=DOMID":
 * until that domain sends an event to the port that waits for it; "every=MS" (100),
 * "pages=N" (all but a few). Prints
 *	neighbour: alive K checks
 * and powers off; a page that is not as it was ends in "neighbour: page P ..."
 * and the reason "crash".
 */
#include <stdint.h>

#include "cpu.h"
#include "events.h"
#include "page.h"
#include "power.h"
#include "printf.h"
#include "start.h"
#include "timer.h"

#define NS_PER_SECOND 1000000000ul
#define NS_PER_MS     1000000ul
#define SPARE_PAGES   64
#define WORDS         (KIT_PAGE_SIZE / sizeof(uint64_t))

/* The first word of each page leads to the page before; the rest is pattern. */
static uint64_t *last_page;
static unsigned long page_count;

static uint64_t pattern(const uint64_t *word)
{
	return (uint64_t)(uintptr_t)word * 0x9e3779b97f4a7c15ul ^ start_info->shared_info;
}

static void fill(unsigned long pages)
{
	for (page_count = 0; page_count < pages && page_free_count() > SPARE_PAGES; page_count++) {
		uint64_t *page = page_alloc();

		for (unsigned i = 1; i < WORDS; i++) {
			page[i] = pattern(&page[i]);
		}
		page[0] = (uintptr_t)last_page;
		last_page = page;
	}
}

static bool check(void)
{
	unsigned long left = page_count;

	for (uint64_t *page = last_page; page != NULL; page = (uint64_t *)page[0]) {
		for (unsigned i = 1; i < WORDS; i++) {
			if (page[i] != pattern(&page[i])) {
				printf("neighbour: page %p word %u is 0x%lx\n", (void *)page, i,
				       page[i]);
				return false;
			}
		}
		left--;
	}
	if (left != 0) {
		printf("neighbour: %lu pages are lost\n", left);
	}
	return left == 0;
}

static volatile bool was_told;

static void hear(unsigned port, void *arg)
{
	(void)port;
	(void)arg;
	was_told = true;
}

/* Until when it watches, unless it is told to end. */
static uint64_t find_end(void)
{
	unsigned long other = start_option_number("until", 0);

	if (other == 0) {
		return timer_now_ns() + start_option_number("seconds", 5) * NS_PER_SECOND;
	}
	if (events_alloc_unbound((unsigned)other, hear, NULL) < 0) {
		power_panic("no port");
	}
	return ~0ul;
}

int main(void)
{
	uint64_t pause = start_option_number("every", 100) * NS_PER_MS;
	unsigned long checks = 0;
	uint64_t end;

	fill(start_option_number("pages", ~0ul));
	end = find_end();
	printf("neighbour: watches %lu pages\n", page_count);
	while (timer_now_ns() < end && !was_told) {
		if (!check()) {
			return 1;
		}
		checks++;
		timer_sleep_ns(pause);
	}
	printf("neighbour: alive %lu checks\n", checks);
	return 0;
}
