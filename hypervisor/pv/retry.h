/*
 * Page faults of ring 0 at guest addresses that may be over already.
 *
 * A guest kernel that allows more in a present page-table entry (read-only becomes
 * writable) need not flush: a processor that still holds the old translation faults,
 * drops it by doing so, and the kernel returns to the instruction. When it is our access
 * that meets the old translation, this is the one who returns: the instruction is run
 * again before its fixup makes an error of it.
 *
 * Bounded, whatever other vCPUs write meanwhile: an instruction is not run again twice in
 * a row for the same address, and no more than RETRIES_MAX times in all until the CPU next
 * leaves by exit_guest (which a retry sees to: CPU_WORK_RETRIED). Two addresses in a
 * row are an access across pages.
 *
 * Read next: traps.c, hv_trap().
 */
#ifndef PV_RETRY_H
#define PV_RETRY_H

#include "cpu/cpu_info.h"
#include "lib/types.h"

#define RETRIES_MAX 16U

/*
 * Shall the instruction of ring 0 at rip, which has an exception-table entry, run again
 * after a page fault with this error code at gva? If so the caller drops the CPU's translation of gva.
 */
bool retry_access(struct cpu_info *info, u64 rip, u64 gva, u64 error_code);

#endif
