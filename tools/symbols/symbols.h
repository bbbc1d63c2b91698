/*
 * Names for addresses, from the symbol table of an ELF file.
 */
#ifndef SYMBOLS_SYMBOLS_H
#define SYMBOLS_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

struct symbol {
	uint64_t address;
	char *name;
};

struct symbols {
	struct symbol *items; /* by address */
	size_t count;
};

/*
 * Adds the code symbols of the file: ELF, or a list as /proc/kallsyms gives. 0, or -1 after a message.
 */
int symbols_read(struct symbols *symbols, const char *path);

/* The same of a file that may have none: then -1 without a word. */
int symbols_try(struct symbols *symbols, const char *path);

/* The last symbol at or before the address, or NULL, also behind the end of the code. */
const struct symbol *symbols_find(const struct symbols *symbols, uint64_t address);

void symbols_free(struct symbols *symbols);

#endif
