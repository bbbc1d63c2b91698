/*
 * What happened between two marks, from the file that the plugin tools/profile/profile.c writes.
 */
#ifndef BENCH_EVENTS_H
#define BENCH_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include "profile/opcode.h"
#include "symbols/symbols.h"

/* Counts of a function of the hypervisor that is worth telling. */
struct event_entry {
	char name[32];
	uint64_t count;
};

struct section {
	uint64_t instructions;          /* all of them */
	uint64_t hypervisor;            /* those of the hypervisor */
	uint64_t opcodes[OPCODE_KINDS]; /* costly instructions, whoever executes them */
	uint64_t faults;                /* exceptions and interrupts taken by the processor */
	struct event_entry *entries;    /* of the hypervisor, where its symbols are known */
	size_t entry_count;
};

struct sections {
	struct section *items;
	size_t count;
};

/* symbols may be NULL. 0, or -1 after a message. */
int events_read(struct sections *sections, const char *path, const struct symbols *symbols);

void events_free(struct sections *sections);

#endif
