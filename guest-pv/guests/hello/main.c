/*
 * TOUR(20) hello: the smallest tour of what a guest on the kit can do. It prints where
 * it runs, takes faults and survives them, sleeps on a timer, runs a
 * user-mode thread that makes a system call, starts its other vCPUs and
 * exchanges an interrupt with each, and powers off.
 *
 * Read next: guest-pv/kit/start.h, then the header of each area used here.
 */
#include <stdint.h>

#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "printf.h"
#include "probe.h"
#include "smp.h"
#include "start.h"
#include "string.h"
#include "timer.h"
#include "traps.h"
#include "user.h"

#define VECTOR_DIVIDE             0
#define VECTOR_BREAKPOINT         3
#define VECTOR_GENERAL_PROTECTION 13
#define VECTOR_PAGE_FAULT         14

#define SLEEP_NS 20000000ul
#define WAIT_NS  5000000000ul

#define USER_CODE       0x400000ul
#define USER_STACK      0x600000ul
#define USER_CALL_PRINT 1

static unsigned failures;

static void expect(bool ok, const char *what)
{
	printf("hello: %s: %s\n", what, ok ? "ok" : "FAILED");
	failures += !ok;
}

static void print_signature(void)
{
	struct cpu_cpuid r = cpu_read_cpuid(PV_CPUID_FIRST_LEAF, 0);
	char name[13];

	memcpy(name, &r.ebx, 4);
	memcpy(name + 4, &r.ecx, 4);
	memcpy(name + 8, &r.edx, 4);
	name[12] = '\0';
	printf("hello: cpuid 0x%x: \"%s\", leaves to 0x%x\n", PV_CPUID_FIRST_LEAF, name, r.eax);
}

static void print_surroundings(void)
{
	struct pv_feature_info features = { 0 };
	char extra[PV_EXTRAVERSION_LEN] = "";
	long version = hypercall_xen_version(PV_VERSION_version, NULL);

	hypercall_xen_version(PV_VERSION_extraversion, extra);
	hypercall_xen_version(PV_VERSION_get_features, &features);
	printf("hello: interface version %ld.%ld%s, features 0x%x\n", version >> 16,
	       version & 0xffff, extra, features.submap);
	print_signature();
	printf("hello: magic \"%s\", flags 0x%x, command line \"%s\"\n", start_info->magic,
	       start_info->flags, (const char *)start_info->cmd_line);
	printf("hello: memory %lu KiB, %lu pages free, vCPUs %u\n", start_info->nr_pages * 4,
	       page_free_count(), smp_count());
}

static bool breakpoint_seen;

static bool on_breakpoint(struct kit_regs *regs)
{
	breakpoint_seen = true;
	return true;
}

/* The division is two bytes long. */
static bool on_divide(struct kit_regs *regs)
{
	regs->rip += 2;
	regs->rax = 4711;
	return true;
}

static void take_faults(void)
{
	uint64_t value, rax = 1;

	expect(probe_read(0x123456, &value) == PROBE_FAULT(VECTOR_PAGE_FAULT) &&
		       probe_last_address() == 0x123456,
	       "page fault at an unmapped address");
	expect(probe_write(PV_MACH2PHYS_VIRT_START, 0) == PROBE_FAULT(VECTOR_PAGE_FAULT),
	       "page fault on a write to the hypervisor's table");
	expect(probe_read(0x8000000000000000, &value) == PROBE_FAULT(VECTOR_GENERAL_PROTECTION),
	       "general protection at a non-canonical address");

	traps_set_handler(VECTOR_BREAKPOINT, 3, on_breakpoint);
	__asm__ volatile("int3" ::: "memory");
	expect(breakpoint_seen, "breakpoint");

	traps_set_handler(VECTOR_DIVIDE, 0, on_divide);
	__asm__ volatile("xorl %%edx, %%edx; divl %%edx" : "+a"(rax)::"rdx", "cc");
	expect(rax == 4711, "division by zero, repaired by the handler");
}

static void sleep_on_timer(void)
{
	unsigned events = timer_event_count();
	uint64_t start = timer_now_ns();
	uint64_t elapsed;

	timer_sleep_ns(SLEEP_NS);
	elapsed = timer_now_ns() - start;
	printf("hello: slept %lu us, asked for %lu us, UTC %lu s\n", elapsed / 1000,
	       SLEEP_NS / 1000, timer_wall_ns() / 1000000000);
	expect(elapsed >= SLEEP_NS && timer_event_count() != events, "timer");
}

