/*
 * Hypercall numbers, and the structure of a multicall.
 *
 * A guest kernel makes a call by SYSCALL with the number in RAX and up to six
 * arguments in RDI, RSI, RDX, R10, R8, R9. The result is in RAX: zero or more
 * is success, -PV_E... failure. RCX and R11 are lost, everything else is kept.
 * A number that is not served returns -PV_ENOSYS.
 *
 * The list of what is served, with arguments and errors, is abi/abi.json.
 *
 * Read next: start_info.h, what a guest finds when it starts.
 */
#ifndef PARLEY_HYPERCALL_H
#define PARLEY_HYPERCALL_H

/* abigen:begin numbers */
/* Made from abi/abi.json by `make abi`: change the numbers there. */

/* RAX at SYSCALL. Those without a handler return -PV_ENOSYS. */
#define PV_HYPERCALL_set_trap_table                0
#define PV_HYPERCALL_mmu_update                    1
#define PV_HYPERCALL_set_gdt                       2
#define PV_HYPERCALL_stack_switch                  3
#define PV_HYPERCALL_set_callbacks                 4
#define PV_HYPERCALL_fpu_taskswitch                5
#define PV_HYPERCALL_sched_op_compat               6
#define PV_HYPERCALL_platform_op                   7
#define PV_HYPERCALL_set_debugreg                  8
#define PV_HYPERCALL_get_debugreg                  9
#define PV_HYPERCALL_update_descriptor             10
#define PV_HYPERCALL_memory_op                     12
#define PV_HYPERCALL_multicall                     13
#define PV_HYPERCALL_update_va_mapping             14
#define PV_HYPERCALL_set_timer_op                  15
#define PV_HYPERCALL_event_channel_op_compat       16
#define PV_HYPERCALL_xen_version                   17
#define PV_HYPERCALL_console_io                    18
#define PV_HYPERCALL_physdev_op_compat             19
#define PV_HYPERCALL_grant_table_op                20
#define PV_HYPERCALL_vm_assist                     21
#define PV_HYPERCALL_update_va_mapping_otherdomain 22
#define PV_HYPERCALL_iret                          23
#define PV_HYPERCALL_vcpu_op                       24
#define PV_HYPERCALL_set_segment_base              25
#define PV_HYPERCALL_mmuext_op                     26
#define PV_HYPERCALL_xsm_op                        27
#define PV_HYPERCALL_nmi_op                        28
#define PV_HYPERCALL_sched_op                      29
#define PV_HYPERCALL_callback_op                   30
#define PV_HYPERCALL_xenoprof_op                   31
#define PV_HYPERCALL_event_channel_op              32
#define PV_HYPERCALL_physdev_op                    33
#define PV_HYPERCALL_hvm_op                        34
#define PV_HYPERCALL_sysctl                        35
#define PV_HYPERCALL_domctl                        36
#define PV_HYPERCALL_kexec_op                      37
#define PV_HYPERCALL_tmem_op                       38
#define PV_HYPERCALL_argo_op                       39
#define PV_HYPERCALL_xenpmu_op                     40
#define PV_HYPERCALL_dm_op                         41
#define PV_HYPERCALL_hypfs_op                      42
#define PV_HYPERCALL_mca                           48
#define PV_HYPERCALL_control                       53
#define PV_HYPERCALL_stats                         54
#define PV_HYPERCALL_debug                         55

/* abigen:end numbers */

#define PV_HYPERCALL_MAX 64 /* numbers are below this */

/*
 * 48 to 55 are left to the architecture by Xen's ABI, which uses only 48.
 * Parley's own calls take the rest from the top down; a guest asks for
 * PV_FEATURE_parley (features.h) before it uses one. 49 to 52 are reserved.
 */

/* The hypercall page, for guests whose image asks for one: slots by number. */
#define PV_HYPERCALL_PAGE_SLOT_SIZE 32

#ifndef __ASSEMBLER__
#include <stdint.h>

/* Xen public ABI, structure multicall_entry: one call of a batch. */
struct pv_multicall_entry {
	uint64_t op;      /* (in) PV_HYPERCALL_* */
	uint64_t result;  /* (out) what the call returned */
	uint64_t args[6]; /* (in) in the order of the registers */
};

_Static_assert(sizeof(struct pv_multicall_entry) == 64, "multicall layout");

#endif /* __ASSEMBLER__ */
#endif
