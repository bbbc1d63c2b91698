/*
 * A small tree of tables of this guest's own, under slot 2 of the kernel's
 * top-level table, for entries to be written and refused in.
 */
#ifndef HOSTILE_SCRATCH_H
#define HOSTILE_SCRATCH_H

#include <stdbool.h>
#include <stdint.h>

/* A mapped page, and behind it unmapped ones of the same last-level table. */
#define SCRATCH_VA      0x10000000000ul
#define SCRATCH_FREE_VA (SCRATCH_VA + 0x1000ul)

/* Makes the tree on the first call. */
void scratch_init(void);

/* The entry that maps va at this level: machine address, value, its table's frame. */
uint64_t scratch_entry(unsigned long va, int level);
uint64_t scratch_value(unsigned long va, int level);
unsigned long scratch_table(int level);

/*
 * Writes an entry by mmu_update and checks that the result is `want` and that
 * the entry is as it was.
 */
void scratch_refuse(const char *name, unsigned long va, int level, uint64_t value, long want);

/* The same with any error. */
void scratch_refuse_any(const char *name, unsigned long va, int level, uint64_t value);

/* Writes an entry, checks success, and puts the old value back. */
void scratch_accept(const char *name, unsigned long va, int level, uint64_t value);

/* True for a frame that this domain may map: of its p2m, or shared with it. */
bool scratch_is_own(unsigned long mfn);

#endif
