/*
 * The driver: two domains on the small machine and the same two in the model.
 * It carries out operations on both and compares results and states after each.
 *
 * Read next: driver.c, generate.c (random operations), sequence.c.
 */
#ifndef MODEL_DRIVER_H
#define MODEL_DRIVER_H

#include <parley/grant_table.h>
#include <parley/hypercall.h>
#include <parley/memory.h>
#include <parley/mmu.h>
#include <parley/vcpu.h>

#include "machine.h"
#include "model.h"
#include "op.h"

#define DRIVER_GROUP   8 /* operations in one call */
#define DRIVER_ATTACKS 8

/* What the guest has in its own memory for its calls. */
struct driver_buffer {
	struct pv_mmu_update updates[DRIVER_GROUP];
	struct pv_mmuext_op ops[DRIVER_GROUP];
	struct pv_multicall_entry calls[DRIVER_GROUP];
	u64 words[DRIVER_GROUP][MODEL_GDT];
	u64 list[DRIVER_GROUP];
	struct pv_memory_reservation reservation[DRIVER_GROUP];
	struct {
		struct pv_gnttab_map_grant_ref map[DRIVER_GROUP];
		struct pv_gnttab_unmap_grant_ref unmap[DRIVER_GROUP];
		struct pv_gnttab_unmap_and_replace replace[DRIVER_GROUP];
		struct pv_gnttab_copy copy[DRIVER_GROUP];
		struct pv_gnttab_swap_grant_ref swap[DRIVER_GROUP];
	} grants;
	u8 code[32];
	u32 done;
};

struct driver {
	struct model model;
	struct domain *domain[MODEL_DOMAINS];
	u64 slot[MODEL_DOMAINS][OP_OWN_FRAMES]; /* what the symbols OWN and OTHER mean */
	struct driver_buffer buffer;
	/* what the symbols of the present group meant before it began */
	struct {
		u64 frame, to, entry;
	} at[DRIVER_GROUP];
	/* stores that were made through a stale translation during the group */
	struct {
		u64 frame, value;
		u32 index;
	} attacks[DRIVER_ATTACKS];
	u32 attack_count;
	u64 attack_seed;
	bool is_racing;    /* in race.c: what is counted by the run of a call cannot be */
	bool is_unchecked; /* the model does not follow: driver_adopt() before it does again */
	/* stop after so many restarts (0: never) and leave the call to driver_resume() */
	u32 stop_after;
	struct {
		bool is_there;
		u32 nr, cpu;
		u64 a[4];
	} stopped;
	u64 free_at_start;
	u64 steps, restarts;
	char why[256];
};

/* Make the machine and the model of it. */
void driver_begin(struct driver *w);

/* Let all domains die. NULL, or what is wrong. */
const char *driver_end(struct driver *w);

/* How many of ops[0..n) belong together, at least 1. */
u32 driver_group(const struct op *ops, u32 n);

/* Carry out a group on both: NULL, or what differs or is wrong. */
const char *driver_step(struct driver *w, const struct op *ops, u32 n);

/* Go on with the call that was stopped: NULL, or what is wrong. Nothing if there is none. */
const char *driver_resume(struct driver *w);

/*
 * Carry out a group while guest copy number fail_copy fails: NULL, or what is wrong. What
 * was done must be a beginning of the group, wholly.
 */
const char *driver_step_failing(struct driver *w, const struct op *ops, u32 n, u32 fail_copy);

/* A whole sequence: NULL, or what is wrong, and *at the operation. */
const char *driver_run(struct driver *w, const struct op *ops, u32 n, u32 *at);

/* What another vCPU stores through a stale translation of a frame, for simtlb_attack: entries worth having. */
bool driver_attack(u64 frame, u32 *index, u64 *value);

/* Who runs on a CPU: false if it is idle. */
bool driver_who(const struct driver *w, u32 cpu, struct model_who *who);

u64 driver_frame(const struct driver *w, struct model_who who, u16 symbol);

/* The entry or value that an operation stores. */
u64 driver_entry(const struct driver *w, struct model_who who, const struct op *op);

/* Whom op_whose names, for a domain. */
u16 driver_whose(const struct driver *w, struct model_who who, u32 whose);

/* Random operations that make sense in the present state more often than not: a group of at most max. */
u32 driver_generate(struct driver *w, struct op_source *src, struct op *ops, u32 max);

/* ---- driver_calls.c ---- */

/* Make the group's hypercalls on the machine: results, and how many were done in a batch. */
struct driver_result {
	long rc[DRIVER_GROUP]; /* of each; in a batch the first is that of all */
	u32 done;
	bool is_batch, is_multi;
	long multi_rc;
	const char *stopped_wrong; /* what was wrong when it was stopped half way */
};

void driver_call(struct driver *w, const struct op *ops, u32 n, struct driver_result *r);

/* Is it a hypercall, so that it may stand in a multicall? */
bool driver_is_call(u8 kind);
/* May the two be in one batch? */
bool driver_is_batch(u8 first, u8 second);

/* ---- driver_grants.c: grants on the machine, and on the model ---- */

bool driver_is_grant(u8 kind);

/* Element i of a list of such operations; its hypercall is grant_table_op(*cmd, *list, ...). */
void driver_grant_element(struct driver *w, struct model_who who, const struct op *op, u32 i,
			  u32 *cmd, u64 *list);

/* The same on the model, and a comparison: 0, or what cannot be the call's result. */
long driver_grant_model(struct driver *w, struct model_who who, const struct op *op, u32 i);

/* What the hypervisor keeps of d's grants is no free memory any more. */
void driver_note_own(struct driver *w, struct domain *d);

/* The guest writes an entry of its table. */
void driver_give(struct driver *w, struct model_who who, const struct op *op);

/* The model learns what there is on the machine. */
void driver_adopt_grants(struct driver *w);

/* NULL, or what differs. */
const char *driver_compare_grants(struct driver *w);

/* ---- driver_model.c ---- */

/* The same on the model, which learns from the result what it cannot know. NULL, or what differs. */
const char *driver_model(struct driver *w, struct model_who who, const struct op *ops, u32 n,
			 const struct driver_result *r);

/* Carry out the first ones of a group on the model, but perhaps one, so that it equals the machine: NULL, or what differs. */
const char *driver_prefix(struct driver *w, struct model_who who, const struct op *ops, u32 n);

/* ---- driver_compare.c ---- */

/* Keep what differs, and where: w->why. */
const char *driver_fail(struct driver *w, const char *what, u64 at, u64 want, u64 got);

/* Make the model of what the machine's state is: NULL, or why that is not legal. */
const char *driver_adopt(struct driver *w);

/* What of the machine's state the model may take over: see driver_compare.c. */
enum driver_adopt {
	DRIVER_ADOPT_NOTHING,
	DRIVER_ADOPT_UNUSED, /* one operation was refused */
	DRIVER_ADOPT_ALL,    /* one of several */
};

/* Compare all state: NULL, or what differs. */
const char *driver_compare(struct driver *w, enum driver_adopt adopt);

#endif
