/* Starting further vCPUs; see smp.h. */
#include "smp.h"

#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "power.h"
#include "start.h"
#include "string.h"
#include "timer.h"
#include "traps.h"

#define STACK_SIZE 8192

void smp_start_secondary(struct kit_cpu *cpu);
extern const char kit_start_secondary[];

struct kit_cpu kit_cpus[KIT_MAX_VCPUS];

static char stacks[KIT_MAX_VCPUS][STACK_SIZE] __attribute__((aligned(16)));
static struct {
	smp_function_t function;
	void *arg;
} jobs[KIT_MAX_VCPUS];

/* Too large for a stack; one vCPU at a time fills it. */
static struct pv_vcpu_guest_context context;

void smp_init_cpu(unsigned id)
{
	kit_cpus[id].self = &kit_cpus[id];
	kit_cpus[id].id = id;
}

unsigned smp_count(void)
{
	unsigned n = 0;

	while (n < KIT_MAX_VCPUS && hypercall_vcpu_op(PV_VCPUOP_is_up, n, NULL) >= 0) {
		n++;
	}
	return n;
}

int smp_is_up(unsigned id)
{
	return hypercall_vcpu_op(PV_VCPUOP_is_up, id, NULL) == 1;
}

static void context_fill(unsigned id)
{
	memset(&context, 0, sizeof(context));
	context.flags = PV_VGCF_in_kernel;
	context.user_regs.rip = (uintptr_t)kit_start_secondary;
	context.user_regs.rsp = (uintptr_t)stacks[id] + STACK_SIZE;
	context.user_regs.rdi = (uintptr_t)&kit_cpus[id];
	context.user_regs.cs = PV_FLAT_KERNEL_CS;
	context.user_regs.ss = PV_FLAT_KERNEL_SS;
	context.kernel_ss = PV_FLAT_KERNEL_SS;
	context.kernel_sp = context.user_regs.rsp;
	context.gs_base_kernel = (uintptr_t)&kit_cpus[id];
	context.ctrlreg[3] = mmu_root_mfn() << PV_PAGE_SHIFT;
	context.event_callback_eip = (uintptr_t)traps_event_entry;
	context.failsafe_callback_eip = (uintptr_t)traps_failsafe_entry;
	traps_fill_table(context.trap_ctxt);
}

long smp_start(unsigned id, smp_function_t function, void *arg)
{
	long rc;

	if (id == 0 || id >= KIT_MAX_VCPUS) {
		return -PV_EINVAL;
	}
	smp_init_cpu(id);
	kit_cpus[id].info = &shared_info->vcpu_info[id];
	jobs[id].function = function;
	jobs[id].arg = arg;
	context_fill(id);
	rc = hypercall_vcpu_op(PV_VCPUOP_initialise, id, &context);
	return rc != 0 ? rc : hypercall_vcpu_op(PV_VCPUOP_up, id, NULL);
}

/* First C code of a further vCPU, on its own stack. */
void smp_start_secondary(struct kit_cpu *cpu)
{
	traps_init_cpu();
	timer_init_cpu();
	events_enable();
	jobs[cpu->id].function(jobs[cpu->id].arg);
	events_disable();
	for (;;) {
		hypercall_vcpu_op(PV_VCPUOP_down, cpu->id, NULL);
	}
}
