/* 32-bit code, INT 0x80, instructions that user mode may not use, and bad returns. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "processor.h"

void processor_int80(void)
{
	for (int i = 0; i < 1000; i++) {
		long pid;

		__asm__ volatile("int $0x80"
				 : "=a"(pid)
				 : "a"(20)
				 : "memory", "r8", "r9", "r10", "r11");
		CHECK((int)pid == getpid());
	}
}

/* Run bytes as 32-bit code that ends in a far return; EAX in, EAX out. */
static uint32_t run_compat(const uint8_t *bytes, size_t size, uint32_t eax)
{
	uint8_t *page = processor_low_page();
	uint64_t stack = (uint64_t)page + 4096 - 64;
	uint64_t result = eax;

	memcpy(page, bytes, size);
	page[size] = 0xcb; /* retf */
	__asm__ volatile("mov %%rsp, %%rbx\n"
			 "mov %[stack], %%rsp\n"
			 "lea 1f(%%rip), %%rcx\n"
			 "movl $0x33, 4(%%rsp)\n"
			 "movabs $2f, %%rcx\n"
			 "movl %%ecx, (%%rsp)\n"
			 "pushq $0x23\n"
			 "pushq %[code]\n"
			 "1: lretq\n"
			 "2: mov %%rbx, %%rsp\n"
			 : "+a"(result)
			 : [stack] "r"(stack), [code] "r"((uint64_t)page)
			 : "rbx", "rcx", "rdx", "rbp", "r8", "r9", "r10", "r11", "r12", "r13",
			   "r14", "r15", "memory", "cc");
	return (uint32_t)result;
}

static void run_syscall32(void)
{
	/* push ebp; mov ebp, ecx; syscall; pop ebp - as the vDSO does */
	static const uint8_t code[] = { 0x55, 0x89, 0xcd, 0x0f, 0x05, 0x5d };

	CHECK(run_compat(code, sizeof(code), 20) == (uint32_t)getpid());
}

void processor_compat(void)
{
	static const uint8_t int80[] = { 0xcd, 0x80 };
	static const uint8_t inc[] = { 0x40, 0x40 }; /* inc eax, twice; a prefix in 64-bit code */

	for (int i = 0; i < 100; i++) {
		CHECK(run_compat(inc, sizeof(inc), 5) == 7);
		CHECK(run_compat(int80, sizeof(int80), 20) == (uint32_t)getpid());
	}
	/* Where the processor has it, it works; else it is an invalid instruction. */
	(void)processor_signal_of(run_syscall32);
}

#define INSTRUCTION(name, text)                                                          \
	static void name(void)                                                           \
	{                                                                                \
		__asm__ volatile(text : : : "rax", "rcx", "rdx", "rbx", "memory", "cc"); \
	}

INSTRUCTION(run_cli, "cli")
INSTRUCTION(run_sti, "sti")
INSTRUCTION(run_hlt, "hlt")
INSTRUCTION(run_in, "mov $0x3f8, %%edx; in %%dx, %%al")
INSTRUCTION(run_out, "mov $0x80, %%edx; out %%al, %%dx")
INSTRUCTION(run_rdmsr, "mov $0xc0000101, %%ecx; rdmsr")
INSTRUCTION(run_wrmsr, "mov $0xc0000100, %%ecx; xor %%eax, %%eax; xor %%edx, %%edx; wrmsr")
INSTRUCTION(run_read_cr0, "mov %%cr0, %%rax")
INSTRUCTION(run_write_cr3, "mov %%rax, %%cr3")
INSTRUCTION(run_read_dr7, "mov %%dr7, %%rax")
INSTRUCTION(run_wbinvd, "wbinvd")
INSTRUCTION(run_clts, "clts")
INSTRUCTION(run_swapgs, "swapgs")
INSTRUCTION(run_xsetbv, "xor %%ecx, %%ecx; mov $1, %%eax; xor %%edx, %%edx; xsetbv")
INSTRUCTION(run_invlpg, "invlpg (%%rsp)")
INSTRUCTION(run_ltr, "mov $0x40, %%eax; ltr %%ax")
INSTRUCTION(run_int_irq, "int $0x20")
INSTRUCTION(run_int_gp, "int $0x0d")
INSTRUCTION(run_int_pf, "int $0x0e")
INSTRUCTION(run_int_event, "int $0xf3")
INSTRUCTION(run_load_bad_ds, "mov $0xe008, %%eax; mov %%ax, %%ds")
INSTRUCTION(run_load_bad_gs, "mov $0xe010, %%eax; mov %%ax, %%gs")
INSTRUCTION(run_read_hypervisor, "movabs $0xffff830000000000, %%rax; mov (%%rax), %%rax")
INSTRUCTION(run_write_m2p, "movabs $0xffff800000000000, %%rax; movq $0, (%%rax)")
INSTRUCTION(run_read_kernel, "mov $0xffffffff81000000, %%rax; mov (%%rax), %%rax")
INSTRUCTION(run_jump_wild, "movabs $0x8000000000000000, %%rax; jmp *%%rax")
INSTRUCTION(run_call_gate, "pushq $0xe008; pushq $0; lretq")
INSTRUCTION(run_ud2, "ud2")
INSTRUCTION(run_fwrsgs, "mov $0x1234, %%eax; wrgsbase %%rax")

