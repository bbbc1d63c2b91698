/*
 * Port I/O of a guest that has no ports: reads give all ones, as an empty bus
 * does, and writes go nowhere. A kernel may do it once it has asked for I/O
 * privilege (physdev_op set_iopl); without, it gets #GP. Under vm_assist
 * architectural_iopl it always may, and gives user mode IOPL 3 by iret.
 */
#ifndef PV_IO_H
#define PV_IO_H

#include "domain/domain.h"
#include "pv/decode.h"

/* True if the half of the guest that runs has I/O privilege. */
bool io_is_allowed(const struct vcpu *v);

/* What an IN of `bytes` bytes (1, 2 or 4) at a port gives. */
u32 io_port_read(u16 port, u32 bytes);

/* Carry out a decoded IN or OUT: false if it is not allowed. */
bool io_emulate(struct vcpu *v, struct cpu_regs *regs, const struct insn *insn);

/* True if such an instruction, which was carried out, met a breakpoint; DR6 tells which. */
bool io_met_breakpoint(struct vcpu *v, const struct cpu_regs *regs, const struct insn *insn);

#endif
