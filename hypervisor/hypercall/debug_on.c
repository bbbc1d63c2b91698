/* Parley's extension call debug, in a debug build: tests have the hypervisor recount its books. */
#include <parley/debug.h>
#include <parley/errno.h>
#include <seam/cpu.h>

#include "domain/audit.h"
#include "hypercall/handlers.h"
#include "mm/alloc.h"

long hypercall_debug(u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6)
{
	switch (a1) {
	case PV_DEBUGOP_audit:
		return domain_audit(current_vcpu()->domain);
	case PV_DEBUGOP_free_frames:
		return (long)alloc_free_count();
	default:
		return -PV_ENOSYS;
	}
}
