/* domain/timer.c: order, the alarm, moves between CPUs; and lib/scale.c. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>

#include <seam/cpu.h>

#include "domain/timer.h"
#include "fake_clock.h"
#include "lib/scale.h"

#define MANY 500

static u64 fired_at[MANY];
static u32 fired_count;
static struct timer timers[MANY];

static void note(void *arg)
{
	struct timer *t = arg;

	cr_assert_not(timer_is_set(t));
	cr_assert_leq(t->deadline_ns, fake_tsc, "early");
	fired_at[fired_count++] = t->deadline_ns;
}

static void start(void)
{
	for (u32 cpu = 0; cpu < 2; cpu++) {
		fake_cpu_info.cpu = cpu;
		timer_init_cpu();
	}
	fake_cpu_info.cpu = 0;
	fake_cpu_info.work = 0;
	for (u32 i = 0; i < MANY; i++) {
		timer_init(&timers[i], note, &timers[i]);
	}
}

TestSuite(timer, .init = start);

Test(timer, fires_in_order)
{
	srand(1);
	for (u32 i = 0; i < MANY; i++) {
		timer_set(&timers[i], 1000 + (u64)(rand() % 1000));
	}
	fake_tsc = 1499;
	timer_run();
	for (u32 i = 0; i < MANY; i++) {
		cr_assert_eq(timer_is_set(&timers[i]), timers[i].deadline_ns > 1499);
	}
	fake_tsc = 5000;
	timer_run();
	cr_assert_eq(fired_count, MANY);
	for (u32 i = 1; i < MANY; i++) {
		cr_assert_leq(fired_at[i - 1], fired_at[i]);
	}
}

Test(timer, random_sets_and_stops)
{
	u32 set = 0;

	srand(2);
	for (u32 round = 0; round < 20000; round++) {
		struct timer *t = &timers[rand() % MANY];

		if (rand() % 3 == 0) {
			timer_stop(t);
		} else {
			timer_set(t, fake_tsc + 1 + (u64)(rand() % 5000));
		}
		if (rand() % 50 == 0) {
			fake_tsc += (u64)(rand() % 2000);
			fired_count = 0;
			timer_run();
			for (u32 i = 1; i < fired_count; i++) {
				cr_assert_leq(fired_at[i - 1], fired_at[i]);
			}
			for (u32 i = 0; i < MANY; i++) {
				cr_assert(!timer_is_set(&timers[i]) ||
					  timers[i].deadline_ns > fake_tsc);
			}
		}
	}
	for (u32 i = 0; i < MANY; i++) {
		set += timer_is_set(&timers[i]);
	}
	fired_count = 0;
	fake_tsc += 10000;
	timer_run();
	cr_assert_eq(fired_count, set);
}

Test(timer, alarm_follows_only_earlier)
{
	timer_set(&timers[0], 1000);
	cr_assert_eq(fake_alarm_ns, 1000);
	timer_set(&timers[1], 2000);
	cr_assert_eq(fake_alarm_count, 1);
	timer_set(&timers[1], 500);
	cr_assert_eq(fake_alarm_ns, 500);
	timer_set(&timers[1], 3000);
	timer_stop(&timers[0]);
	cr_assert_eq(fake_alarm_count, 2);
	fake_tsc = 500;
	fake_cpu_info.work |= CPU_WORK_TIMER;
	timer_run();
	cr_assert_eq(fake_cpu_info.work, 0);
	cr_assert_eq(fired_count, 0);
	cr_assert_eq(fake_alarm_ns, 3000);
}

/* A CPU that runs something is not bothered with it, one that waits is not woken for nothing. */
Test(timer, waiting_is_for_the_next_alone)
{
	timer_set(&timers[0], 1000);
	timer_set(&timers[0], 3000);
	cr_assert_eq(fake_alarm_ns, 1000);
	timer_wait();
	cr_assert_eq(fake_alarm_ns, 3000);
	timer_wait();
	cr_assert_eq(fake_alarm_count, 2, "it is set already");
	timer_set(&timers[1], 2000);
	cr_assert_eq(fake_alarm_ns, 2000);
	timer_stop(&timers[1]);
	timer_stop(&timers[0]);
	timer_wait();
	cr_assert_eq(fake_alarm_ns, UINT64_MAX);
	timer_set(&timers[0], 4000);
	cr_assert_eq(fake_alarm_ns, 4000);
}

Test(timer, early_interrupt_sets_it_again)
{
	timer_set(&timers[0], 1000);
	fake_tsc = 900;
	fake_cpu_info.work |= CPU_WORK_TIMER;
	timer_run();
	cr_assert_eq(fired_count, 0);
	cr_assert_eq(fake_alarm_count, 2);
	cr_assert_eq(fake_alarm_ns, 1000);
}

