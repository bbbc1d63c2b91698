/*
 * Points at which code of the hypervisor under test shows itself: locks (by
 * tests/fake/lib/lock.h) and atomic instructions (by the macros of
 * atomic_points.h). A test's scheduler changes CPUs there; a checker sees which
 * locks are held.
 */
#ifndef FAKE_POINTS_H
#define FAKE_POINTS_H

#include "lib/types.h"

enum fake_point {
	FAKE_POINT_LOCK,   /* about to take a lock */
	FAKE_POINT_LOCKED, /* has it */
	FAKE_POINT_UNLOCK, /* is about to let it go */
	FAKE_POINT_LOAD,   /* atomic instructions, before they are done */
	FAKE_POINT_STORE,
	FAKE_POINT_RMW, /* read, change, write: a full barrier, too */
};

extern void (*fake_point_hook)(enum fake_point point, void *what);

/* Locks that this thread holds. */
extern _Thread_local u32 fake_locks_held;

static inline void fake_point(enum fake_point point, const volatile void *what)
{
	if (fake_point_hook != NULL) {
		fake_point_hook(point, (void *)(uintptr_t)what);
	}
}

#endif
