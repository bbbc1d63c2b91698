/*
 * Hypercalls of a vCPU that is traced: the same table as entry_syscall.S and multicall.c
 * call by, and a record of each call.
 *
 * The record takes along what an argument points to, as much as it has room for:
 * from before the call, and if that succeeded, again from behind it, for then what
 * the call wrote is in it. The call reads its structure itself, so what it saw may
 * be something else if another vCPU writes there at the time.
 *
 * Read next: trace_capture.h.
 */
#include <parley/mmu.h>
#include <seam/cpu.h>

#include "domain/trace.h"
#include "hypercall/hypercall.h"
#include "hypercall/trace_capture.h"
#include "mm/guest.h"

#define ARGS 6

struct capture {
	u64 gva;
	u32 size; /* 0: nothing */
	u64 words[PV_TRACE_EXTRA_MAX / 8];
};

/* Read it: 0 bytes are valid if not all of it can be read. */
static u32 capture_read(struct capture *c)
{
	u64 words[PV_TRACE_EXTRA_MAX / 8] = { 0 };

	if (c->size == 0 || guest_read(words, c->gva, c->size) != 0) {
		return 0;
	}
	for (u32 i = 0; i < ARRAY_SIZE(words); i++) {
		c->words[i] = words[i];
	}
	return (c->size + 7) & ~7U;
}

static void capture_begin(struct capture *c, u64 number, const u64 *args)
{
	/* The calls of a multicall have records of their own. */
	bool has = number < PV_HYPERCALL_MAX && number != PV_HYPERCALL_multicall;
	const struct trace_capture *t = has ? &trace_captures[number] : NULL;

	u64 counted[ARGS];

	for (u32 i = 0; i < ARGS; i++) {
		counted[i] = args[i];
	}
	if (has && t->count < ARGS) {
		counted[t->count] &= ~(
			u64)PV_MMU_UPDATE_PREEMPTED; /* a mark in the counts of the MMU's batches */
	}
	c->size = has ? trace_capture_size(t, counted) : 0;
	c->gva = c->size == 0 ? 0 : args[t->pointer];
}

static long call(u64 number, const u64 *a)
{
	if (number >= PV_HYPERCALL_MAX) {
		return -PV_ENOSYS;
	}
	if (number == PV_HYPERCALL_multicall && trace_wants(current_vcpu(), multicall)) {
		return hypercall_multicall_traced(a[0], a[1], a[2], a[3]);
	}
	return hypercall_table[number](a[0], a[1], a[2], a[3], a[4], a[5]);
}

static long call_recorded(struct pv_trace_record *r, u64 number, const u64 *args, u64 *rip)
{
	const struct vcpu *v = current_vcpu();
	struct trace_begin paused = trace_pause(), began;
	struct capture c;
	u64 rip_before = *rip;
	u32 again;

	capture_begin(&c, number, args);
	r->number = number < PV_HYPERCALL_MAX ? (u8)number : PV_TRACE_NUMBER_OTHER;
	for (u32 i = 0; i < ARGS; i++) {
		r->args[i] = args[i];
	}
	r->extra = (u8)capture_read(&c);
	began = trace_begin();
	r->result = call(number, args);
	trace_end(r, began);
	if (*rip != rip_before || (r->kind == PV_TRACE_multicall && hypercall_restarts_in_list())) {
		r->flags |= PV_TRACE_FLAG_restart;
	} else if (r->result >= 0) {
		again = capture_read(&c);
		r->extra = (u8)MAX(again, (u32)r->extra);
	}
	trace_record(r, v, c.words);
	/* A multicall around it is charged with what it would have been without the record. */
	trace_resume(paused, r->cycles);
	return r->result;
}

void hypercall_traced(struct cpu_regs *regs)
{
	const struct vcpu *v = current_vcpu();
	u64 args[ARGS] = { regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9 };
	struct pv_trace_record r = { .kind = PV_TRACE_hypercall };
	u64 number = regs->rax;

	if (number < PV_HYPERCALL_MAX) {
		v->domain->stats_hypercalls[number]++;
	}
	if (trace_wants(v, hypercall) && trace_wants_call(v, number)) {
		regs->rax = (u64)call_recorded(&r, number, args, &regs->rip);
	} else {
		regs->rax = (u64)call(number, args);
	}
}

long hypercall_traced_in_list(u64 number, const u64 *args)
{
	struct pv_trace_record r = { .kind = PV_TRACE_multicall };

	if (!trace_wants_call(current_vcpu(), number)) {
		return call(number, args);
	}
	return call_recorded(&r, number, args, &cpu_info()->regs.rip);
}
