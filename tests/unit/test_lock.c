/* lib/lock.c: who waits for a lock gets it in turn, and knows how long that was. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <threads.h>

#include <seam/cpu.h>

#include "lib/lock.h"

static struct spinlock lock = SPINLOCK_INIT;

static void *take_it(void *cycles)
{
	u64 before = *cpu_other_cycles();

	spin_lock(&lock);
	spin_unlock(&lock);
	*(u64 *)cycles = *cpu_other_cycles() - before;
	return NULL;
}

Test(lock, a_wait_is_work_for_others)
{
	u64 cycles = 0;
	pthread_t thread;

	spin_lock(&lock);
	cr_assert_eq(pthread_create(&thread, NULL, take_it, &cycles), 0);
	while (READ_ONCE(lock.next) != 2) {
		thrd_yield();
	}
	/* It has its ticket; that it has looked at the clock too can only be waited for. */
	thrd_sleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	__atomic_fetch_add(&fake_tsc, 123, __ATOMIC_SEQ_CST);
	spin_unlock(&lock);
	pthread_join(thread, NULL);
	cr_assert_eq(cycles, 123);
}

Test(lock, a_free_lock_costs_no_wait)
{
	u64 before = *cpu_other_cycles();

	fake_tsc += 5;
	spin_lock(&lock);
	spin_unlock(&lock);
	cr_assert_eq(*cpu_other_cycles(), before);
}
