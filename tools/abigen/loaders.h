/*
 * The parts of abi_load(), a file each.
 */
#ifndef ABIGEN_LOADERS_H
#define ABIGEN_LOADERS_H

#include "abigen/model.h"
#include "abigen/reader.h"

/* "in", "out", "inout", "none" and NULL. */
extern const char *const abi_directions[];

/* The kind under a key; without it only if it need not be there. */
struct abi_kind load_kind(struct reader *r, json_t *object, const char *key, bool is_needed);
void load_lines(struct reader *r, json_t *object, const char *key, struct abi_lines *lines);

/* model_types.c */
void load_families(struct reader *r, struct abi *abi);
void load_groups(struct reader *r, struct abi *abi);
void load_structures(struct reader *r, struct abi *abi);

/* check.c: that everything named is there. */
void check_abi(struct reader *r, const struct abi *abi);

#endif
