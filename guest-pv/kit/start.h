/*
 * Start of day. The kit brings up, in this order: the console, traps, memory,
 * events and time, and then calls main() on the first vCPU with upcalls
 * enabled. When main returns 0 the domain powers off, otherwise it reports a
 * crash, so that a test guest's verdict reaches the exit status of `parley`.
 */
#ifndef KIT_START_H
#define KIT_START_H

#include <stdbool.h>
#include <stdint.h>

#include <parley/shared_info.h>
#include <parley/start_info.h>

/* What the builder handed over; valid for the domain's life. */
extern struct pv_start_info *start_info;

/* The registers as the first instruction found them. */
extern struct start_registers {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rflags;
	uint16_t cs, ss, ds, es, fs, gs;
} start_registers;

/* The page shared with the hypervisor. */
extern struct pv_shared_info *shared_info;

/* Where a guest on the kit begins. */
int main(void);

/* True for an initial domain, which may do more than others. */
bool start_is_privileged(void);

/*
 * True when `word` stands on the command line, alone or as "word=value";
 * *value (may be NULL) then points behind the '=', or at an empty string.
 */
bool start_option(const char *word, const char **value);

/* The number behind "word=", or another where the word is not there. */
unsigned long start_option_number(const char *word, unsigned long otherwise);

/* True when "word=" is followed by what begins with `want`. */
bool start_option_is(const char *word, const char *want);

#endif
