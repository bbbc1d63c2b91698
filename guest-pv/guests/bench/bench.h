/*
 * What the parts of the guest `bench` share: the table of measured operations and the loop by
 * which each is measured.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>

/*
 * One operation. `run` executes it n times and returns the TSC ticks that took, with a constant
 * overhead and two instructions (dec, jnz) an iteration; main.c takes both away. `setup` (may be
 * NULL) comes once before and says 0, or an error for which the operation is left out; `finish`
 * (may be NULL) comes once after.
 */
struct bench_op {
	const char *name;
	const char *meaning;
	unsigned iterations; /* of run */
	unsigned parts;      /* what is counted in each iteration: table entries, calls */
	uint64_t (*run)(unsigned long n);
	long (*setup)(void);
	void (*finish)(void);
};

extern const struct bench_op bench_call_ops[], bench_mmu_ops[], bench_grant_ops[], bench_trap_ops[];

/* What was measured did not work: said, and the program fails. */
void bench_fail(const char *why);

static inline uint64_t bench_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
	return (uint64_t)high << 32 | low;
}

/*
 * Executes `body` n times and gives the ticks. The counter stands in rbx. The body may change the
 * registers of the hypercall ABI; its operands come after, named as in inline assembly.
 */
#define BENCH_LOOP(n, body, ...)                                                                \
	({                                                                                      \
		unsigned long bench_left_ = (n);                                                \
		uint64_t bench_start_ = bench_tsc();                                            \
		__asm__ volatile("771: " body "\n"                                              \
				 "decq %%rbx\n"                                                 \
				 "jnz 771b\n"                                                   \
				 : "+b"(bench_left_)                                            \
				 : __VA_ARGS__                                                  \
				 : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r10", "r11", "cc", \
				   "memory");                                                   \
		bench_tsc() - bench_start_;                                                     \
	})

/*
 * A hypercall as ported kernels make it: they keep rcx and r11, which SYSCALL destroys. The number
 * and the arguments are loaded before it, each by one instruction.
 */
#define BENCH_HYPERCALL "pushq %%rcx; pushq %%r11; syscall; popq %%r11; popq %%rcx\n"

#endif
