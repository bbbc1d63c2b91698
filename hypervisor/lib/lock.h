/*
 * Ticket spin locks: fair, and held with interrupts off (ring 0 never enables
 * them but when idle). A CPU that spins keeps answering cross-CPU requests
 * (TLB flushes), else two CPUs could wait for each other: see cpu_serve().
 *
 * All locks and their order: docs/architecture.md, "Locks".
 */
#ifndef LIB_LOCK_H
#define LIB_LOCK_H

#include "lib/types.h"

struct spinlock {
	u16 next;  /* ticket to hand out */
	u16 owner; /* ticket being served */
};

#define SPINLOCK_INIT \
	{             \
		0, 0  \
	}

/* Wait loop of spin_lock: pause, and answer other CPUs' requests. Provided by cpu/ (host: tests/fake). */
void cpu_serve(void);

/*
 * Cycles of the TSC that this CPU has spent, in the midst of its own work, waiting for
 * locks, answering in cpu_serve(), and recording; only grows. For the trace, which
 * leaves them out of what a call took. Provided by cpu/ (host: tests/fake).
 */
u64 *cpu_other_cycles(void);

/* Until the ticket is served. Apart, so that who finds the lock free saves no register for it. */
void spin_wait(const struct spinlock *lock, u16 ticket);

/* Take it, in the order of those who asked. No CPU takes one that it holds. */
static inline void spin_lock(struct spinlock *lock)
{
	u16 ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);

	if (unlikely(__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket)) {
		spin_wait(lock, ticket);
	}
}

/* Take it if it is free: false, without waiting, if not. */
static inline bool spin_trylock(struct spinlock *lock)
{
	u16 owner = __atomic_load_n(&lock->owner, __ATOMIC_RELAXED);
	u16 expect = owner;

	return __atomic_compare_exchange_n(&lock->next, &expect, (u16)(owner + 1), false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* By the CPU that holds it. */
static inline void spin_unlock(struct spinlock *lock)
{
	/* Only the holder writes it, and a store is a release on x86: one plain increment. */
	barrier();
	lock->owner++;
	barrier();
}

/* Whether anybody holds it, at this moment. */
static inline bool spin_is_locked(const struct spinlock *lock)
{
	return READ_ONCE(lock->owner) != READ_ONCE(lock->next);
}

#endif
