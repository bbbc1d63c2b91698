/*
 * Hypercalls that change nothing of the memory map: the way in and out, multicall, small settings.
 * Read next: mmu.c.
 */
#include <stddef.h>

#include "bench.h"
#include "hypercall.h"
#include "page.h"

#define CALL2(nr, body) "movl $" nr ", %%eax; " body BENCH_HYPERCALL

/* What the loop itself costs: subtracted from all others. */
static uint64_t run_nothing(unsigned long n)
{
	return BENCH_LOOP(n, "");
}

static uint64_t run_null(unsigned long n)
{
	return BENCH_LOOP(n, "movl $17, %%eax; xorl %%edi, %%edi\n" BENCH_HYPERCALL);
}

static uint64_t run_unknown(unsigned long n)
{
	return BENCH_LOOP(n, "movl $63, %%eax; xorl %%edi, %%edi\n" BENCH_HYPERCALL);
}

static struct pv_multicall_entry batch[8];

static long setup_multicall(void)
{
	for (unsigned i = 0; i < 8; i++) {
		batch[i] = (struct pv_multicall_entry){ .op = PV_HYPERCALL_xen_version };
	}
	return hypercall_multicall(batch, 8);
}

#define MULTICALL "movl $13, %%eax; movq %[batch], %%rdi; movl %[count], %%esi\n" BENCH_HYPERCALL

static uint64_t run_multicall_1(unsigned long n)
{
	return BENCH_LOOP(n, MULTICALL, [batch] "r"(batch), [count] "i"(1));
}

static uint64_t run_multicall_8(unsigned long n)
{
	return BENCH_LOOP(n, MULTICALL, [batch] "r"(batch), [count] "i"(8));
}

static void *stack;

static long setup_stack(void)
{
	stack = page_alloc();
	return 0;
}

static uint64_t run_stack_switch(unsigned long n)
{
	return BENCH_LOOP(n,
			  "movl $3, %%eax; movl %[ss], %%edi; movq %[sp], %%rsi\n" BENCH_HYPERCALL,
			  [ss] "i"(PV_FLAT_KERNEL_SS), [sp] "r"((uintptr_t)stack + 4096));
}

static uint64_t run_segment_base(unsigned long n)
{
	return BENCH_LOOP(
		n, "movl $25, %%eax; movl %[which], %%edi; movl $0x1000, %%esi\n" BENCH_HYPERCALL,
		[which] "i"(PV_SEGBASE_FS));
}

static struct pv_vcpu_set_singleshot_timer timer = { .timeout_abs_ns = 1ul << 62 };

static uint64_t run_set_timer(unsigned long n)
{
	return BENCH_LOOP(
		n,
		"movl $24, %%eax; movl %[op], %%edi; xorl %%esi, %%esi; movq %[timer], %%rdx\n" BENCH_HYPERCALL,
		[op] "i"(PV_VCPUOP_set_singleshot_timer), [timer] "r"(&timer));
}

static uint64_t run_read_msr(unsigned long n)
{
	return BENCH_LOOP(n, "movl $0xc0000101, %%ecx; rdmsr\n");
}

static uint64_t run_write_msr(unsigned long n)
{
	return BENCH_LOOP(n,
			  "movl $0xc0000100, %%ecx; xorl %%eax, %%eax; xorl %%edx, %%edx; wrmsr\n");
}

static uint64_t run_read_cr0(unsigned long n)
{
	return BENCH_LOOP(n, "movq %%cr0, %%rax\n");
}

const struct bench_op bench_call_ops[] = {
	{ "nothing", "the loop alone", 1000, 1, run_nothing },
	{ "hypercall-null", "xen_version(0)", 1000, 1, run_null },
	{ "hypercall-unknown", "a number that is not served", 1000, 1, run_unknown },
	{ "multicall-1", "multicall of one xen_version(0)", 1000, 1, run_multicall_1,
	  setup_multicall },
	{ "multicall-8", "multicall of eight xen_version(0)", 1000, 1, run_multicall_8,
	  setup_multicall },
	{ "stack-switch", "stack_switch", 1000, 1, run_stack_switch, setup_stack },
	{ "segment-base", "set_segment_base of FS", 1000, 1, run_segment_base },
	{ "set-timer", "vcpu_op set_singleshot_timer", 1000, 1, run_set_timer },
	{ "read-msr", "RDMSR of GS_BASE, emulated", 1000, 1, run_read_msr },
	{ "write-msr", "WRMSR of FS_BASE, emulated", 1000, 1, run_write_msr },
	{ "read-cr0", "MOV from CR0, emulated", 1000, 1, run_read_cr0 },
	{ NULL },
};
