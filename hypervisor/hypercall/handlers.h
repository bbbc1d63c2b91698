/*
 * The handlers of the hypercalls, one declaration each, so that a file that
 * defines one is checked against the type that build/gen/dispatch.c expects.
 * What each does is in abi/abi.json. Read next: hypercall.h.
 */
#ifndef HYPERCALL_HANDLERS_H
#define HYPERCALL_HANDLERS_H

#include "hypercall/hypercall.h"

#define HYPERCALL_HANDLER(name) \
	long hypercall_##name(u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 a6)

HYPERCALL_HANDLER(set_trap_table);
HYPERCALL_HANDLER(mmu_update);
HYPERCALL_HANDLER(set_gdt);
HYPERCALL_HANDLER(stack_switch);
HYPERCALL_HANDLER(fpu_taskswitch);
HYPERCALL_HANDLER(set_debugreg);
HYPERCALL_HANDLER(get_debugreg);
HYPERCALL_HANDLER(update_descriptor);
HYPERCALL_HANDLER(memory_op);
HYPERCALL_HANDLER(multicall);
HYPERCALL_HANDLER(update_va_mapping);
HYPERCALL_HANDLER(set_timer_op);
HYPERCALL_HANDLER(xen_version);
HYPERCALL_HANDLER(console_io);
HYPERCALL_HANDLER(grant_table_op);
HYPERCALL_HANDLER(vm_assist);
HYPERCALL_HANDLER(iret);
HYPERCALL_HANDLER(vcpu_op);
HYPERCALL_HANDLER(set_segment_base);
HYPERCALL_HANDLER(mmuext_op);
HYPERCALL_HANDLER(sched_op);
HYPERCALL_HANDLER(callback_op);
HYPERCALL_HANDLER(event_channel_op);
HYPERCALL_HANDLER(physdev_op);
HYPERCALL_HANDLER(stats);
HYPERCALL_HANDLER(debug);

#undef HYPERCALL_HANDLER

#endif
