/* A model of cycles; see costs.h. */
#include "bench/costs.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Where a kind's cost goes, or NULL. */
static struct cost *cost_of(struct costs *costs, const char *kind)
{
	if (strcmp(kind, "instruction") == 0) {
		return &costs->instruction;
	}
	if (strcmp(kind, "fault") == 0) {
		return &costs->fault;
	}
	for (unsigned k = OPCODE_SYSCALL; k < OPCODE_KINDS; k++) {
		if (strcmp(kind, opcode_names[k]) == 0) {
			return &costs->opcodes[k];
		}
	}
	return NULL;
}

static int read_row(struct costs *costs, const char *path, unsigned number, const char *line)
{
	char kind[32], basis[8];
	struct cost c, *place;

	if (sscanf(line, "%31s %lf %lf %7s", kind, &c.low, &c.high, basis) != 4 || c.low > c.high ||
	    c.low < 0) {
		fprintf(stderr, "%s:%u: not `kind low high basis`\n", path, number);
		return -1;
	}
	place = cost_of(costs, kind);
	if (place == NULL || place->high >= 0) {
		fprintf(stderr, "%s:%u: \"%s\" is %s\n", path, number, kind,
			place == NULL ? "no kind" : "there twice");
		return -1;
	}
	*place = c;
	return 0;
}

static int check_all(struct costs *costs, const char *path)
{
	bool ok = costs->instruction.high >= 0 && costs->fault.high >= 0;

	for (unsigned k = OPCODE_SYSCALL; k < OPCODE_KINDS; k++) {
		ok = ok && costs->opcodes[k].high >= 0;
	}
	if (!ok) {
		fprintf(stderr, "%s: not every kind is there\n", path);
	}
	return ok ? 0 : -1;
}

int costs_read(struct costs *costs, const char *path)
{
	FILE *f = fopen(path, "r");
	char line[1024];
	int rc = 0;

	if (f == NULL) {
		perror(path);
		return -1;
	}
	costs->instruction.high = costs->fault.high = -1;
	for (unsigned k = 0; k < OPCODE_KINDS; k++) {
		costs->opcodes[k] = (struct cost){ 0, -1 };
	}
	for (unsigned number = 1; rc == 0 && fgets(line, sizeof(line), f) != NULL; number++) {
		if (line[0] != '#' && line[0] != '\n') {
			rc = read_row(costs, path, number, line);
		}
	}
	fclose(f);
	return rc != 0 ? rc : check_all(costs, path);
}

static void cost_add(struct cost *sum, const struct cost *one, double count)
{
	sum->low += one->low * count;
	sum->high += one->high * count;
}

struct cost costs_model(const struct costs *costs, const struct section *section, double operations,
			double instructions)
{
	struct cost sum = { 0 };

	cost_add(&sum, &costs->instruction, instructions);
	cost_add(&sum, &costs->fault, (double)section->faults / operations);
	for (unsigned k = OPCODE_SYSCALL; k < OPCODE_KINDS; k++) {
		cost_add(&sum, &costs->opcodes[k], (double)section->opcodes[k] / operations);
	}
	return sum;
}
