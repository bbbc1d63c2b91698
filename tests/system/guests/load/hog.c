/*
 * hog: works without a pause. Its unit of work is a fixed number of instructions; the
 * shortest time that one took tells what a whole CPU would have done, of which it
 * prints its share in millionths:
 *	hog: vcpu 0: work 24900, 249125 ppm
 * With the word "masked" it works with upcalls masked, as a kernel does that holds a lock.
 */
#include "load.h"

#include "cpu.h"
#include "events.h"
#include "printf.h"
#include "smp.h"
#include "start.h"
#include "timer.h"

#define UNIT_LOOPS 5000u

static struct {
	unsigned long work;
	uint64_t unit_ns; /* the shortest */
} results[KIT_MAX_VCPUS];

static void unit(void)
{
	unsigned loops = UNIT_LOOPS;

	__asm__ volatile("1: dec %0; jnz 1b" : "+r"(loops)::"cc");
}

static void hog(void *arg)
{
	uint64_t end = load_end(), before, after, shortest = ~0ul;
	bool masked = start_option("masked", NULL);
	unsigned long work = 0;

	timer_sleep_ns(load_start() - timer_now_ns());
	if (masked) {
		events_disable();
	}
	for (before = timer_now_ns(); before < end; before = after, work++) {
		unit();
		/* Where one thread emulates all CPUs, it goes on to the next here. */
		cpu_pause();
		after = timer_now_ns();
		shortest = after - before < shortest ? after - before : shortest;
	}
	if (masked) {
		events_enable();
	}
	results[cpu_current()->id].work = work;
	results[cpu_current()->id].unit_ns = shortest;
}

bool load_hog(void)
{
	uint64_t span = load_end() - load_start();

	if (timer_now_ns() > load_start()) {
		printf("hog: the start is over\n");
		return false;
	}
	if (!load_on_all(hog)) {
		return false;
	}
	for (unsigned id = 0; id < smp_count(); id++) {
		printf("hog: vcpu %u: work %lu, %lu ppm\n", id, results[id].work,
		       results[id].work * results[id].unit_ns / (span / 1000000));
	}
	return true;
}
