/*
 * A plugin for QEMU's TCG that counts executed instructions by the address of
 * the block they are in: where a run spends itself, exactly and repeatably
 * (with --icount), without touching the machine. Prints "address count" lines,
 * hexadecimal and decimal, to the file given as `out=`. Debian packages no
 * header for plugins, so what is used of API version 1 is declared here
 * (source: the QEMU manual, "QEMU TCG Plugins").
 *
 * Read next: ../build/profile, which gives the addresses names.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
enum qemu_plugin_op {
	QEMU_PLUGIN_INLINE_ADD_U64,
};

typedef void (*tb_trans_fn)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*at_exit_fn)(qemu_plugin_id_t id, void *arg);

extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_trans_fn fn);
extern void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, at_exit_fn fn, void *arg);
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb,
						     enum qemu_plugin_op op, void *ptr,
						     uint64_t imm);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
extern uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);

int qemu_plugin_version __attribute__((visibility("default"))) = 1;
int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
	__attribute__((visibility("default")));

/* Blocks are kept in chunks that never move, for QEMU holds pointers to the counts. */
#define CHUNK 4096

struct block {
	uint64_t address;
	uint64_t count;
};

struct chunk {
	struct chunk *next;
	size_t used;
	struct block blocks[CHUNK];
};

static struct chunk *chunks;
static const char *out_path = "profile.txt";

static struct block *block_new(uint64_t address)
{
	if (chunks == NULL || chunks->used == CHUNK) {
		struct chunk *c = calloc(1, sizeof(*c));

		if (c == NULL) {
			abort();
		}
		c->next = chunks;
		chunks = c;
	}
	chunks->blocks[chunks->used].address = address;
	return &chunks->blocks[chunks->used++];
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	struct block *b = block_new(qemu_plugin_tb_vaddr(tb));

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &b->count,
						 qemu_plugin_tb_n_insns(tb));
}

static void on_exit_write(qemu_plugin_id_t id, void *arg)
{
	FILE *f = fopen(out_path, "w");

	(void)id;
	(void)arg;
	if (f == NULL) {
		perror(out_path);
		return;
	}
	for (const struct chunk *c = chunks; c != NULL; c = c->next) {
		for (size_t i = 0; i < c->used; i++) {
			if (c->blocks[i].count != 0) {
				fprintf(f, "%016" PRIx64 " %" PRIu64 "\n", c->blocks[i].address,
					c->blocks[i].count);
			}
		}
	}
	fclose(f);
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "out=", 4) == 0) {
			out_path = strdup(argv[i] + 4);
		}
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, on_exit_write, NULL);
	return 0;
}
