/* Scales from frequencies. mul / 2^32 * 2^shift = 10^9 / hz, with 2^31 <= mul < 2^32. */
#include "lib/scale.h"

#define NS_PER_S 1000000000ULL
#define MHZ      1000000ULL

struct time_scale scale_from_hz(u64 hz)
{
	struct time_scale scale = { .shift = 0 };
	u64 ns = NS_PER_S;

	while (ns >= hz) {
		hz <<= 1;
		scale.shift++;
	}
	while (ns * 2 < hz) {
		ns <<= 1;
		scale.shift--;
	}
	scale.mul = (u32)mul_div_u64(ns, 1ULL << 32, hz);
	return scale;
}

u64 scale_roundest(u64 hz, u64 error)
{
	for (u64 unit = MHZ; unit > 1; unit /= 10) {
		u64 rounded = (hz + unit / 2) / unit * unit;

		if ((rounded > hz ? rounded - hz : hz - rounded) <= error) {
			return rounded;
		}
	}
	return hz;
}
