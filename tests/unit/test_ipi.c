/*
 * cpu/ipi.c: every call is done once by each receiver before its sender goes
 * on, with all CPUs (threads here) calling at once. The file is taken in whole,
 * since its cpu_serve() and cpu_other_cycles() would meet those of tests/fake.
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <threads.h>
#include <stdlib.h>

#define cpu_serve        ipi_cpu_serve
#define cpu_other_cycles ipi_cpu_other_cycles
#include "../../hypervisor/cpu/ipi.c"

#define CPUS   4
#define ROUNDS 20000

u32 cpu_apic_id[HV_MAX_CPUS];
bool cpu_is_tcg;
static u32 interrupts;
static u32 finished;
static u64 done[CPUS][CPUS]; /* [sender][receiver] */
static u64 expected[CPUS][CPUS];

void lapic_send_ipi(u32 apic_id, u8 vector)
{
	cr_assert_eq(vector, CPU_VECTOR_CALL);
	__atomic_fetch_add(&interrupts, 1, __ATOMIC_RELAXED);
}

static void count(void *arg)
{
	u64 *row = arg;

	row[cpu_id()]++;
}

static void take_cycles(void *arg)
{
	(void)arg;
	fake_tsc += 700;
}

/* What a CPU answers while it waits is not its own work. */
Test(ipi, answers_are_work_for_others)
{
	u64 before;

	fake_cpu_info.cpu = 1;
	before = *ipi_cpu_other_cycles();
	mailboxes[0].fn = take_cycles;
	mailboxes[0].pending = 2;
	mailboxes[1].wanted = 1;
	ipi_cpu_serve();
	cr_assert_eq(mailboxes[0].pending, 0);
	cr_assert_eq(*ipi_cpu_other_cycles() - before, 700);
	ipi_cpu_serve();
	cr_assert_eq(*ipi_cpu_other_cycles() - before, 700, "there was nothing to answer");
}

static void call_at_random(u32 me)
{
	unsigned int seed = me + 1;

	for (u32 round = 0; round < ROUNDS; round++) {
		u64 mask = (u64)rand_r(&seed) & ((1U << CPUS) - 1);

		for (u32 cpu = 0; cpu < CPUS; cpu++) {
			expected[me][cpu] += cpu != me && (mask >> cpu & 1);
		}
		ipi_call_cpus(mask, count, done[me]);
		for (u32 cpu = 0; cpu < CPUS; cpu++) {
			cr_assert_eq(done[me][cpu], expected[me][cpu]);
		}
	}
}

static void *run_cpu(void *arg)
{
	fake_cpu_info.cpu = (u32)(uintptr_t)arg;
	ipi_init_cpu();
	while (READ_ONCE(ready_cpus) != (1U << CPUS) - 1) {
		thrd_yield();
	}
	call_at_random(fake_cpu_info.cpu);
	__atomic_fetch_add(&finished, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&finished, __ATOMIC_SEQ_CST) != CPUS) {
		ipi_cpu_serve();
		thrd_yield();
	}
	return NULL;
}

Test(ipi, all_call_all, .timeout = 60)
{
	pthread_t threads[CPUS];

	for (uintptr_t cpu = 0; cpu < CPUS; cpu++) {
		pthread_create(&threads[cpu], NULL, run_cpu, (void *)cpu);
	}
	for (u32 cpu = 0; cpu < CPUS; cpu++) {
		pthread_join(threads[cpu], NULL);
		cr_assert_eq(mailboxes[cpu].wanted, 0);
	}
	cr_assert_gt(interrupts, 0);
}

Test(ipi, cpus_that_are_not_ready_are_left_out)
{
	fake_cpu_info.cpu = 0;
	ipi_init_cpu();
	ipi_call_cpus(UINT64_MAX, count, done[0]);
	cr_assert_eq(interrupts, 0);
}
