/*
 * The records of the hypervisor's trace. Each CPU writes into a ring of its own;
 * who reads gets them in the order of each CPU, not of time. A record is a header
 * and, behind it, pv_trace_record.extra bytes of what an argument points to (the start
 * of its structure), the whole a multiple of 8 bytes.
 *
 * Read next: debug.h.
 */
#ifndef PARLEY_TRACE_H
#define PARLEY_TRACE_H

/* abigen:begin numbers */
/* Made from abi/abi.json by `make abi`: change the numbers there. */

/*
 * pv_trace_record.kind; pv_control_trace.kinds has a bit for each.
 *  - PV_TRACE_hypercall: number: PV_HYPERCALL_*; args, result; extra: what
 *    an argument points to, behind the call if it succeeded, else before it
 *  - PV_TRACE_multicall: the same, one call of a multicall, before the
 *    record of that
 *  - PV_TRACE_exception: handed to the guest's kernel; number: vector; args:
 *    address (of page faults) or error code, RIP, error code, RSP, 1 if a
 *    program was interrupted
 *  - PV_TRACE_emulation: number: PV_STATS_ENTRY_emulation; args: RIP, bytes
 *    there, RAX, RCX, RDX; result: RAX behind it. Or
 *    PV_STATS_ENTRY_table_write; args: RIP, bytes there, address; result: the
 *    entry behind it
 *  - PV_TRACE_event: a port became pending; number: PV_EVTCHNSTAT_*; args:
 *    port, domid of the sender (0: the hypervisor), vCPU that is told, the
 *    sender's vCPU, virtual interrupt
 *  - PV_TRACE_upcall: the guest's event handler was entered; args: RIP that
 *    was interrupted, pv_vcpu_info.evtchn_pending_sel
 *  - PV_TRACE_switch: a CPU runs another vCPU; args: domid << 16 | vCPU that
 *    ran, that runs now (PV_TRACE_IDLE: none), ns that it ran
 *  - PV_TRACE_domain: a domain's state; number: PV_DOMAIN_STATE_*; args:
 *    reason
 *  - PV_TRACE_lost: args: records of this CPU that are missing before this
 *    one
 *  - PV_TRACE_syscall: a program's system call, handed to its kernel; args:
 *    RAX, RDI, RSI, RDX, R10, R8
 *  - PV_TRACE_clock: recording begins; args: kHz of the TSC
 */
#define PV_TRACE_hypercall 1
#define PV_TRACE_multicall 2
#define PV_TRACE_exception 3
#define PV_TRACE_emulation 4
#define PV_TRACE_event     5
#define PV_TRACE_upcall    6
#define PV_TRACE_switch    7
#define PV_TRACE_domain    8
#define PV_TRACE_lost      9
#define PV_TRACE_syscall   10
#define PV_TRACE_clock     11

/*
 * pv_trace_record.flags.
 *  - PV_TRACE_FLAG_restart: stopped half way: the guest makes the call
 *    again, for what is left, or the store to a page table
 *  - PV_TRACE_FLAG_no_result: the call does not return: iret
 */
#define PV_TRACE_FLAG_restart   1
#define PV_TRACE_FLAG_no_result 2

/* abigen:end numbers */

#define PV_TRACE_KINDS 12

/* pv_trace_record.number: of hypercalls, one beyond it; of exceptions, the failsafe callback */
#define PV_TRACE_NUMBER_OTHER 255

#define PV_TRACE_IDLE 0xffffffffffffffffUL

#define PV_TRACE_EXTRA_MAX 128U
#define PV_TRACE_ALL       (((1UL << PV_TRACE_KINDS) - 1) & ~1UL)

#ifndef __ASSEMBLER__
#include <stdint.h>

/*
 * cycles: of the TSC, from when the hypervisor's C code had the call or fault to when it
 * was done with it, without `others`; the entry and the exit in assembly are not in it.
 * Interrupts are off meanwhile. Counted instructions on a machine that counts (QEMU's
 * -icount). Of a multicall: with the calls in it. 0 for kinds that take no time.
 *
 * others: cycles that passed meanwhile and were not for this: waiting for locks that
 * another CPU held, answering other CPUs (their flushes), writing records of what is
 * within. cycles + others is what a clock would show.
 */
struct pv_trace_record {
	uint64_t time_ns; /* system time at which it began */
	uint64_t cycles;
	uint64_t others;
	uint16_t domid; /* 0: none, the hypervisor's own */
	uint8_t vcpu;
	uint8_t cpu;
	uint8_t kind; /* PV_TRACE_* */
	uint8_t number;
	uint8_t extra; /* bytes behind the record, 0 .. PV_TRACE_EXTRA_MAX, a multiple of 8 */
	uint8_t flags; /* PV_TRACE_FLAG_* */
	uint64_t args[6];
	int64_t result;
};

_Static_assert(sizeof(struct pv_trace_record) == 88, "trace layout");

#endif /* __ASSEMBLER__ */
#endif
