/*
 * Stands before hypervisor/cpu/cpu_info.h on the host's include path: the same
 * structure, but found by thread, not by stack pointer. Each thread is a CPU.
 */
#ifndef FAKE_CPU_CPU_INFO_H
#define FAKE_CPU_CPU_INFO_H

#define cpu_info(x) cpu_info_of_stack(x)
#include "../../../hypervisor/cpu/cpu_info.h"
#undef cpu_info

/*
 * The TLS model is named since the linker, when it chooses this one itself,
 * replaces an ADD whose flags UBSan's check for NULL relies on.
 */
extern _Thread_local struct cpu_info fake_cpu_info __attribute__((tls_model("local-exec")));

static inline struct cpu_info *cpu_info(void)
{
	return &fake_cpu_info;
}

#endif
