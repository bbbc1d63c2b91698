/*
 * Signals: raised, queued from another process, on an alternate stack, and the
 * ones a CPU exception brings, each of which must carry the right code and
 * address and be recoverable.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hammer.h"

static volatile sig_atomic_t seen_count;
static volatile sig_atomic_t queued_sum;
static volatile sig_atomic_t last_code;
static volatile sig_atomic_t on_other_stack;
static char *other_stack;
static sigjmp_buf trap_return;

static void count_signal(int signal)
{
	char here;

	(void)signal;
	on_other_stack = &here >= other_stack && &here < other_stack + SIGSTKSZ;
	seen_count++;
}

static void sum_signal(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	queued_sum += info->si_value.sival_int;
}

static void note_trap(int signal, siginfo_t *info, void *context)
{
	(void)context;
	last_code = info->si_code;
	siglongjmp(trap_return, signal);
}

static void handle(int signal, void (*action)(int, siginfo_t *, void *), int flags)
{
	struct sigaction wanted = { .sa_sigaction = action, .sa_flags = SA_SIGINFO | flags };

	CHECK(sigaction(signal, &wanted, NULL) == 0);
}

/* Each exception must come back as its signal, with its code. */
static void check_traps(void)
{
	handle(SIGFPE, note_trap, 0);
	handle(SIGILL, note_trap, 0);
	handle(SIGTRAP, note_trap, 0);
	handle(SIGSEGV, note_trap, 0);
	if (sigsetjmp(trap_return, 1) == 0) {
		__asm__ volatile("divl %0" : : "r"(0), "a"(1), "d"(0) : "cc");
		CHECK(!"division");
	}
	CHECK(last_code == FPE_INTDIV);
	if (sigsetjmp(trap_return, 1) == 0) {
		__asm__ volatile("ud2");
		CHECK(!"ud2");
	}
	CHECK(last_code == ILL_ILLOPN);
	if (sigsetjmp(trap_return, 1) == 0) {
		__asm__ volatile("int3");
		CHECK(!"int3");
	}
	CHECK(last_code == SI_KERNEL);
	if (sigsetjmp(trap_return, 1) == 0) {
		__asm__ volatile("hlt");
		CHECK(!"hlt");
	}
	CHECK(last_code == SI_KERNEL);
	if (sigsetjmp(trap_return, 1) == 0) {
		/* Not canonical: #GP, not #PF. */
		__asm__ volatile("movb (%0), %%al" : : "r"(0x8000000000000000ULL) : "rax");
		CHECK(!"non-canonical");
	}
	CHECK(last_code == SI_KERNEL);
	if (sigsetjmp(trap_return, 1) == 0) {
		/* Single-step: one trap after the next instruction. */
		__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; nop; nop"
				 :
				 :
				 : "memory", "cc");
		CHECK(!"single step");
	}
	CHECK(last_code == TRAP_TRACE);
	signal(SIGFPE, SIG_DFL);
	signal(SIGILL, SIG_DFL);
	signal(SIGTRAP, SIG_DFL);
	signal(SIGSEGV, SIG_DFL);
}

static void check_queue(unsigned int count)
{
	sigset_t blocked, former;
	pid_t parent = getpid();
	pid_t pid;

	queued_sum = 0;
	handle(SIGRTMIN, sum_signal, 0);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGRTMIN);
	CHECK(sigprocmask(SIG_BLOCK, &blocked, &former) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		for (unsigned int i = 1; i <= count; i++) {
			CHECK(sigqueue(parent, SIGRTMIN, (union sigval){ .sival_int = (int)i }) ==
			      0);
		}
		_exit(0);
	}
	CHECK(hammer_wait(pid) == 0);
	CHECK(sigprocmask(SIG_SETMASK, &former, NULL) == 0);
	CHECK(queued_sum == (int)(count * (count + 1) / 2));
}

static void check_timer(void)
{
	struct itimerval interval = { .it_interval.tv_usec = 2000, .it_value.tv_usec = 2000 };
	struct itimerval off = { 0 };
	int start = seen_count;

	CHECK(signal(SIGALRM, count_signal) != SIG_ERR);
	CHECK(setitimer(ITIMER_REAL, &interval, NULL) == 0);
	while (seen_count < start + 5) {
		pause();
	}
	CHECK(setitimer(ITIMER_REAL, &off, NULL) == 0);
	CHECK(signal(SIGALRM, SIG_DFL) != SIG_ERR);
}

uint64_t hammer_signal(unsigned int rounds)
{
	struct sigaction action = { .sa_handler = count_signal, .sa_flags = SA_ONSTACK };
	stack_t stack = { .ss_size = SIGSTKSZ };
	uint64_t raised = 0;

	other_stack = malloc(SIGSTKSZ);
	CHECK(other_stack != NULL);
	stack.ss_sp = other_stack;
	CHECK(sigaltstack(&stack, NULL) == 0);
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	for (unsigned int round = 0; round < rounds; round++) {
		seen_count = 0;
		for (int i = 0; i < 100; i++) {
			on_other_stack = 0;
			CHECK(raise(SIGUSR1) == 0);
			CHECK(on_other_stack);
		}
		CHECK(seen_count == 100);
		raised += (uint64_t)seen_count;
		check_traps();
		check_queue(32);
	}
	check_timer();
	stack.ss_flags = SS_DISABLE;
	CHECK(sigaltstack(&stack, NULL) == 0);
	free(other_stack);
	return raised;
}
