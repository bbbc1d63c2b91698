/*
 * TOUR(2) Where things are in the hypervisor's part of every address space: L4 slots
 * 256 to 271, 0xffff800000000000 to 0xffff87ffffffffff (the Xen 64-bit PV ABI
 * gives a hypervisor these sixteen). The L3 tables behind them are shared by
 * all address spaces and never freed, so a new root copies sixteen entries.
 *
 *   256  M2P: machine-to-physical array, readable by guests    (ABI address)
 *   260  one window per CPU: its GDT, LDT, stacks, stub, TSS
 *   261  the hypervisor's image
 *   262+ direct map of all physical memory, up to 5 TiB
 *
 * Also used from assembly. Read next: addr.h.
 */
#ifndef MM_LAYOUT_H
#define MM_LAYOUT_H

#ifdef __ASSEMBLER__
#define HV_UL(x) x
#else
#define HV_UL(x) x##UL
#endif

#define HV_L4_FIRST_SLOT 256
#define HV_L4_LAST_SLOT  271
#define HV_L4_SLOTS      16

#define HV_VIRT_START HV_UL(0xffff800000000000)
#define HV_VIRT_END   HV_UL(0xffff880000000000) /* exclusive */

#define M2P_VIRT_START HV_UL(0xffff800000000000)
#define M2P_VIRT_END   HV_UL(0xffff804000000000)

#define PERCPU_VIRT_START   HV_UL(0xffff820000000000) /* slot 260 */
#define PERCPU_STRIDE       HV_UL(0x40000)            /* 256 KiB a CPU */
#define PERCPU_GDT_OFFSET   HV_UL(0x00000)            /* 16 pages: 14 of the guest, then ours */
#define PERCPU_LDT_OFFSET   HV_UL(0x10000)            /* 16 pages of the guest */
#define PERCPU_STACK_OFFSET HV_UL(0x20000)            /* CPU_STACK_SIZE, aligned to it */
#define PERCPU_STUB_OFFSET  HV_UL(0x28000)            /* 1 page of code: SYSCALL entry */
#define PERCPU_TSS_OFFSET   HV_UL(0x29000)            /* 1 page: TSS */

/*
 * A CPU's stack area, from low to high: #DF, NMI, #MC, #DB (one page each, by
 * IST), an unmapped guard page, then three pages of main stack, at whose top
 * stands struct cpu_info (cpu/cpu_info.h).
 */
#define CPU_STACK_SIZE 0x8000

#define HV_IMAGE_VIRT        HV_UL(0xffff828000000000) /* slot 261 */
#define DIRECTMAP_VIRT_START HV_UL(0xffff830000000000) /* slot 262 */
#define DIRECTMAP_VIRT_END   HV_UL(0xffff880000000000)

#define HV_MAX_CPUS 64

#endif
