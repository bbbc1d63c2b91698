/*
 * vcpu_op: bringing vCPUs up and down, their timers, the areas in which the
 * hypervisor tells them about themselves; the register state of a new vCPU;
 * and the frame that the iret call consumes.
 *
 * Read next: callback.h.
 */
#ifndef PARLEY_VCPU_H
#define PARLEY_VCPU_H

/* abigen:begin numbers */
/* Made from abi/abi.json by `make abi`: change the numbers there. */

/* Operations of vcpu_op: its argument op, and the structure of each. */
#define PV_VCPUOP_initialise                     0 /* pv_vcpu_guest_context */
#define PV_VCPUOP_up                             1
#define PV_VCPUOP_down                           2
#define PV_VCPUOP_is_up                          3 /* returns 1 or 0 */
#define PV_VCPUOP_get_runstate_info              4 /* pv_vcpu_runstate_info */
#define PV_VCPUOP_register_runstate_memory_area  5 /* pv_vcpu_register_runstate_memory_area */
#define PV_VCPUOP_set_periodic_timer             6 /* pv_vcpu_set_periodic_timer */
#define PV_VCPUOP_stop_periodic_timer            7
#define PV_VCPUOP_set_singleshot_timer           8 /* pv_vcpu_set_singleshot_timer */
#define PV_VCPUOP_stop_singleshot_timer          9
#define PV_VCPUOP_register_vcpu_info             10 /* pv_vcpu_register_vcpu_info */
#define PV_VCPUOP_send_nmi                       11
#define PV_VCPUOP_get_physid                     12 /* not offered */
#define PV_VCPUOP_register_vcpu_time_memory_area 13 /* pv_vcpu_register_time_memory_area */

/* pv_vcpu_runstate_info.state, and the index of its times. */
#define PV_RUNSTATE_running  0
#define PV_RUNSTATE_runnable 1 /* wants a CPU, has none */
#define PV_RUNSTATE_blocked  2
#define PV_RUNSTATE_offline  3

/* pv_vcpu_set_singleshot_timer.flags: refuse (-PV_ETIME) a time in the past. */
#define PV_VCPU_SSHOTTMR_future 0x1

/* pv_vcpu_guest_context.flags, pv_iret_context.flags */
#define PV_VGCF_i387_valid               0x1
#define PV_VGCF_in_kernel                0x4
#define PV_VGCF_failsafe_disables_events 0x8
#define PV_VGCF_syscall_disables_events  0x10
#define PV_VGCF_online                   0x20
#define PV_VGCF_in_syscall               0x100 /* iret: RCX and R11 need not come from the frame */

/* abigen:end numbers */

/* Offsets for assembly: the frame at RSP when iret is called. */
#define PV_IRET_RAX    0
#define PV_IRET_R11    8
#define PV_IRET_RCX    16
#define PV_IRET_FLAGS  24
#define PV_IRET_RIP    32
#define PV_IRET_CS     40
#define PV_IRET_RFLAGS 48
#define PV_IRET_RSP    56
#define PV_IRET_SS     64
#define PV_IRET_SIZE   72

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <parley/trap.h>
#include <parley/types.h>

/* pv_vcpu_runstate_info.state_entry_time: being written (see vm_assist.h). */
#define PV_RUNSTATE_UPDATE PV_U64(0x8000000000000000)

/* Xen public ABI, structure cpu_user_regs. Offsets matter; pads are 0. */
struct pv_user_regs {
	uint64_t r15;
	uint64_t r14;
	uint64_t r13;
	uint64_t r12;
	uint64_t rbp;
	uint64_t rbx;
	uint64_t r11;
	uint64_t r10;
	uint64_t r9;
	uint64_t r8;
	uint64_t rax;
	uint64_t rcx;
	uint64_t rdx;
	uint64_t rsi;
	uint64_t rdi;
	uint32_t error_code;
	uint32_t entry_vector;
	uint64_t rip;
	uint16_t cs;
	uint16_t _pad0[1];
	uint8_t saved_upcall_mask;
	uint8_t _pad1[3];
	uint64_t rflags;
	uint64_t rsp;
	uint16_t ss;
	uint16_t _pad2[3];
	uint16_t es;
	uint16_t _pad3[3];
	uint16_t ds;
	uint16_t _pad4[3];
	uint16_t fs;
	uint16_t _pad5[3];
	uint16_t gs;
	uint16_t _pad6[3];
};

