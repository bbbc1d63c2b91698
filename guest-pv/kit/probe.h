/*
 * Instructions that may fault, executed on purpose. A probe gives 0 when the
 * instruction completed, or PROBE_FAULT(vector) when the hypervisor delivered
 * an exception for it; execution then goes on behind the instruction.
 */
#ifndef KIT_PROBE_H
#define KIT_PROBE_H

#include <stdint.h>

#define PROBE_FAULT(vector) (0x100ul | (vector))

/*
 * Executes `insn` with rax = `in` and the given input operands (numbered from
 * %1); what it leaves in rax is lost.
 */
#define PROBE_RAX(insn, in, ...)                                     \
	({                                                           \
		unsigned long probe_rax_ = (in);                     \
		__asm__ volatile("771: " insn "\n"                   \
				 "xorl %%eax, %%eax\n"               \
				 "772:\n"                            \
				 ".pushsection .kit.fixups, \"a\"\n" \
				 ".quad 771b, 772b\n"                \
				 ".popsection\n"                     \
				 : "+a"(probe_rax_)                  \
				 : __VA_ARGS__                       \
				 : "memory", "cc");                  \
		probe_rax_;                                          \
	})

/* The same with rax = 0. Example: PROBE("mov %1, %%cr3", "r"(value)). */
#define PROBE(insn, ...) PROBE_RAX(insn, 0, __VA_ARGS__)

/* One 8-byte load or store. *value is 0 after a fault. */
unsigned long probe_read(unsigned long address, uint64_t *value);
unsigned long probe_write(unsigned long address, uint64_t value);

unsigned long probe_read_msr(uint32_t msr, uint64_t *value);
unsigned long probe_write_msr(uint32_t msr, uint64_t value);

/* Error code and, for page faults, the address of this vCPU's last fault. */
uint64_t probe_last_error(void);
uint64_t probe_last_address(void);

#endif
