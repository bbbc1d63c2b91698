/*
 * Page tables. A guest owns its page tables and reads them directly, with
 * machine addresses in them; it changes them only through the calls here, so
 * that the hypervisor can check each entry before the processor sees it.
 *
 * Read next: memory.h, how a domain gains and gives up frames.
 */
#ifndef PARLEY_MMU_H
#define PARLEY_MMU_H

#include <parley/types.h>

#define PV_PAGE_SHIFT 12
#define PV_PAGE_SIZE  4096
#define PV_PT_ENTRIES 512 /* entries of a table at any level */

/* abigen:begin numbers */
/* Made from abi/abi.json by `make abi`: change the numbers there. */

/* Operations of mmu_update: the low bits of pv_mmu_update.ptr. */
#define PV_MMU_NORMAL_PT_UPDATE       0 /* *ptr = val, checked */
#define PV_MMU_MACHPHYS_UPDATE        1 /* m2p of the frame at ptr = val */
#define PV_MMU_PT_UPDATE_PRESERVE_AD  2 /* as 0, keep the old A and D */
#define PV_MMU_PT_UPDATE_NO_TRANSLATE 3 /* as 0 for a PV guest */

/* Operations of mmuext_op: pv_mmuext_op.cmd. */
#define PV_MMUEXT_PIN_L1_TABLE       0 /* arg1.mfn */
#define PV_MMUEXT_PIN_L2_TABLE       1 /* arg1.mfn */
#define PV_MMUEXT_PIN_L3_TABLE       2 /* arg1.mfn */
#define PV_MMUEXT_PIN_L4_TABLE       3 /* arg1.mfn */
#define PV_MMUEXT_UNPIN_TABLE        4 /* arg1.mfn */
#define PV_MMUEXT_NEW_BASEPTR        5 /* arg1.mfn */
#define PV_MMUEXT_TLB_FLUSH_LOCAL    6
#define PV_MMUEXT_INVLPG_LOCAL       7 /* arg1.linear_addr */
#define PV_MMUEXT_TLB_FLUSH_MULTI    8 /* arg2.vcpumask */
#define PV_MMUEXT_INVLPG_MULTI       9 /* arg1.linear_addr, arg2.vcpumask */
#define PV_MMUEXT_TLB_FLUSH_ALL      10
#define PV_MMUEXT_INVLPG_ALL         11 /* arg1.linear_addr */
#define PV_MMUEXT_FLUSH_CACHE        12
#define PV_MMUEXT_SET_LDT            13 /* arg1.linear_addr, arg2.nr_ents */
#define PV_MMUEXT_NEW_USER_BASEPTR   15 /* arg1.mfn, 0: none */
#define PV_MMUEXT_CLEAR_PAGE         16 /* arg1.mfn */
#define PV_MMUEXT_COPY_PAGE          17 /* arg1.mfn from arg2.src_mfn */
#define PV_MMUEXT_FLUSH_CACHE_GLOBAL 18
#define PV_MMUEXT_MARK_SUPER         19 /* not offered */
#define PV_MMUEXT_UNMARK_SUPER       20 /* not offered */

/* Page-table entry bits, as the processor has them. */
#define PV_PTE_PRESENT    PV_U64(0x001)
#define PV_PTE_WRITE      PV_U64(0x002)
#define PV_PTE_USER       PV_U64(0x004)
#define PV_PTE_PWT        PV_U64(0x008)
#define PV_PTE_PCD        PV_U64(0x010)
#define PV_PTE_ACCESSED   PV_U64(0x020)
#define PV_PTE_DIRTY      PV_U64(0x040)
#define PV_PTE_PSE        PV_U64(0x080) /* levels 2 and 3: refused */
#define PV_PTE_PAT        PV_U64(0x080) /* level 1 */
#define PV_PTE_GLOBAL     PV_U64(0x100)
#define PV_PTE_AVAIL_LOW  PV_U64(0xe00)              /* bits 9 to 11, the guest's */
#define PV_PTE_AVAIL_HIGH PV_U64(0x7ff0000000000000) /* bits 52 to 62 */
#define PV_PTE_NX         PV_U64(0x8000000000000000)
#define PV_PTE_ADDRESS    PV_U64(0x000ffffffffff000)

/*
 * update_va_mapping: the flags. Above these bits stands a guest address of a
 * bitmap of vCPUs whose TLBs are meant; 0 there means the caller's own, or
 * everyone's with PV_UVMF_ALL.
 */
#define PV_UVMF_NONE           0
#define PV_UVMF_TLB_FLUSH      1
#define PV_UVMF_INVLPG         2
#define PV_UVMF_FLUSHTYPE_MASK 3
#define PV_UVMF_MULTI          0
#define PV_UVMF_LOCAL          0
#define PV_UVMF_ALL            4

/* abigen:end numbers */

/* The bits of pv_mmu_update.ptr that are the operation. */
#define PV_MMU_UPDATE_KIND_MASK 3

/*
 * mmu_update and mmuext_op: a guest that repeats a stopped batch by itself may
 * find this bit in the count; the rest of the count is what is left to do.
 */
#define PV_MMU_UPDATE_PREEMPTED 0x80000000

#ifndef __ASSEMBLER__

/* Xen public ABI, structure mmu_update. */
struct pv_mmu_update {
	uint64_t ptr; /* (in) machine address | PV_MMU_*; 8-aligned */
	uint64_t val; /* (in) the new entry, or a pfn */
};

/* Xen public ABI, structure mmuext_op. */
struct pv_mmuext_op {
	uint32_t cmd; /* (in) PV_MMUEXT_* */
	union {
		uint64_t mfn;
		uint64_t linear_addr; /* a guest address */
	} arg1;
	union {
		uint32_t nr_ents;
		uint64_t vcpumask; /* guest address of a bitmap */
		uint64_t src_mfn;
	} arg2;
};

_Static_assert(sizeof(struct pv_mmu_update) == 16, "mmu_update layout");
_Static_assert(sizeof(struct pv_mmuext_op) == 24, "mmuext_op layout");

#endif /* __ASSEMBLER__ */
#endif
