/*
 * The records of the hypervisor's trace. Each CPU writes into a ring of its own;
 * who reads gets them in the order of each CPU, not of time. A record is a header
 * and, behind it, pv_trace_record.extra bytes of what an argument pointed to when the call was
 * made (the start of its structure), the whole a multiple of 8 bytes.
 *
 * Read next: debug.h.
 */
#ifndef PARLEY_TRACE_H
#define PARLEY_TRACE_H

/* abigen:begin numbers */
/* Made from abi/abi.json by `make abi`: change the numbers there. */

/*
 * pv_trace_record.kind; pv_control_trace.kinds has a bit for each.
 *  - PV_TRACE_hypercall: number: PV_HYPERCALL_*; args, result; extra: the
 *    structure of the operation
 *  - PV_TRACE_multicall: the same, one call of a multicall
 *  - PV_TRACE_exception: handed to the guest; number: vector; args: address
 *    or error code, RIP, error code
 *  - PV_TRACE_emulation: a privileged instruction; number: PV_STATS_ENTRY_*;
 *    args: RIP, opcode bytes, what; result
 *  - PV_TRACE_event: a port became pending; number: 0; args: port, domid of
 *    the sender, vCPU woken
 *  - PV_TRACE_upcall: the guest's event handler was entered; args: RIP that
 *    was interrupted
 *  - PV_TRACE_switch: a CPU changes vCPU; args: domid << 16 | vCPU from, to
 *    (all ones: idle), ns it ran
 *  - PV_TRACE_domain: a domain's state; number: PV_DOMAIN_STATE_*; args:
 *    reason
 *  - PV_TRACE_lost: args: records of this CPU that were lost before this one
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

/* abigen:end numbers */

#define PV_TRACE_KINDS 10

#define PV_TRACE_EXTRA_MAX 128U
#define PV_TRACE_ALL       (((1UL << PV_TRACE_KINDS) - 1) & ~1UL)

#ifndef __ASSEMBLER__
#include <stdint.h>

struct pv_trace_record {
	uint64_t time_ns; /* system time at which it began */
	uint64_t cycles;  /* of the TSC that it took; counted instructions under --icount */
	uint16_t domid;   /* 0: none, the hypervisor's own */
	uint8_t vcpu;
	uint8_t cpu;
	uint8_t kind; /* PV_TRACE_* */
	uint8_t number;
	uint16_t extra; /* bytes behind the record, 0 .. PV_TRACE_EXTRA_MAX, a multiple of 8 */
	uint64_t args[6];
	int64_t result;
};

_Static_assert(sizeof(struct pv_trace_record) == 80, "trace layout");

#endif /* __ASSEMBLER__ */
#endif
