/* The wait for a lock that is taken. Read next: lock.h. */
#include "lib/lock.h"

#include <seam/cpu.h>

void spin_wait(const struct spinlock *lock, u16 ticket)
{
	u64 *others = cpu_other_cycles();
	u64 before = *others;
	u64 began = cpu_read_tsc();

	do {
		cpu_serve();
	} while (__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket);
	/* All of the time: what was answered in it is in it. */
	*others = before + (cpu_read_tsc() - began);
}
