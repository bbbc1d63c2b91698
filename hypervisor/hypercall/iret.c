/*
 * The iret hypercall as a table entry. entry_syscall.S takes it before the table is
 * looked at, with the registers; here it only arrives from where it may not
 * stand, a multicall.
 */
#include <parley/errno.h>

#include "hypercall/handlers.h"
#include "hypercall/hypercall.h"

long hypercall_iret(u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6)
{
	return -PV_EINVAL;
}
