/*
 * A plugin for QEMU's TCG that counts executed instructions by the block they are in, and those
 * that a model of cycles asks for by kind: where a run spends itself, exactly and repeatably (with
 * -icount), without touching the machine.
 *
 *	-plugin build/profile.so,out=FILE[,marks=on][,longest=on]
 *
 * With marks=on only what stands between two marks is counted, a section for each pair; a mark is
 * the instruction `xchg %bx, %bx`, which does nothing and which nobody else executes. Without, the
 * whole run is one section. The file has lines of words:
 *
 *	section NUMBER
 *	event KIND RANGE COUNT
 *	block ADDRESS INSTRUCTIONS EXECUTIONS
 *
 * With longest=on a section has no events, and only the blocks of one stretch: the longest for which
 * the processor did not leave the hypervisor, neither to a guest nor to wait for an interrupt. That
 * is on a machine of one processor what nothing interrupts.
 *
 * RANGE is user, hypervisor or kernel, by the address of the instruction. The rest of a block
 * behind an instruction that faults is counted though it was not executed; an instruction of a
 * string operation counts once for each step, as with -icount.
 *
 * Debian packages no header for plugins, so what is used of API version 1 is declared here
 * (source: the QEMU manual, "QEMU TCG Plugins").
 *
 * Read next: opcode.h; names.c, which gives the addresses names.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/opcode.h"

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_op {
	QEMU_PLUGIN_INLINE_ADD_U64,
};
enum qemu_plugin_cb_flags {
	QEMU_PLUGIN_CB_NO_REGS,
};

typedef void (*tb_trans_fn)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*at_exit_fn)(qemu_plugin_id_t id, void *arg);
typedef void (*exec_fn)(unsigned vcpu, void *arg);

extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_trans_fn fn);
extern void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, at_exit_fn fn, void *arg);
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb,
						     enum qemu_plugin_op op, void *ptr,
						     uint64_t imm);
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, exec_fn fn,
						 enum qemu_plugin_cb_flags flags, void *arg);
extern void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn,
						       enum qemu_plugin_op op, void *ptr,
						       uint64_t imm);
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, exec_fn fn,
						   enum qemu_plugin_cb_flags flags, void *arg);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
extern uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb,
							size_t index);
extern const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
extern size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

int qemu_plugin_version __attribute__((visibility("default"))) = 1;
int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
	__attribute__((visibility("default")));

/* Blocks are kept in chunks that never move, for QEMU holds pointers to the counts. */
#define CHUNK 4096

struct block {
	uint64_t address;
	uint64_t instructions;
	uint64_t executions;
	uint64_t before; /* executions when the section began; of the stretch that is under way */
};

struct chunk {
	struct chunk *next;
	size_t used;
	struct block blocks[CHUNK];
};

enum range {
	RANGE_USER,
	RANGE_HYPERVISOR,
	RANGE_KERNEL,
	RANGES,
};

static const char *const range_names[RANGES] = { "user", "hypervisor", "kernel" };

static struct chunk *chunks;
static uint64_t events[OPCODE_KINDS][RANGES], events_before[OPCODE_KINDS][RANGES];
static const char *out_path = "profile.txt";
static FILE *out;
static bool use_marks, in_section, want_longest;
static unsigned section;

/* A block of a stretch and how often it ran. */
struct part {
	struct block *block;
	uint64_t executions;
};

struct stretch {
	uint64_t instructions;
	struct part *parts;
	size_t count, room;
};

static struct stretch current, longest;

static enum range range_of(uint64_t address)
{
	if (address < 0x800000000000) {
		return RANGE_USER;
	}
	return address < 0xffff880000000000 ? RANGE_HYPERVISOR : RANGE_KERNEL;
}

static struct block *block_new(uint64_t address, size_t instructions)
{
	struct block *b;

	if (chunks == NULL || chunks->used == CHUNK) {
		struct chunk *c = calloc(1, sizeof(*c));

		if (c == NULL) {
			abort();
		}
		c->next = chunks;
		chunks = c;
	}
	b = &chunks->blocks[chunks->used++];
	b->address = address;
	b->instructions = instructions;
	return b;
}

/* ---- the longest stretch ---- */

static void stretch_add(struct stretch *s, struct block *b)
{
	if (s->count == s->room) {
		s->room = s->room * 2 + 1024;
		s->parts = reallocarray(s->parts, s->room, sizeof(*s->parts));
		if (s->parts == NULL) {
			abort();
		}
	}
	s->parts[s->count++].block = b;
}

static void stretch_clear(struct stretch *s)
{
	for (size_t i = 0; i < s->count; i++) {
		s->parts[i].block->before = 0;
	}
	s->count = 0;
	s->instructions = 0;
}

