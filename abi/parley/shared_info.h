/*
 * The page that a domain and the hypervisor share: pending events, the time,
 * and a small record for each vCPU. Its machine address is in start_info; the
 * guest maps it by a page-table entry of its own.
 *
 * Versioned records: the hypervisor makes `version` odd, writes, makes it even
 * again. A reader takes the version, the fields, the version once more, and
 * starts over if the two differ or are odd.
 *
 * Read next: event_channel.h.
 */
#ifndef PARLEY_SHARED_INFO_H
#define PARLEY_SHARED_INFO_H

/* Offsets for assembly. */
#define PV_VCPU_INFO_PENDING          0
#define PV_VCPU_INFO_MASK             1
#define PV_VCPU_INFO_PENDING_SEL      8
#define PV_VCPU_INFO_CR2              16
#define PV_VCPU_INFO_SIZE             64
#define PV_SHARED_INFO_EVTCHN_PENDING 2048
#define PV_SHARED_INFO_EVTCHN_MASK    2560

/* pv_vcpu_time_info.flags */
#define PV_TIME_TSC_STABLE    0x1 /* one clock, comparable between vCPUs */
#define PV_TIME_GUEST_STOPPED 0x2 /* the domain was stopped for a while */

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <parley/types.h>

/* Xen public ABI, structure arch_vcpu_info. */
struct pv_arch_vcpu_info {
	uint64_t cr2; /* (out) address of the last page fault */
	uint64_t pad;
};

/*
 * Xen public ABI, structure vcpu_time_info. With d = TSC - tsc_timestamp,
 * shifted left by tsc_shift (right when negative), the time is
 * system_time + (d * tsc_to_system_mul >> 32).
 */
struct pv_vcpu_time_info {
	uint32_t version; /* odd while being written */
	uint32_t pad0;
	uint64_t tsc_timestamp;     /* TSC at system_time */
	uint64_t system_time;       /* ns since the hypervisor started */
	uint32_t tsc_to_system_mul; /* never 0 */
	int8_t tsc_shift;
	uint8_t flags; /* PV_TIME_* */
	uint8_t pad1[2];
};

/* Xen public ABI, structure vcpu_info. */
struct pv_vcpu_info {
	uint8_t evtchn_upcall_pending; /* set by the hypervisor, cleared by the guest */
	uint8_t evtchn_upcall_mask;    /* nonzero: no event upcall now */
	uint64_t evtchn_pending_sel;   /* bit n: look at evtchn_pending[n] */
	struct pv_arch_vcpu_info arch;
	struct pv_vcpu_time_info time;
};

/* Xen public ABI, structure arch_shared_info. The guest writes it for tools. */
struct pv_arch_shared_info {
	uint64_t max_pfn;
	uint64_t pfn_to_mfn_frame_list_list; /* mfn of a tree of the p2m */
	uint64_t nmi_reason;                 /* (out) bits, why an NMI came */
	uint64_t p2m_cr3;                    /* table that maps p2m_vaddr */
	uint64_t p2m_vaddr;                  /* virtual address of the p2m */
	uint64_t p2m_generation;             /* odd while the p2m changes */
};

/* Xen public ABI, structure shared_info. */
struct pv_shared_info {
	struct pv_vcpu_info vcpu_info[PV_LEGACY_MAX_VCPUS];
	uint64_t evtchn_pending[64]; /* bit n: port n has an event */
	uint64_t evtchn_mask[64];    /* bit n: port n does not upcall */
	uint32_t wc_version;         /* odd while being written */
	uint32_t wc_sec;             /* UTC when system_time was 0, low half */
	uint32_t wc_nsec;            /* and the nanoseconds */
	uint32_t wc_sec_hi;          /* high half of the seconds */
	struct pv_arch_shared_info arch;
};

_Static_assert(sizeof(struct pv_arch_vcpu_info) == 16, "arch_vcpu_info layout");
_Static_assert(sizeof(struct pv_vcpu_time_info) == 32, "vcpu_time_info layout");
_Static_assert(sizeof(struct pv_vcpu_info) == PV_VCPU_INFO_SIZE, "vcpu_info layout");
_Static_assert(sizeof(struct pv_arch_shared_info) == 48, "arch_shared_info layout");
_Static_assert(sizeof(struct pv_shared_info) == 3136, "shared_info layout");
_Static_assert(offsetof(struct pv_vcpu_info, evtchn_upcall_mask) == PV_VCPU_INFO_MASK,
	       "vcpu_info offset");
_Static_assert(offsetof(struct pv_vcpu_info, evtchn_pending_sel) == PV_VCPU_INFO_PENDING_SEL,
	       "vcpu_info offset");
_Static_assert(offsetof(struct pv_vcpu_info, arch) == PV_VCPU_INFO_CR2, "vcpu_info offset");
_Static_assert(offsetof(struct pv_shared_info, evtchn_pending) == PV_SHARED_INFO_EVTCHN_PENDING,
	       "shared_info offset");
_Static_assert(offsetof(struct pv_shared_info, evtchn_mask) == PV_SHARED_INFO_EVTCHN_MASK,
	       "shared_info offset");

#endif /* __ASSEMBLER__ */
#endif
