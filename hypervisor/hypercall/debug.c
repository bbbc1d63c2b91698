/* Parley's extension call debug, as every build but a debug build answers it. */
#include <parley/errno.h>

#include "hypercall/handlers.h"

long hypercall_debug(u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6)
{
	return -PV_ENOSYS;
}
