/*
 * Debug registers: checks, and loading them only while some breakpoint is on.
 */
#include "pv/debugreg.h"

#include <parley/errno.h>
#include <seam/guest_cpu.h>

#include "mm/guest.h"

#define DR6_WRITABLE 0xe00fUL /* B0-B3, BD, BS, BT */
#define DR7_FIXED    0x400UL
#define DR7_WRITABLE 0xffff03ffUL /* not GD, not the reserved bits */
#define DR7_RW_IO    2UL          /* R/W field of an I/O breakpoint */

/* False if a breakpoint, on or not, is for I/O: CR4.DE of the moment must not matter. */
static bool dr7_is_allowed(u64 value)
{
	for (u32 i = 0; i < 4; i++) {
		if (((value >> (16 + 4 * i)) & 3) == DR7_RW_IO) {
			return false;
		}
	}
	return true;
}

bool debugreg_check(u32 number, u64 *value)
{
	switch (number) {
	case 0 ... 3:
		return guest_range_ok(*value, 1);
	case 6:
		*value = (*value & DR6_WRITABLE) | PV_DR6_DEFAULT;
		return true;
	case 7:
		*value = (*value & DR7_WRITABLE) | DR7_FIXED;
		return dr7_is_allowed(*value);
	default:
		return false;
	}
}

static void load_all(const struct vcpu *v)
{
	for (u32 i = 0; i < 4; i++) {
		guest_cpu_set_dr(i, v->debugreg[i]);
	}
	guest_cpu_set_dr(7, v->debugreg[7]);
}

int debugreg_write(struct vcpu *v, u32 number, u64 value)
{
	bool was_on = v->debugreg[7] & DR7_ENABLES;

	if (number > 7 || number == 4 || number == 5) {
		return -PV_EINVAL;
	}
	if (!debugreg_check(number, &value)) {
		return -PV_EPERM;
	}
	v->debugreg[number] = value;
	if (number == 7 && !was_on && (value & DR7_ENABLES)) {
		load_all(v);
	} else if (number != 6 && was_on) {
		guest_cpu_set_dr(number, value);
	}
	return 0;
}

int debugreg_read(const struct vcpu *v, u32 number, u64 *value)
{
	if (number > 7 || number == 4 || number == 5) {
		return -PV_EINVAL;
	}
	*value = v->debugreg[number];
	if (number == 6) {
		*value |= PV_DR6_DEFAULT;
	} else if (number == 7) {
		*value |= DR7_FIXED;
	}
	return 0;
}

void debugreg_switch(const struct vcpu *prev, const struct vcpu *next)
{
	if (next != NULL && (next->debugreg[7] & DR7_ENABLES)) {
		load_all(next);
	} else if (prev != NULL && (prev->debugreg[7] & DR7_ENABLES)) {
		guest_cpu_set_dr(7, DR7_FIXED);
	}
}
