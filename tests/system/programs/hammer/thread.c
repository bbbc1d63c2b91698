/*
 * Threads: a mutex and a condition variable contended by all, atomics, thread
 * locals, threads that map and unmap beside each other (TLB shootdown between
 * vCPUs), and many short-lived threads.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "hammer.h"

#define THREADS 6
#define TURNS   40

struct ring {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	unsigned int turn;
	unsigned int passes;
};

struct worker {
	struct ring *ring;
	unsigned int number;
	atomic_ulong *total;
};

static __thread uint64_t local_sum;

/* Passes the turn round the ring, TURNS times. */
static void take_turns(const struct worker *worker)
{
	struct ring *ring = worker->ring;

	for (unsigned int i = 0; i < TURNS; i++) {
		CHECK(pthread_mutex_lock(&ring->lock) == 0);
		while (ring->turn != worker->number) {
			CHECK(pthread_cond_wait(&ring->moved, &ring->lock) == 0);
		}
		ring->turn = (ring->turn + 1) % THREADS;
		ring->passes++;
		CHECK(pthread_cond_broadcast(&ring->moved) == 0);
		CHECK(pthread_mutex_unlock(&ring->lock) == 0);
	}
}

/* A page that another CPU still has in its TLB would show the old contents. */
static void map_and_unmap(unsigned int number)
{
	for (unsigned int i = 0; i < 25; i++) {
		unsigned char *memory = mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE,
					     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		CHECK(memory != MAP_FAILED);
		for (size_t page = 0; page < 8; page++) {
			CHECK(memory[page * 4096] == 0);
			memory[page * 4096] = (unsigned char)(number + 1);
		}
		CHECK(mprotect(memory, 4 * 4096, PROT_READ) == 0);
		CHECK(memory[0] == (unsigned char)(number + 1));
		CHECK(munmap(memory, 8 * 4096) == 0);
	}
}

static void *work(void *argument)
{
	const struct worker *worker = argument;

	take_turns(worker);
	map_and_unmap(worker->number);
	for (unsigned int i = 0; i < 1000; i++) {
		local_sum += i * worker->number;
		atomic_fetch_add(worker->total, i);
	}
	CHECK(local_sum == 499500UL * worker->number);
	return (void *)(uintptr_t)local_sum;
}

static void *short_life(void *argument)
{
	return (void *)((uintptr_t)argument * 3);
}

static uint64_t one_round(void)
{
	struct ring ring = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0 };
	struct worker workers[THREADS];
	pthread_t threads[THREADS];
	atomic_ulong total = 0;
	uint64_t sum = 0;

	for (unsigned int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ &ring, i, &total };
		CHECK(pthread_create(&threads[i], NULL, work, &workers[i]) == 0);
	}
	for (unsigned int i = 0; i < THREADS; i++) {
		void *result;

		CHECK(pthread_join(threads[i], &result) == 0);
		sum += (uintptr_t)result;
	}
	CHECK(ring.passes == THREADS * TURNS);
	CHECK(atomic_load(&total) == THREADS * 499500UL);
	for (uintptr_t i = 0; i < 50; i++) {
		pthread_t thread;
		void *result;

		CHECK(pthread_create(&thread, NULL, short_life, (void *)i) == 0);
		CHECK(pthread_join(thread, &result) == 0);
		CHECK((uintptr_t)result == i * 3);
	}
	return sum;
}

uint64_t hammer_thread(unsigned int rounds)
{
	uint64_t result = 0;

	for (unsigned int round = 0; round < rounds; round++) {
		result += one_round();
	}
	return result;
}
