/* The wait for a lock that is taken. Read next: lock.h. */
#include "lib/lock.h"

void spin_wait(const struct spinlock *lock, u16 ticket)
{
	do {
		cpu_serve();
	} while (__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket);
}
