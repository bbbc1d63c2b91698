/*
 * INT n from kernel and from user mode: a handler is reached when its
 * privilege allows it, otherwise the instruction is a general protection
 * fault at itself. No vector of the machine's can be raised.
 */
#include "groups.h"

#include <stdint.h>

#include "check.h"
#include "probe.h"
#include "start.h"
#include "traps.h"

extern const char interrupts_int_n[256][4];

static unsigned reached;

static bool on_interrupt(struct kit_regs *regs)
{
	reached = (unsigned)regs->vector;
	return true;
}

static unsigned long int_n(unsigned vector)
{
	unsigned long verdict = 0;

	__asm__ volatile("call *%1"
			 : "+a"(verdict)
			 : "r"(interrupts_int_n[vector])
			 : "memory", "cc");
	return verdict;
}

void interrupts_check(void)
{
	unsigned long bad = 0, first = 0;

	/* So that a hypervisor misled by the emulator (see below) faults too. */
	traps_set_handler(4, 0, NULL);
	for (unsigned v = 0; v < 256; v++) {
		/* 3 and 4 have gates of their own; 0x80 may. */
		if (v == 3 || v == 4) {
			continue;
		}
		if (int_n(v) != PROBE_FAULT(13) && bad++ == 0) {
			first = v;
		}
	}
	check_sweep("instructions: int n without a handler", bad, first, 0);

	traps_set_handler(0x80, 3, on_interrupt);
	reached = 0;
	check_result("instructions: int 0x80", (long)int_n(0x80), 0);
	check_result("instructions: reaches its handler", reached, 0x80);
	traps_set_handler(3, 3, on_interrupt);
	reached = 0;
	check_result("instructions: int 3 in two bytes", (long)int_n(3), 0);
	check_result("instructions: reaches its handler", reached, 3);
	traps_set_handler(3, 3, NULL);
	/*
	 * Not under every hypervisor: some give 0x80 a gate of its own, and QEMU
	 * gives a wrong error code for the others, so that only who reads the
	 * instruction finds the vector.
	 */
	if (!start_is_privileged()) {
		traps_set_handler(0x80, 0, NULL);
		check_result("instructions: int 0x80 at level 0", (long)int_n(0x80),
			     PROBE_FAULT(13));
		traps_set_handler(0x20, 1, on_interrupt);
		reached = 0;
		check_result("instructions: int 0x20 at level 1", (long)int_n(0x20), 0);
		check_result("instructions: reaches its handler", reached, 0x20);
		traps_set_handler(0x20, 0, NULL);
	}
}
