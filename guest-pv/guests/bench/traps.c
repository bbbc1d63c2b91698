/*
 * Entries that the hypervisor hands on to the guest: system calls, page faults, events. While one
 * is measured its handler is the shortest there can be (entries.S), not the kit's.
 */
#include "traps.h"

#include <stddef.h>

#include "bench.h"
#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "printf.h"
#include "start.h"
#include "string.h"
#include "user.h"

#define VECTOR_INVALID_OPCODE 6
#define VECTOR_PAGE_FAULT     14

#define USER_CODE  0x400000ul
#define USER_STACK 0x600000ul

extern const char bench_syscall_entry[], bench_fault_entry[], bench_event_entry[];
extern const char bench_user_syscall[], bench_user_fault[], bench_user_end[];

extern struct pv_vcpu_info *bench_vcpu_info;
extern uint64_t *bench_pending_word;
extern uint64_t bench_event_count;

struct pv_vcpu_info *bench_vcpu_info;
uint64_t *bench_pending_word;
uint64_t bench_event_count;

static struct user_space space;
static uint64_t *user_data; /* the user's stack page, as the kernel sees it */

static long setup_user(void)
{
	void *code, *data;
	long rc;

	if (user_data != NULL) {
		return 0;
	}
	rc = user_space_init(&space);
	rc = rc != 0 ? rc : user_space_add_page(&space, USER_CODE, MMU_PTE_READ_ONLY, &code);
	rc = rc != 0 ? rc : user_space_add_page(&space, USER_STACK, MMU_PTE_DATA, &data);
	if (rc == 0) {
		memcpy(code, bench_user_syscall, (size_t)(bench_user_end - bench_user_syscall));
		user_data = data;
	}
	return rc;
}

static uint64_t run_user(const char *code, unsigned long n)
{
	unsigned long rip = USER_CODE + (unsigned long)(code - bench_user_syscall);
	struct user_result end = user_run(&space, rip, USER_STACK + KIT_PAGE_SIZE, n, USER_STACK);

	if (end.reason != USER_FAULTED || end.vector != VECTOR_INVALID_OPCODE) {
		printf("bench: user code ended by vector %lu at 0x%lx\n", end.vector, end.rip);
		return 0;
	}
	return *user_data;
}

static long register_callback(unsigned type, const char *entry)
{
	struct pv_callback_register cb = {
		.type = (uint16_t)type,
		.flags = PV_CALLBACKF_mask_events,
		.address = (uintptr_t)entry,
	};

	return hypercall_callback_op(PV_CALLBACKOP_register, &cb);
}

static long setup_syscall(void)
{
	long rc = setup_user();

	return rc != 0 ? rc : register_callback(PV_CALLBACK_syscall, bench_syscall_entry);
}

static uint64_t run_syscall(unsigned long n)
{
	return run_user(bench_user_syscall, n);
}

static void finish_syscall(void)
{
	traps_init_cpu();
}

static long setup_fault(void)
{
	const struct pv_trap_info table[2] = {
		{ .vector = VECTOR_PAGE_FAULT,
		  .flags = 4, /* masks events, as the kit's */
		  .cs = PV_FLAT_KERNEL_CS,
		  .address = (uintptr_t)bench_fault_entry },
	};
	long rc = setup_user();

	return rc != 0 ? rc : hypercall_set_trap_table(table);
}

static uint64_t run_fault(unsigned long n)
{
	return run_user(bench_user_fault, n);
}

static void finish_fault(void)
{
	traps_set_handler(VECTOR_PAGE_FAULT, 0, NULL);
}

static struct pv_evtchn_send send;

static long setup_event(void)
{
	int port = events_bind_ipi(0, NULL, NULL);

	if (port < 0) {
		return port;
	}
	send.port = (uint32_t)port;
	bench_vcpu_info = cpu_current()->info;
	bench_pending_word = (uint64_t *)&shared_info->evtchn_pending[port / 64];
	return register_callback(PV_CALLBACK_event, bench_event_entry);
}

#define EVENT_SEND "movl $32, %%eax; movl %[op], %%edi; movq %[send], %%rsi\n" BENCH_HYPERCALL

static uint64_t run_event(unsigned long n)
{
	uint64_t before = bench_event_count, ticks;

	ticks = BENCH_LOOP(n, EVENT_SEND, [op] "i"(PV_EVTCHNOP_send), [send] "r"(&send));
	if (bench_event_count - before != n) {
		printf("bench: %lu events sent, %lu came\n", n, bench_event_count - before);
	}
	return ticks;
}

/* The port is pending already, so that nothing is to be done. */
static uint64_t run_event_pending(unsigned long n)
{
	bool enabled = events_disable();
	uint64_t ticks;

	events_send(send.port);
	ticks = BENCH_LOOP(n, EVENT_SEND, [op] "i"(PV_EVTCHNOP_send), [send] "r"(&send));
	events_restore(enabled);
	return ticks;
}

static void finish_event(void)
{
	register_callback(PV_CALLBACK_event, traps_event_entry);
	events_close(send.port);
}

const struct bench_op bench_trap_ops[] = {
	{ "syscall", "system call from user mode and back", 1000, 1, run_syscall, setup_syscall,
	  finish_syscall },
	{ "page-fault", "page fault from user mode and back", 1000, 1, run_fault, setup_fault,
	  finish_fault },
	{ "event-self", "event sent to oneself, upcall, return", 1000, 1, run_event, setup_event,
	  finish_event },
	{ "event-pending", "event sent that is pending already", 1000, 1, run_event_pending,
	  setup_event, finish_event },
	{ NULL },
};
