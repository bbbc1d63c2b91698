/* Single-stepping and watchpoints by ptrace; the trap flag set by the process itself. */
#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "processor.h"

static volatile uint64_t watched;

static long bare_getppid(void)
{
	long result;

	__asm__ volatile("nop\n nop\n syscall\n nop\n"
			 : "=a"(result)
			 : "a"(SYS_getppid)
			 : "rcx", "r11", "memory");
	return result;
}

static pid_t start_child(void (*work)(void))
{
	pid_t child = fork();
	int status;

	CHECK(child >= 0);
	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		work();
		_exit(3);
	}
	CHECK(waitpid(child, &status, 0) == child && WIFSTOPPED(status));
	return child;
}

static void step_work(void)
{
	CHECK(bare_getppid() == getppid());
}

void processor_step(void)
{
	pid_t child = start_child(step_work);
	long steps = 0;
	int status;

	for (;;) {
		CHECK(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) == 0);
		CHECK(waitpid(child, &status, 0) == child);
		if (WIFEXITED(status)) {
			break;
		}
		CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
		CHECK(++steps < 100000);
	}
	CHECK(WEXITSTATUS(status) == 3);
	CHECK(steps > 20);
}

static void watch_work(void)
{
	for (int i = 0; i < 10; i++) {
		usleep(100);
		watched = (uint64_t)i;
	}
}

static long poke_dr(pid_t child, size_t n, unsigned long value)
{
	return ptrace(PTRACE_POKEUSER, child, offsetof(struct user, u_debugreg) + 8 * n, value);
}

void processor_watch(void)
{
	pid_t child = start_child(watch_work);
	int status, hits = 0;

	CHECK(poke_dr(child, 0, (unsigned long)&watched) == 0);
	CHECK(poke_dr(child, 7, 0x000d0001) == 0); /* writes of four bytes */
	for (;;) {
		CHECK(ptrace(PTRACE_CONT, child, NULL, NULL) == 0);
		CHECK(waitpid(child, &status, 0) == child);
		if (WIFEXITED(status)) {
			break;
		}
		CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
		CHECK(ptrace(PTRACE_PEEKUSER, child, offsetof(struct user, u_debugreg) + 8 * 6,
			     NULL) &
		      1);
		hits++;
	}
	CHECK(hits == 10);
	child = start_child(watch_work);
	CHECK(poke_dr(child, 0, 0xffff830000000000) == -1);
	CHECK(ptrace(PTRACE_CONT, child, NULL, NULL) == 0);
	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
}

static volatile int traps;

static void count_trap(int number)
{
	(void)number;
	traps++;
}

/* TF set by POPF, over a system call too, whose entry must not run with it. */
void processor_trap_flag(void)
{
	struct sigaction action = { .sa_handler = count_trap };
	long result;

	CHECK(sigaction(SIGTRAP, &action, NULL) == 0);
	__asm__ volatile("pushfq\n"
			 "orq $0x100, (%%rsp)\n"
			 "popfq\n"
			 "nop\n"
			 "syscall\n"
			 "nop\n"
			 "pushfq\n"
			 "andq $~0x100, (%%rsp)\n"
			 "popfq\n"
			 : "=a"(result)
			 : "a"(SYS_getppid)
			 : "rcx", "r11", "memory", "cc");
	CHECK(result == getppid());
	CHECK(traps >= 5 && traps <= 8);
}
