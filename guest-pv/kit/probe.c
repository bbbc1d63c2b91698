/* Instructions that may fault; see probe.h. */
#include "probe.h"

#include "cpu.h"

unsigned long probe_read(unsigned long address, uint64_t *value)
{
	uint64_t loaded = 0;
	unsigned long fault;

	/* The load goes to rcx so that rax stays free for the verdict. */
	__asm__ volatile("1: movq (%3), %%rcx\n"
			 "2: movq %%rcx, %1\n"
			 ".pushsection .kit.fixups, \"a\"\n"
			 ".quad 1b, 2b\n"
			 ".popsection\n"
			 : "=a"(fault), "=m"(loaded)
			 : "a"(0ul), "r"(address), "c"(0ul)
			 : "memory");
	*value = loaded;
	return fault;
}

unsigned long probe_write(unsigned long address, uint64_t value)
{
	return PROBE("movq %2, (%1)", "r"(address), "r"(value));
}

unsigned long probe_read_msr(uint32_t msr, uint64_t *value)
{
	uint32_t low, high;
	unsigned long fault;

	__asm__ volatile("xorl %%r8d, %%r8d\n"
			 "1: rdmsr\n"
			 "jmp 3f\n"
			 "2: movq %%rax, %%r8\n"
			 "3:\n"
			 ".pushsection .kit.fixups, \"a\"\n"
			 ".quad 1b, 2b\n"
			 ".popsection\n"
			 "movq %%r8, %2\n"
			 : "=a"(low), "=d"(high), "=r"(fault)
			 : "c"(msr)
			 : "r8", "memory");
	*value = fault == 0 ? (uint64_t)high << 32 | low : 0;
	return fault;
}

unsigned long probe_write_msr(uint32_t msr, uint64_t value)
{
	unsigned long fault;

	__asm__ volatile("1: wrmsr\n"
			 "xorl %%eax, %%eax\n"
			 "2:\n"
			 ".pushsection .kit.fixups, \"a\"\n"
			 ".quad 1b, 2b\n"
			 ".popsection\n"
			 : "=a"(fault)
			 : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
	return fault;
}

uint64_t probe_last_error(void)
{
	return cpu_current()->fault_error;
}

uint64_t probe_last_address(void)
{
	return cpu_current()->fault_address;
}
