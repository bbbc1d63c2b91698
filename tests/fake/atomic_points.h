/*
 * Makes each atomic builtin in the hypervisor's files a point (fake_points.h).
 * A macro does not expand inside itself, so the builtin is what remains.
 */
#ifndef FAKE_ATOMIC_POINTS_H
#define FAKE_ATOMIC_POINTS_H

#include "fake_points.h"

#define FAKE_AT(point, p) fake_point(FAKE_POINT_##point, (p))

#define __atomic_load_n(p, ...)      (FAKE_AT(LOAD, p), __atomic_load_n(p, __VA_ARGS__))
#define __atomic_store_n(p, ...)     (FAKE_AT(STORE, p), __atomic_store_n(p, __VA_ARGS__))
#define __atomic_exchange_n(p, ...)  (FAKE_AT(RMW, p), __atomic_exchange_n(p, __VA_ARGS__))
#define __atomic_add_fetch(p, ...)   (FAKE_AT(RMW, p), __atomic_add_fetch(p, __VA_ARGS__))
#define __atomic_sub_fetch(p, ...)   (FAKE_AT(RMW, p), __atomic_sub_fetch(p, __VA_ARGS__))
#define __atomic_fetch_add(p, ...)   (FAKE_AT(RMW, p), __atomic_fetch_add(p, __VA_ARGS__))
#define __atomic_fetch_and(p, ...)   (FAKE_AT(RMW, p), __atomic_fetch_and(p, __VA_ARGS__))
#define __atomic_fetch_or(p, ...)    (FAKE_AT(RMW, p), __atomic_fetch_or(p, __VA_ARGS__))
#define __atomic_thread_fence(order) (FAKE_AT(RMW, NULL), __atomic_thread_fence(order))
#define __atomic_compare_exchange_n(p, ...) \
	(FAKE_AT(RMW, p), __atomic_compare_exchange_n(p, __VA_ARGS__))

#endif