/*
 * The user thread, copied to USER_CODE: it makes system call 1 with the
 * number it was given, then exits with the call's result plus one.
 */
extern const char user_code_start[], user_code_end[];
__asm__(".pushsection .rodata\n"
	"user_code_start:\n"
	"	pushq %rdi\n"
	"	movl $1, %eax\n"
	"	syscall\n"
	"	popq %rcx\n"
	"	leaq 1(%rax), %rdi\n"
	"	xorl %eax, %eax\n"
	"	syscall\n"
	"	ud2\n"
	"user_code_end:\n"
	".popsection\n");

static uint64_t user_call(struct kit_regs *regs)
{
	if (regs->rax != USER_CALL_PRINT) {
		return (uint64_t)-PV_ENOSYS;
	}
	printf("hello: user thread calls with %lu from rip 0x%lx\n", regs->rdi, regs->rip);
	return regs->rdi * 2;
}

static void run_user_thread(void)
{
	struct user_space space;
	struct user_result result;
	void *code = NULL;
	long rc = user_space_init(&space);

	rc = rc != 0 ? rc : user_space_add_page(&space, USER_CODE, MMU_PTE_READ_ONLY, &code);
	rc = rc != 0 ? rc : user_space_add_page(&space, USER_STACK, MMU_PTE_DATA, NULL);
	if (rc != 0) {
		printf("hello: user address space: %ld\n", rc);
		failures++;
		return;
	}
	memcpy(code, user_code_start, (size_t)(user_code_end - user_code_start));
	user_set_call_handler(user_call);
	result = user_run(&space, USER_CODE, USER_STACK + KIT_PAGE_SIZE, 21, 0);
	expect(result.reason == USER_EXITED && result.value == 43, "user thread's system call");
	/* ud2 at the end of the code */
	result = user_run(&space, USER_CODE + (unsigned long)(user_code_end - user_code_start) - 2,
			  USER_STACK + KIT_PAGE_SIZE, 0, 0);
	expect(result.reason == USER_FAULTED && result.vector == 6, "user thread's fault");
}

/* What the first vCPU and one other say to each other. */
static struct {
	unsigned to_second, to_first; /* ports */
	bool ready, answered;
} talk;

static void on_ping(unsigned port, void *arg)
{
	events_send(talk.to_first);
}

static void on_pong(unsigned port, void *arg)
{
	__atomic_store_n(&talk.answered, true, __ATOMIC_RELEASE);
}

static void second_main(void *arg)
{
	talk.to_second = (unsigned)events_bind_ipi(cpu_current()->id, on_ping, NULL);
	__atomic_store_n(&talk.ready, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&talk.answered, __ATOMIC_ACQUIRE)) {
		timer_sleep_ns(1000000);
	}
}

static bool wait_for(const bool *flag)
{
	uint64_t start = timer_now_ns();

	while (!__atomic_load_n(flag, __ATOMIC_ACQUIRE)) {
		if (timer_now_ns() - start > WAIT_NS) {
			return false;
		}
		timer_sleep_ns(100000);
	}
	return true;
}

static void start_vcpus(void)
{
	unsigned count = smp_count();

	talk.to_first = (unsigned)events_bind_ipi(0, on_pong, NULL);
	for (unsigned id = 1; id < count; id++) {
		long rc;

		talk.ready = false;
		talk.answered = false;
		rc = smp_start(id, second_main, NULL);
		if (rc != 0) {
			printf("hello: vCPU %u does not start: %ld\n", id, rc);
			failures++;
			continue;
		}
		if (wait_for(&talk.ready)) {
			events_send(talk.to_second);
		}
		printf("hello: vCPU %u answers an IPI: %s\n", id,
		       wait_for(&talk.answered) ? "ok" : "FAILED");
		failures += !talk.answered;
		while (smp_is_up(id)) {
			timer_sleep_ns(100000);
		}
	}
}

int main(void)
{
	printf("hello: a guest on the Parley kit\n");
	print_surroundings();
	take_faults();
	sleep_on_timer();
	run_user_thread();
	start_vcpus();
	if (failures != 0) {
		printf("hello: %u failures\n", failures);
		return 1;
	}
	printf("hello: all well, powering off\n");
	return 0;
}
