/*
 * Stands before hypervisor/lib/lock.h on the host's include path: the same
 * locks, but each use is a point (fake_points.h) and is counted.
 */
#ifndef FAKE_LIB_LOCK_H
#define FAKE_LIB_LOCK_H

#define spin_lock    spin_lock_plain
#define spin_trylock spin_trylock_plain
#define spin_unlock  spin_unlock_plain
#include "../../../hypervisor/lib/lock.h"
#undef spin_lock
#undef spin_trylock
#undef spin_unlock

#include "fake_points.h"

static inline void spin_lock(struct spinlock *lock)
{
	fake_point(FAKE_POINT_LOCK, lock);
	spin_lock_plain(lock);
	fake_locks_held++;
	fake_point(FAKE_POINT_LOCKED, lock);
}

static inline bool spin_trylock(struct spinlock *lock)
{
	bool got = spin_trylock_plain(lock);

	fake_locks_held += got;
	return got;
}

static inline void spin_unlock(struct spinlock *lock)
{
	fake_point(FAKE_POINT_UNLOCK, lock);
	fake_locks_held--;
	spin_unlock_plain(lock);
}

#endif
