/* The hypercalls that the small machine offers: those about memory. Stands for build/gen/dispatch.c. */
#include "hypercall/handlers.h"
#include "hypercall/hypercall.h"

const hypercall_fn hypercall_table[PV_HYPERCALL_MAX] = {
	[0] = hypercall_unknown,
	[PV_HYPERCALL_mmu_update] = hypercall_mmu_update,
	[PV_HYPERCALL_set_gdt] = hypercall_set_gdt,
	[3 ... 9] = hypercall_unknown,
	[PV_HYPERCALL_update_descriptor] = hypercall_update_descriptor,
	[11] = hypercall_unknown,
	[PV_HYPERCALL_memory_op] = hypercall_memory_op,
	[PV_HYPERCALL_multicall] = hypercall_multicall,
	[PV_HYPERCALL_update_va_mapping] = hypercall_update_va_mapping,
	[15 ... 19] = hypercall_unknown,
	[PV_HYPERCALL_grant_table_op] = hypercall_grant_table_op,
	[21 ... 25] = hypercall_unknown,
	[PV_HYPERCALL_mmuext_op] = hypercall_mmuext_op,
	[27 ... PV_HYPERCALL_MAX - 1] = hypercall_unknown,
};