/* Xen public ABI, structure vcpu_guest_context: how a vCPU is to start. */
struct pv_vcpu_guest_context {
	struct {
		char x[512]; /* FXSAVE image, with PV_VGCF_i387_valid */
	} fpu_ctxt;
	uint64_t flags; /* PV_VGCF_* */
	struct pv_user_regs user_regs;
	struct pv_trap_info trap_ctxt[PV_TRAP_VECTORS]; /* indexed by vector */
	uint64_t ldt_base;                              /* guest address */
	uint64_t ldt_ents;
	uint64_t gdt_frames[16]; /* mfns; only the first 14 count */
	uint64_t gdt_ents;
	uint64_t kernel_ss; /* stack for entries from user mode */
	uint64_t kernel_sp;
	uint64_t ctrlreg[8]; /* [3]: mfn << 12 of the top-level table; [1]: user's */
	uint64_t debugreg[8];
	uint64_t event_callback_eip;
	uint64_t failsafe_callback_eip;
	uint64_t syscall_callback_eip;
	uint64_t vm_assist; /* bits by PV_VM_ASSIST_*; of the whole domain */
	uint64_t fs_base;
	uint64_t gs_base_kernel;
	uint64_t gs_base_user;
};

/* Xen public ABI, structure iret_context: lies at RSP when iret is called. */
struct pv_iret_context {
	uint64_t rax;
	uint64_t r11;
	uint64_t rcx;
	uint64_t flags; /* PV_VGCF_in_syscall or 0 */
	uint64_t rip;
	uint64_t cs;     /* RPL 3: to user mode */
	uint64_t rflags; /* IF clear: with upcalls masked */
	uint64_t rsp;
	uint64_t ss;
};

/* Xen public ABI, structure vcpu_runstate_info. */
struct pv_vcpu_runstate_info {
	int32_t state;             /* PV_RUNSTATE_* */
	uint64_t state_entry_time; /* ns, perhaps | PV_RUNSTATE_UPDATE */
	uint64_t time[4];          /* ns spent in each state */
};

/* Xen public ABI, structure vcpu_register_runstate_memory_area. */
struct pv_vcpu_register_runstate_memory_area {
	uint64_t addr; /* (in) guest address of pv_vcpu_runstate_info */
};

/* Xen public ABI, structure vcpu_register_time_memory_area. */
struct pv_vcpu_register_time_memory_area {
	uint64_t addr; /* (in) guest address of pv_vcpu_time_info */
};

/* Xen public ABI, structure vcpu_set_periodic_timer. */
struct pv_vcpu_set_periodic_timer {
	uint64_t period_ns; /* (in) */
};

/* Xen public ABI, structure vcpu_set_singleshot_timer. */
struct pv_vcpu_set_singleshot_timer {
	uint64_t timeout_abs_ns; /* (in) */
	uint32_t flags;          /* (in) PV_VCPU_SSHOTTMR_* */
};

/* Xen public ABI, structure vcpu_register_vcpu_info. */
struct pv_vcpu_register_vcpu_info {
	uint64_t mfn;    /* (in) frame of the new pv_vcpu_info */
	uint32_t offset; /* (in) in it, 8-aligned, within the frame */
	uint32_t rsvd;   /* 0 */
};

/* Xen public ABI, structure vcpu_get_physid. */
struct pv_vcpu_get_physid {
	uint64_t phys_id; /* (out) APIC id | ACPI id << 32 */
};

_Static_assert(sizeof(struct pv_user_regs) == 200, "user_regs layout");
_Static_assert(sizeof(struct pv_vcpu_guest_context) == 5168, "context layout");
_Static_assert(sizeof(struct pv_iret_context) == PV_IRET_SIZE, "iret layout");
_Static_assert(offsetof(struct pv_iret_context, rip) == PV_IRET_RIP, "iret offset");
_Static_assert(sizeof(struct pv_vcpu_runstate_info) == 48, "runstate layout");
_Static_assert(sizeof(struct pv_vcpu_register_runstate_memory_area) == 8, "area layout");
_Static_assert(sizeof(struct pv_vcpu_register_time_memory_area) == 8, "area layout");
_Static_assert(sizeof(struct pv_vcpu_set_periodic_timer) == 8, "periodic layout");
_Static_assert(sizeof(struct pv_vcpu_set_singleshot_timer) == 16, "singleshot layout");
_Static_assert(sizeof(struct pv_vcpu_register_vcpu_info) == 16, "register layout");
_Static_assert(sizeof(struct pv_vcpu_get_physid) == 8, "physid layout");

#endif /* __ASSEMBLER__ */
#endif