/* It is over; is it the longest so far? */
static void stretch_end(void)
{
	struct stretch shorter = longest;

	if (current.instructions > longest.instructions) {
		for (size_t i = 0; i < current.count; i++) {
			current.parts[i].executions = current.parts[i].block->before;
			current.parts[i].block->before = 0;
		}
		longest = current;
		shorter.count = 0;
		shorter.instructions = 0;
		current = shorter;
	} else {
		stretch_clear(&current);
	}
}

static void on_hypervisor_block(unsigned vcpu, void *arg)
{
	struct block *b = arg;

	(void)vcpu;
	if (b->before++ == 0) {
		stretch_add(&current, b);
	}
	current.instructions += b->instructions;
}

/* A guest's block, or HLT. */
static void on_pause(unsigned vcpu, void *arg)
{
	(void)vcpu;
	(void)arg;
	if (current.count != 0) {
		stretch_end();
	}
}

static void stretch_write(void)
{
	stretch_end();
	fprintf(out, "section %u\n", section++);
	for (size_t i = 0; i < longest.count; i++) {
		fprintf(out, "block %" PRIx64 " %" PRIu64 " %" PRIu64 "\n",
			longest.parts[i].block->address, longest.parts[i].block->instructions,
			longest.parts[i].executions);
	}
	fflush(out);
}

/* ---- sections ---- */

static void section_begin(void)
{
	if (want_longest) {
		stretch_clear(&current);
		longest.count = 0;
		longest.instructions = 0;
		return;
	}
	memcpy(events_before, events, sizeof(events));
	for (struct chunk *c = chunks; c != NULL; c = c->next) {
		for (size_t i = 0; i < c->used; i++) {
			c->blocks[i].before = c->blocks[i].executions;
		}
	}
}

static void section_write(void)
{
	if (want_longest) {
		stretch_write();
		return;
	}
	fprintf(out, "section %u\n", section++);
	for (unsigned kind = 1; kind < OPCODE_KINDS; kind++) {
		for (unsigned r = 0; r < RANGES; r++) {
			uint64_t count = events[kind][r] - events_before[kind][r];

			if (count != 0) {
				fprintf(out, "event %s %s %" PRIu64 "\n", opcode_names[kind],
					range_names[r], count);
			}
		}
	}
	for (const struct chunk *c = chunks; c != NULL; c = c->next) {
		for (size_t i = 0; i < c->used; i++) {
			const struct block *b = &c->blocks[i];
			uint64_t count = b->executions - b->before;

			if (count != 0) {
				fprintf(out, "block %" PRIx64 " %" PRIu64 " %" PRIu64 "\n",
					b->address, b->instructions, count);
			}
		}
	}
	fflush(out);
}

static void on_mark(unsigned vcpu, void *arg)
{
	(void)vcpu;
	(void)arg;
	if (in_section) {
		section_write();
	} else {
		section_begin();
	}
	in_section = !in_section;
}

static void count_kinds(struct qemu_plugin_tb *tb, enum range range)
{
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		enum opcode_kind kind =
			opcode_classify(qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn));

		if (kind == OPCODE_MARK && use_marks) {
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark,
							       QEMU_PLUGIN_CB_NO_REGS, NULL);
		} else if (kind == OPCODE_HLT && want_longest) {
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_pause,
							       QEMU_PLUGIN_CB_NO_REGS, NULL);
		} else if (kind != OPCODE_PLAIN) {
			qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64,
								   &events[kind][range], 1);
		}
	}
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	uint64_t address = qemu_plugin_tb_vaddr(tb);
	struct block *b = block_new(address, qemu_plugin_tb_n_insns(tb));

	(void)id;
	if (want_longest) {
		bool is_ours = range_of(address) == RANGE_HYPERVISOR;

		qemu_plugin_register_vcpu_tb_exec_cb(tb, is_ours ? on_hypervisor_block : on_pause,
						     QEMU_PLUGIN_CB_NO_REGS, b);
	} else {
		qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
							 &b->executions, 1);
	}
	count_kinds(tb, range_of(address));
}

static void at_exit(qemu_plugin_id_t id, void *arg)
{
	(void)id;
	(void)arg;
	if (!use_marks) {
		section_write();
	}
	fclose(out);
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "out=", 4) == 0) {
			out_path = strdup(argv[i] + 4);
		} else if (strcmp(argv[i], "marks=on") == 0) {
			use_marks = true;
		} else if (strcmp(argv[i], "longest=on") == 0) {
			want_longest = true;
		} else {
			fprintf(stderr, "profile: unknown option %s\n", argv[i]);
			return -1;
		}
	}
	out = fopen(out_path, "w");
	if (out == NULL) {
		perror(out_path);
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, at_exit, NULL);
	return 0;
}
