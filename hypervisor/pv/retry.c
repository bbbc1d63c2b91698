/* Trying accesses to guest memory again; see retry.h. */
#include "pv/retry.h"

#include "mm/layout.h"

#define PF_PRESENT  (1U << 0) /* else nothing was there, and processors do not remember that */
#define PF_RESERVED (1U << 3)

bool retry_access(struct cpu_info *info, u64 rip, u64 gva, u64 error_code)
{
	struct access_retries *r = &info->retries;

	if ((error_code & (PF_PRESENT | PF_RESERVED)) != PF_PRESENT ||
	    (gva >= HV_VIRT_START && gva < HV_VIRT_END)) {
		return false;
	}
	if ((r->rip == rip && r->gva == gva) || r->count == RETRIES_MAX) {
		return false;
	}
	r->rip = rip;
	r->gva = gva;
	r->count++;
	info->work |= CPU_WORK_RETRIED;
	return true;
}
