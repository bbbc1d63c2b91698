/*
 * The emulations, recorded in the trace: each does what its namesake in emulate.h
 * or ptwr.h does, and writes a record if that was done.
 */
#ifndef PV_TRACED_H
#define PV_TRACED_H

#include "pv/emulate.h"
#include "pv/ptwr.h"

enum emulate_result pv_traced_privileged(struct vcpu *v, struct cpu_regs *regs);
bool pv_traced_forced_cpuid(struct vcpu *v, struct cpu_regs *regs);
enum ptwr_result pv_traced_pt_write(struct vcpu *v, struct cpu_regs *regs, u64 gva) must_check;

#endif
