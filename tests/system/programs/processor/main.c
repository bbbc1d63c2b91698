/*
 * processor [SUBJECT...]: run the subjects, all by default, each in a child.
 * Prints "processor SUBJECT: ok" or "failed" for each, "processor: all ok" if
 * so, and exits 1 if not.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "processor.h"

static const struct {
	const char *name;
	void (*run)(void);
} subjects[] = {
	{ "bases", processor_bases },
	{ "ldt", processor_ldt },
	{ "tls", processor_tls },
	{ "int80", processor_int80 },
	{ "compat", processor_compat },
	{ "forbidden", processor_forbidden },
	{ "bad_return", processor_bad_return },
	{ "step", processor_step },
	{ "watch", processor_watch },
	{ "trap_flag", processor_trap_flag },
};

_Noreturn void processor_fail(const char *file, int line, const char *condition)
{
	dprintf(STDOUT_FILENO, "processor: %s:%d: not so: %s\n", file, line, condition);
	_exit(1);
}

static sigjmp_buf back;

static void jump_back(int number)
{
	siglongjmp(back, number);
}

int processor_signal_of(void (*fn)(void))
{
	static const int signals[] = { SIGSEGV, SIGILL, SIGBUS, SIGTRAP, SIGFPE };
	struct sigaction action = { .sa_handler = jump_back };
	static char stack[65536];
	const stack_t other = { .ss_sp = stack, .ss_size = sizeof(stack) };
	int number;

	CHECK(sigaltstack(&other, NULL) == 0);
	action.sa_flags = SA_ONSTACK;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		CHECK(sigaction(signals[i], &action, NULL) == 0);
	}
	number = sigsetjmp(back, 1);
	if (number == 0) {
		fn();
	}
	return number;
}

void *processor_low_page(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	CHECK(page != MAP_FAILED);
	return page;
}

static int run(size_t i)
{
	int status, ok;
	pid_t child;

	fflush(NULL);
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		subjects[i].run();
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child);
	ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (!ok) {
		printf("processor: status %x\n", status);
	}
	printf("processor %s: %s\n", subjects[i].name, ok ? "ok" : "failed");
	return !ok;
}

int main(int argc, char **argv)
{
	int failed = 0;

	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		int wanted = argc == 1;

		for (int arg = 1; arg < argc; arg++) {
			wanted |= strcmp(argv[arg], subjects[i].name) == 0;
		}
		if (wanted) {
			failed |= run(i);
		}
	}
	if (!failed) {
		printf("processor: all ok\n");
	}
	return failed;
}
