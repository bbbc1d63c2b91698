/*
 * Turning ticks of a clock into nanoseconds as the ABI's pvclock does it, with
 * a shift and a 32-bit fraction: ns = ((ticks << shift) * mul) >> 32, a negative
 * shift going right. The hypervisor's own time uses the same, so that both
 * agree to the nanosecond.
 */
#ifndef LIB_SCALE_H
#define LIB_SCALE_H

#include "lib/types.h"

struct time_scale {
	u32 mul; /* 2^31 at least: full precision */
	s8 shift;
};

/* a * b / c, rounded down, with a 128-bit product; the result must fit in 64 bits. */
static inline u64 mul_div_u64(u64 a, u64 b, u64 c)
{
	u64 low, high, quotient, rest;

	__asm__("mulq %3" : "=a"(low), "=d"(high) : "a"(a), "rm"(b) : "cc");
	__asm__("divq %4" : "=a"(quotient), "=d"(rest) : "a"(low), "d"(high), "rm"(c) : "cc");
	return quotient;
}

/* (a * b) >> 32; the result must fit in 64 bits. */
static inline u64 mul_shift_32(u64 a, u32 b)
{
	u64 low, high;

	__asm__("mulq %3" : "=a"(low), "=d"(high) : "a"(a), "rm"((u64)b) : "cc");
	return (low >> 32) | (high << 32);
}

static inline u64 scale_to_ns(struct time_scale scale, u64 ticks)
{
	ticks = scale.shift < 0 ? ticks >> -scale.shift : ticks << scale.shift;
	return mul_shift_32(ticks, scale.mul);
}

/* The scale of a clock of hz ticks a second, 1 kHz to 1 THz. */
struct time_scale scale_from_hz(u64 hz);

/* The roundest number (whole MHz at most) that is no further than `error` from hz: what a measured frequency likely is. */
u64 scale_roundest(u64 hz, u64 error);

#endif
