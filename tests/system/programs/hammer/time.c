/*
 * Time: clocks never go back, on whatever CPU they are read, and sleep lasts at
 * least as long as was asked.
 */
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "hammer.h"

#define READERS 4
#define READS   3000

static uint64_t now(void)
{
	struct timespec time;

	CHECK(clock_gettime(CLOCK_MONOTONIC, &time) == 0);
	return (uint64_t)time.tv_sec * 1000000000ULL + (uint64_t)time.tv_nsec;
}

static uint64_t newest;

/* The newest reading of all threads must never be newer than one taken after it. */
static void *read_clock(void *argument)
{
	(void)argument;
	for (int i = 0; i < READS; i++) {
		uint64_t seen = __atomic_load_n(&newest, __ATOMIC_SEQ_CST);
		uint64_t time = now();

		CHECK(time >= seen);
		while (seen < time &&
		       !__atomic_compare_exchange_n(&newest, &seen, time, 0, __ATOMIC_SEQ_CST,
						    __ATOMIC_SEQ_CST)) {
		}
		if (i % 64 == 0) {
			sched_yield();
		}
	}
	return NULL;
}

uint64_t hammer_time(unsigned int rounds)
{
	for (unsigned int round = 0; round < rounds; round++) {
		struct timespec pause = { .tv_nsec = 5000000 };
		pthread_t readers[READERS];
		uint64_t start;

		for (int i = 0; i < READERS; i++) {
			CHECK(pthread_create(&readers[i], NULL, read_clock, NULL) == 0);
		}
		for (int i = 0; i < READERS; i++) {
			CHECK(pthread_join(readers[i], NULL) == 0);
		}
		start = now();
		CHECK(clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL) == 0);
		CHECK(now() - start >= 5000000);
	}
	return rounds;
}
