/* set_debugreg, get_debugreg: rules in pv/debugreg.h. */
#include <seam/cpu.h>

#include "hypercall/handlers.h"
#include "pv/debugreg.h"

long hypercall_set_debugreg(u64 number, u64 value, u64 a3, u64 a4, u64 a5, u64 a6)
{
	return number < PV_DEBUGREG_COUNT ? debugreg_write(current_vcpu(), number, value) :
					    -PV_EINVAL;
}

/* The value is the result: a breakpoint near the top of memory looks like an error, as the ABI has it. */
long hypercall_get_debugreg(u64 number, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6)
{
	u64 value;

	if (number >= PV_DEBUGREG_COUNT || debugreg_read(current_vcpu(), number, &value) != 0) {
		return -PV_EINVAL;
	}
	return value;
}
