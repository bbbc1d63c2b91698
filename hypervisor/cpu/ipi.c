/*
 * Calls between CPUs. The sender fills its own slot, sets its bit in the word
 * of each receiver, and interrupts those whose word was empty: where it was not,
 * whoever set the first bit has sent, or is about to send, the interrupt. The
 * receiver takes the whole word at once and clears its bit of the slot's
 * `pending` when it is done. Barriers: the bit in `wanted` (release) makes the
 * slot visible to the exchange (acquire); `pending` the other way round.
 */
#include "cpu/ipi.h"

#include <seam/cpu.h>

#include "cpu/features.h"
#include "cpu/percpu.h"
#include "cpu/vectors.h"
#include "drivers/lapic.h"
#include "lib/lock.h"

static struct {
	/* written by the sender only */
	void (*fn)(void *arg);
	void *arg;
	u64 pending; /* receivers that have not yet done it */
	u32 rounds;  /* of waiting */
	u64 others;  /* cpu_other_cycles(): this CPU only */
	/* written by all */
	u64 wanted aligned_to(64); /* senders that want this CPU */
} aligned_to(64) mailboxes[HV_MAX_CPUS];

#define TCG_PAUSE_ROUNDS 256

static u64 ready_cpus; /* take calls */

void ipi_init_cpu(void)
{
	__atomic_fetch_or(&ready_cpus, 1ULL << cpu_id(), __ATOMIC_SEQ_CST);
}

static void answer(u32 sender, u64 me)
{
	mailboxes[sender].fn(mailboxes[sender].arg);
	__atomic_fetch_and(&mailboxes[sender].pending, ~me, __ATOMIC_RELEASE);
}

/*
 * One PAUSE, or in QEMU's emulator one in many rounds: there each is an exit to
 * its main loop under its one big lock, which the CPU that we wait for needs too.
 * Some there must be, for with -icount all CPUs take turns in one thread.
 */
static void relax(u32 cpu)
{
	if (!cpu_is_tcg || ++mailboxes[cpu].rounds % TCG_PAUSE_ROUNDS == 0) {
		cpu_relax();
	}
}

u64 *cpu_other_cycles(void)
{
	return &mailboxes[cpu_id()].others;
}

void cpu_serve(void)
{
	u32 cpu = cpu_id();
	u64 wanted, began;

	relax(cpu);
	if (READ_ONCE(mailboxes[cpu].wanted) == 0) {
		return;
	}
	began = cpu_read_tsc();
	wanted = __atomic_exchange_n(&mailboxes[cpu].wanted, 0, __ATOMIC_ACQUIRE);
	for (; wanted != 0; wanted &= wanted - 1) {
		answer((u32)__builtin_ctzll(wanted), 1ULL << cpu);
	}
	mailboxes[cpu].others += cpu_read_tsc() - began;
}

static void post(u32 receiver, u64 me)
{
	if (__atomic_fetch_or(&mailboxes[receiver].wanted, me, __ATOMIC_SEQ_CST) == 0) {
		lapic_send_ipi(cpu_apic_id[receiver], CPU_VECTOR_CALL);
	}
}

void ipi_call_cpus(u64 mask, void (*fn)(void *arg), void *arg)
{
	u32 cpu = cpu_id();
	u64 me = 1ULL << cpu;

	mask &= READ_ONCE(ready_cpus) & ~me;
	if (mask == 0) {
		return;
	}
	mailboxes[cpu].fn = fn;
	mailboxes[cpu].arg = arg;
	__atomic_store_n(&mailboxes[cpu].pending, mask, __ATOMIC_RELAXED);
	for (u64 left = mask; left != 0; left &= left - 1) {
		post((u32)__builtin_ctzll(left), me);
	}
	while (__atomic_load_n(&mailboxes[cpu].pending, __ATOMIC_ACQUIRE) != 0) {
		cpu_serve();
	}
}

void ipi_kick(u32 cpu)
{
	if (cpu != cpu_id()) {
		lapic_send_ipi(cpu_apic_id[cpu], CPU_VECTOR_RESCHED);
	}
}