Test(timer, past_deadline_is_work)
{
	fake_tsc = 1000;
	timer_set(&timers[0], 10);
	cr_assert_eq(fake_cpu_info.work, CPU_WORK_TIMER);
	cr_assert_eq(fired_count, 0);
	timer_run();
	cr_assert_eq(fired_count, 1);
}

static void again(void *arg)
{
	fired_count++;
	timer_set(arg, fake_tsc + 100);
	timer_stop(arg);
	timer_set(arg, fake_tsc + 200);
}

Test(timer, fire_may_set_itself)
{
	timer_init(&timers[0], again, &timers[0]);
	timer_set(&timers[0], 100);
	fake_tsc = 100;
	timer_run();
	cr_assert_eq(fired_count, 1);
	cr_assert_eq(fake_alarm_ns, 300);
}

Test(timer, moves_to_the_cpu_that_sets_it)
{
	timer_set(&timers[0], 1000);
	fake_cpu_info.cpu = 1;
	timer_set(&timers[0], 1500);
	cr_assert_eq(timers[0].cpu, 1);
	fake_tsc = 2000;
	fake_cpu_info.cpu = 0;
	timer_run();
	cr_assert_eq(fired_count, 0);
	fake_cpu_info.cpu = 1;
	timer_run();
	cr_assert_eq(fired_count, 1);
}

static u32 slow_state;

static void slow(void *arg)
{
	__atomic_store_n(&slow_state, 1, __ATOMIC_SEQ_CST);
	for (int i = 0; i < 20000000; i++) {
		barrier();
	}
	__atomic_store_n(&slow_state, 2, __ATOMIC_SEQ_CST);
}

static void *run_cpu1(void *arg)
{
	fake_cpu_info.cpu = 1;
	timer_set(&timers[0], 0);
	timer_run();
	return NULL;
}

Test(timer, stop_waits_for_fire)
{
	pthread_t thread;

	timer_init(&timers[0], slow, NULL);
	fake_tsc = 1;
	pthread_create(&thread, NULL, run_cpu1, NULL);
	while (__atomic_load_n(&slow_state, __ATOMIC_SEQ_CST) == 0) {
	}
	timer_stop(&timers[0]);
	cr_assert_eq(__atomic_load_n(&slow_state, __ATOMIC_SEQ_CST), 2);
	pthread_join(thread, NULL);
}

/* As the refill of a cap that is deep in debt: sets itself for later at its end. */
static void slow_and_again(void *arg)
{
	slow(NULL);
	timer_set(arg, fake_tsc + 1000);
}

Test(timer, stopped_while_its_fire_sets_it_again)
{
	pthread_t thread;

	timer_init(&timers[0], slow_and_again, &timers[0]);
	fake_tsc = 1;
	pthread_create(&thread, NULL, run_cpu1, NULL);
	while (__atomic_load_n(&slow_state, __ATOMIC_SEQ_CST) == 0) {
	}
	timer_stop(&timers[0]);
	cr_assert_not(timer_is_set(&timers[0]), "its memory may be gone when it fires");
	pthread_join(thread, NULL);
	cr_assert_not(timer_is_set(&timers[0]));
}

Test(scale, one_gigahertz_is_exact)
{
	struct time_scale scale = scale_from_hz(1000000000);

	cr_assert_eq(scale.mul, 1U << 31);
	cr_assert_eq(scale.shift, 1);
	cr_assert_eq(scale_to_ns(scale, 123456789012345), 123456789012345);
}

Test(scale, others_are_close_and_never_fast)
{
	const u64 rates[] = { 1000, 3579545, 999999999, 1000000001, 2394460000, 4999999999 };

	for (u32 i = 0; i < ARRAY_SIZE(rates); i++) {
		struct time_scale scale = scale_from_hz(rates[i]);
		u64 ns = scale_to_ns(scale, rates[i] * 1000);

		cr_assert_geq(scale.mul, 1U << 31);
		cr_assert_leq(ns, 1000000000000, "%lu Hz", rates[i]);
		cr_assert_geq(ns, 1000000000000 - 2000000, "%lu Hz: %lu", rates[i], ns);
	}
}

Test(scale, roundest)
{
	cr_assert_eq(scale_roundest(999998000, 5000), 1000000000);
	cr_assert_eq(scale_roundest(2394455000, 10000), 2394460000);
	cr_assert_eq(scale_roundest(2394455123, 0), 2394455123);
}
