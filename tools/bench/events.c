/*
 * What happened between two marks; see events.h.
 *
 * The plugin sees no exceptions and interrupts. But whoever enters ring 0 leaves it again, so they
 * are as many as the returns (SYSRET, IRET of ring 0) less the SYSCALLs and INTs.
 */
#include "bench/events.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HYPERVISOR_START 0xffff800000000000
#define HYPERVISOR_END   0xffff880000000000

/* Functions and labels of the hypervisor by which a kind of entry is known, besides hypercalls. */
static const struct {
	const char *symbol;
	const char *name;
} known[] = {
	{ "entry_syscall_user", "system call" },
	{ "entry_syscall_smap_user", "system call" },
	{ "pv_syscall_from_user", "system call, slow" },
	{ "entry_syscall_iret", "iret" },
	{ "entry_syscall_smap_iret", "iret" },
	{ "pv_iret", "iret, slow" },
	{ "entry_page_fault", "page fault" },
	{ "entry_page_fault_smap", "page fault" },
	{ "pv_trap", "trap, slow" },
	{ "pv_page_fault", "page fault, slow" },
	{ "pv_exit_work", "work at exit" },
	{ "pv_emulate_pt_write", "page-table store" },
	{ "pv_emulate_privileged", "emulation" },
	{ "vcpu_switch", "context switch" },
	{ "tlb_flush_local", "TLB flush" },
	{ "tlb_flush_page_local", "page flush" },
};

static const char *entry_name(const char *symbol)
{
	static const char hypercall[] = "hypercall_";

	if (strncmp(symbol, hypercall, sizeof(hypercall) - 1) == 0) {
		return symbol + sizeof(hypercall) - 1;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(symbol, known[i].symbol) == 0) {
			return known[i].name;
		}
	}
	return NULL;
}

/* Labels within the hypercall entry that are not hypercalls. */
static bool is_inner_label(const char *name)
{
	static const char *const inner[] = { "sysret",  "low",     "work", "unknown",
					     "restart", "ENDLIST", NULL };

	for (const char *const *p = inner; *p != NULL; p++) {
		if (strcmp(name, *p) == 0) {
			return true;
		}
	}
	return false;
}

static void entry_add(struct section *s, const char *name, uint64_t count)
{
	for (size_t i = 0; i < s->entry_count; i++) {
		if (strcmp(s->entries[i].name, name) == 0) {
			s->entries[i].count += count;
			return;
		}
	}
	s->entries = reallocarray(s->entries, s->entry_count + 1, sizeof(*s->entries));
	if (s->entries == NULL) {
		abort();
	}
	s->entries[s->entry_count].count = count;
	snprintf(s->entries[s->entry_count++].name, sizeof(s->entries->name), "%s", name);
}

static void add_block(struct section *s, uint64_t address, uint64_t instructions,
		      uint64_t executions, const struct symbols *symbols)
{
	const struct symbol *symbol;
	const char *name;

	s->instructions += instructions * executions;
	if (address < HYPERVISOR_START || address >= HYPERVISOR_END) {
		return;
	}
	s->hypervisor += instructions * executions;
	symbol = symbols != NULL ? symbols_find(symbols, address) : NULL;
	if (symbol == NULL || symbol->address != address) {
		return;
	}
	name = entry_name(symbol->name);
	if (name != NULL && !is_inner_label(name)) {
		entry_add(s, name, executions);
	}
}

static void add_opcode(struct section *s, const char *kind, uint64_t count)
{
	for (unsigned k = 0; k < OPCODE_KINDS; k++) {
		if (strcmp(kind, opcode_names[k]) == 0) {
			s->opcodes[k] += count;
		}
	}
}

static struct section *section_new(struct sections *sections)
{
	sections->items =
		reallocarray(sections->items, sections->count + 1, sizeof(*sections->items));
	if (sections->items == NULL) {
		abort();
	}
	sections->items[sections->count] = (struct section){ 0 };
	return &sections->items[sections->count++];
}

static void section_end(struct section *s)
{
	uint64_t out = s->opcodes[OPCODE_SYSRET] + s->opcodes[OPCODE_IRET];
	uint64_t in = s->opcodes[OPCODE_SYSCALL] + s->opcodes[OPCODE_INT];

	s->faults = out > in ? out - in : 0;
}

int events_read(struct sections *sections, const char *path, const struct symbols *symbols)
{
	FILE *f = fopen(path, "r");
	struct section *s = NULL;
	char line[256], kind[32], range[32];
	uint64_t a, b, c;

	if (f == NULL) {
		perror(path);
		return -1;
	}
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, "section ", 8) == 0) {
			s = section_new(sections);
		} else if (s != NULL &&
			   sscanf(line, "event %31s %31s %" SCNu64, kind, range, &a) == 3) {
			add_opcode(s, kind, a);
		} else if (s != NULL && sscanf(line, "block %" SCNx64 " %" SCNu64 " %" SCNu64, &a,
					       &b, &c) == 3) {
			add_block(s, a, b, c, symbols);
		}
	}
	fclose(f);
	for (size_t i = 0; i < sections->count; i++) {
		section_end(&sections->items[i]);
	}
	return 0;
}

void events_free(struct sections *sections)
{
	for (size_t i = 0; i < sections->count; i++) {
		free(sections->items[i].entries);
	}
	free(sections->items);
	*sections = (struct sections){ 0 };
}
