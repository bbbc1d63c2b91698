/* Instructions that enter the kernel's handlers with known registers. */
#ifndef CONFORM_PROBES_H
#define CONFORM_PROBES_H

#include <stdint.h>

/* Offsets are known to probes.S. */
struct probe_entry {
	const char *code;
	uint64_t rcx, r11, rsp, rbx;                             /* in */
	uint64_t out_rcx, out_r11, out_rsp, out_rbx, out_rflags; /* out */
};

void probes_enter(struct probe_entry *entry);

extern const char probes_ud2[], probes_int3[], probes_int4[], probes_int80[], probes_divide[];
extern const char probes_load[], probes_store[], probes_privileged[], probes_fpu[], probes_step[];
extern const char probes_hypercall[], probes_back[];

#endif
