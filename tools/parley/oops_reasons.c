/*
 * See oops_reasons.h. The reasons are those that hypervisor/pv gives to domain_crash(); a test
 * compares the two lists (tests/unit/test_oops.c).
 */
#include "oops_reasons.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *reason; /* it has these words */
	const char *means;
} reasons[] = {
	{ ": kernel stack at ",
	  "An exception or event was due, and its frame could not be written to the kernel's stack:\n"
	  "that is not mapped there, read-only, or in the hypervisor's range. What came is in the\n"
	  "line `vector` (0: an event). Compare rsp with where the stack should be: a recursion that\n"
	  "ran through its end looks so, too.\n" },
	{ ": the frame of a bounce or iret ",
	  "The kernel's stack was not there when a program entered the kernel, or when the kernel\n"
	  "called iret. Only the reason, cr2 and the two cr3 are the guest's; the other\n"
	  "registers may be the hypervisor's. Look at the stack pointer that the kernel gave last by\n"
	  "stack_switch, and at rsp before its iret.\n" },
	{ "and no handler for it",
	  "The processor refused an instruction, and the kernel has no handler for that: it came\n"
	  "before set_trap_table, or is not expected at all. rip is the instruction, `vector` what is\n"
	  "wrong with it; for a page fault cr2 is the address that it touched.\n" },
	{ ": no handler for a trap, callback or event",
	  "Something was to be handed to the kernel for which it has registered no entry\n"
	  "(callback_op, set_trap_table).\n" },
	{ ": iret frame at ",
	  "The kernel called iret, and the frame that it leaves on its stack for that cannot be\n"
	  "read: rsp was wrong.\n" },
	{ ": iret to user mode without a user page table",
	  "The kernel went to user mode without having said which page table is the program's\n"
	  "(mmuext_op, PV_MMUEXT_NEW_USER_BASEPTR).\n" },
	{ ": reserved bits in a page table ",
	  "No guest should be able to bring this about: please report it, with the log.\n" },
	{ ": says it crashed",
	  "The kernel said so itself, by sched_op shutdown: a panic of its own. Why is in its last\n"
	  "words on the console; rip is only where it made that call.\n" },
};

const char *oops_explain(const char *report)
{
	size_t line = strcspn(report, "\n");

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		const char *found = strstr(report, reasons[i].reason);

		if (found && (size_t)(found - report) < line) {
			return reasons[i].means;
		}
	}
	return NULL;
}
