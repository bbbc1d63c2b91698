/* Figures as the bench programs print them; see figures.h. */
#include "bench/figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct figure *figures_add(struct figures *figures)
{
	figures->items = reallocarray(figures->items, figures->count + 1, sizeof(*figures->items));
	if (figures->items == NULL) {
		abort();
	}
	figures->items[figures->count] = (struct figure){ 0 };
	return &figures->items[figures->count++];
}

void figures_parse(struct figures *figures, const struct run_lines *lines)
{
	for (size_t i = 0; i < lines->count; i++) {
		const char *text = strstr(lines->items[i], "bench: ");
		const char *operations;
		struct figure f = { 0 };

		if (text == NULL || sscanf(text, "bench: %31s %lf ", f.name, &f.value) != 2) {
			continue;
		}
		operations = strstr(text, " operations ");
		if (operations != NULL) {
			f.operations = strtoul(operations + 12, NULL, 10);
		}
		*figures_add(figures) = f;
	}
}

const struct figure *figures_find(const struct figures *figures, const char *name)
{
	for (size_t i = 0; i < figures->count; i++) {
		if (strcmp(figures->items[i].name, name) == 0) {
			return &figures->items[i];
		}
	}
	return NULL;
}

void figures_set(struct figures *figures, const char *name, double value)
{
	struct figure *f = (struct figure *)figures_find(figures, name);

	if (f == NULL) {
		f = figures_add(figures);
		snprintf(f->name, sizeof(f->name), "%s", name);
	}
	f->value = value;
}

void figures_free(struct figures *figures)
{
	free(figures->items);
	*figures = (struct figures){ 0 };
}
