/*
 * Debug registers: checks, and loading them only while some breakpoint is on.
 */
#include "pv/debugreg.h"

#include <parley/errno.h>
#include <seam/guest_cpu.h>

#include "mm/guest.h"
#include "pv/emulate.h"

#define BREAKPOINTS  4U
#define DR6_WRITABLE 0xe00fUL /* B0-B3, BD, BS, BT */
#define DR7_FIXED    0x400UL
#define DR7_GD       0x2000UL
#define DR7_WRITABLE 0xffff03ffUL /* not GD, not the reserved bits */

/* Breakpoint i in DR7: whether it is on, its R/W field and its length. */
#define DR7_ON(i)         (3UL << (2 * (i)))
#define DR7_FIELDS(i)     (0xfUL << (16 + 4 * (i)))
#define DR7_RW(value, i)  (((value) >> (16 + 4 * (i))) & 3)
#define DR7_LEN(value, i) (((value) >> (18 + 4 * (i))) & 3)
#define DR7_RW_IO         2UL

static bool is_io(u64 dr7, u32 i)
{
	return DR7_RW(dr7, i) == DR7_RW_IO;
}

/* General detect is the hypervisor's; a breakpoint on I/O can only be on under CR4.DE. */
static bool dr7_is_allowed(u64 value, u64 cr4)
{
	for (u32 i = 0; i < BREAKPOINTS; i++) {
		if (is_io(value, i) && (value & DR7_ON(i)) && !(cr4 & PV_CR4_DE)) {
			return false;
		}
	}
	return !(value & DR7_GD);
}

/* What the processor gets: those on I/O are carried out here, and CR4.DE may change behind them. */
static u64 dr7_live(u64 value)
{
	for (u32 i = 0; i < BREAKPOINTS; i++) {
		if (is_io(value, i)) {
			value &= ~(DR7_ON(i) | DR7_FIELDS(i));
		}
	}
	return value;
}

bool debugreg_check(u64 cr4, u32 number, u64 *value)
{
	switch (number) {
	case 0 ... 3:
		return guest_range_ok(*value, 1);
	case 6:
		*value = (*value & DR6_WRITABLE) | PV_DR6_DEFAULT;
		return true;
	case 7:
		if (!dr7_is_allowed(*value, cr4)) {
			return false;
		}
		*value = (*value & DR7_WRITABLE) | DR7_FIXED;
		return true;
	default:
		return false;
	}
}

static void load_all(const struct vcpu *v)
{
	for (u32 i = 0; i < BREAKPOINTS; i++) {
		guest_cpu_set_dr(i, v->debugreg[i]);
	}
	guest_cpu_set_dr(7, dr7_live(v->debugreg[7]));
}

int debugreg_write(struct vcpu *v, u32 number, u64 value)
{
	bool was_on = v->debugreg[7] & DR7_ENABLES;

	if (number > 7 || number == 4 || number == 5) {
		return -PV_EINVAL;
	}
	if (!debugreg_check(v->cr4, number, &value)) {
		return -PV_EPERM;
	}
	v->debugreg[number] = value;
	if (number == 7 && !was_on && (value & DR7_ENABLES)) {
		load_all(v);
	} else if (number != 6 && was_on) {
		guest_cpu_set_dr(number, number == 7 ? dr7_live(value) : value);
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

/* A breakpoint's ports, as the processor reads address and length: aligned to the latter. */
static bool covers(const struct vcpu *v, u32 i, u64 first, u64 last)
{
	static const u8 lengths[4] = { 1, 2, 8, 4 };
	u64 length = lengths[DR7_LEN(v->debugreg[7], i)];
	u64 start = v->debugreg[i] & ~(length - 1);

	return start <= last && start + length - 1 >= first;
}

u64 debugreg_io_hits(const struct vcpu *v, u16 port, u32 bytes)
{
	u64 dr7 = v->debugreg[7];
	u64 hits = 0;

	for (u32 i = 0; i < BREAKPOINTS; i++) {
		if ((dr7 & DR7_ON(i)) && is_io(dr7, i) && (v->cr4 & PV_CR4_DE) &&
		    covers(v, i, port, (u64)port + bytes - 1)) {
			hits |= 1UL << i;
		}
	}
	return hits;
}

void debugreg_met(struct vcpu *v, u64 dr6)
{
	v->debugreg[6] |= (dr6 & DR6_WRITABLE) | PV_DR6_DEFAULT;
}

void debugreg_switch(const struct vcpu *prev, const struct vcpu *next)
{
	if (next != NULL && (next->debugreg[7] & DR7_ENABLES)) {
		load_all(next);
	} else if (prev != NULL && (prev->debugreg[7] & DR7_ENABLES)) {
		guest_cpu_set_dr(7, DR7_FIXED);
	}
}