void processor_forbidden(void)
{
	static void (*const faults[])(void) = {
		run_cli,
		run_sti,
		run_hlt,
		run_in,
		run_out,
		run_rdmsr,
		run_wrmsr,
		run_read_cr0,
		run_write_cr3,
		run_read_dr7,
		run_wbinvd,
		run_clts,
		run_swapgs,
		run_xsetbv,
		run_invlpg,
		run_ltr,
		run_int_irq,
		run_int_gp,
		run_int_pf,
		run_int_event,
		run_load_bad_ds,
		run_load_bad_gs,
		run_read_hypervisor,
		run_write_m2p,
		run_read_kernel,
		run_jump_wild,
		run_call_gate,
	};

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		int number = processor_signal_of(faults[i]);

		if (number != SIGSEGV && number != SIGBUS) {
			char text[64];
			int n = 0;

			text[n++] = '#';
			text[n++] = '0' + i / 10;
			text[n++] = '0' + i % 10;
			text[n] = 0;
			processor_fail(text, number, "SIGSEGV");
		}
	}
	CHECK(processor_signal_of(run_ud2) == SIGILL);
	(void)processor_signal_of(run_fwrsgs);
}

enum change { BAD_CS, HV_CS, NULL_CS, BAD_SS, WILD_RIP, HV_RIP, BAD_FLAGS, CHANGES };

static enum change change;

static void handler(int number, siginfo_t *info, void *data)
{
	ucontext_t *context = data;
	greg_t *regs = context->uc_mcontext.gregs;
	uint64_t *selectors = (uint64_t *)&regs[REG_CSGSFS];

	(void)number;
	(void)info;
	switch (change) {
	case BAD_CS:
		*selectors = (*selectors & ~0xffffUL) | 0xfff7;
		break;
	case HV_CS:
		*selectors = (*selectors & ~0xffffUL) | 0xe008;
		break;
	case NULL_CS:
		*selectors &= ~0xffffUL;
		break;
	case BAD_SS:
		*selectors = (*selectors & ~(0xffffUL << 48)) | 0xe010UL << 48;
		break;
	case WILD_RIP:
		regs[REG_RIP] = 0x4000000000000000;
		break;
	case HV_RIP:
		regs[REG_RIP] = (greg_t)0xffff828000000000;
		break;
	default:
		regs[REG_EFL] |= 0x1b7fd5 & ~0x100; /* everything but TF */
		break;
	}
}

/* A return from a signal handler to where none can go ends the process, no more. */
void processor_bad_return(void)
{
	for (change = 0; change < CHANGES; change++) {
		struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
		pid_t child = fork();
		int status;

		if (child == 0) {
			CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
			raise(SIGUSR1);
			_exit(7);
		}
		CHECK(waitpid(child, &status, 0) == child);
		if (change == BAD_FLAGS) {
			CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
		} else if (change == NULL_CS || change == HV_CS || change == BAD_SS) {
			/* Linux may repair these */
			CHECK(WIFSIGNALED(status) || WIFEXITED(status));
		} else {
			CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
		}
	}
}
