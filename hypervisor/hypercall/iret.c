/*
 * The iret hypercall as a table entry. entry_syscall.S takes it before the table is
 * looked at, with the registers; here it only arrives out of a multicall. It ends the
 * batch, for what follows would run with the rights of a kernel that has been left
 * (XSA-213), and the way out makes the return, from the frame at the RSP of the
 * multicall.
 */
#include <seam/cpu.h>

#include "hypercall/handlers.h"
#include "hypercall/hypercall.h"

long hypercall_iret(u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6)
{
	cpu_info()->work |= CPU_WORK_IRET;
	return 0;
}
