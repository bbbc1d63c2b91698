/* Names for addresses; see symbols.h. */
#include "symbols/symbols.h"

#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void symbols_add(struct symbols *symbols, uint64_t address, const char *name)
{
	struct symbol *s;

	symbols->items = reallocarray(symbols->items, symbols->count + 1, sizeof(*symbols->items));
	if (symbols->items == NULL) {
		abort();
	}
	s = &symbols->items[symbols->count++];
	s->address = address;
	s->name = strdup(name);
	if (s->name == NULL) {
		abort();
	}
}

static bool is_code(Elf *elf, size_t index)
{
	Elf_Scn *section = elf_getscn(elf, index);
	GElf_Shdr header;

	return section != NULL && gelf_getshdr(section, &header) != NULL &&
	       (header.sh_flags & SHF_EXECINSTR) != 0;
}

/* Functions, and labels of assembly, which have no type; constants have no section. */
static void add_table(struct symbols *symbols, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count = header->sh_size / header->sh_entsize;

	for (size_t i = 0; data != NULL && i < count; i++) {
		GElf_Sym sym;
		const char *name;
		int type;

		if (gelf_getsym(data, (int)i, &sym) == NULL) {
			break;
		}
		type = GELF_ST_TYPE(sym.st_info);
		name = elf_strptr(elf, header->sh_link, sym.st_name);
		if (name != NULL && *name != '\0' && sym.st_shndx != SHN_UNDEF &&
		    sym.st_shndx < SHN_LORESERVE && (type == STT_FUNC || type == STT_NOTYPE) &&
		    is_code(elf, sym.st_shndx)) {
			symbols_add(symbols, sym.st_value, name);
		}
	}
}

/* What lies behind a section of code is no part of its last function: a symbol without a name. */
static void add_ends(struct symbols *symbols, Elf *elf)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf, section)) != NULL) {
		if (gelf_getshdr(section, &header) != NULL &&
		    (header.sh_flags & SHF_EXECINSTR) != 0) {
			symbols_add(symbols, header.sh_addr + header.sh_size, "");
		}
	}
}

/* An end comes before what begins there. */
static int compare(const void *a, const void *b)
{
	uint64_t x = ((const struct symbol *)a)->address, y = ((const struct symbol *)b)->address;

	if (x != y) {
		return x > y ? 1 : -1;
	}
	return (*((const struct symbol *)a)->name != '\0') -
	       (*((const struct symbol *)b)->name != '\0');
}

static bool is_name(const char *name)
{
	return name[strspn(name,
			   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.$")] ==
	       '\0';
}

/* The list that Linux prints as /proc/kallsyms: address, letter, name. Any other line: it is no list. */
static void read_list(struct symbols *symbols, const char *path)
{
	FILE *f = fopen(path, "r");
	char line[512], name[256], letter;
	size_t before = symbols->count;
	uint64_t address;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%" SCNx64 " %c %255s", &address, &letter, name) != 3 ||
		    !is_name(name)) {
			while (symbols->count > before) {
				free(symbols->items[--symbols->count].name);
			}
			break;
		}
		if (strchr("tTwW", letter) != NULL) {
			symbols_add(symbols, address, name);
		}
	}
	if (f != NULL) {
		fclose(f);
	}
}

int symbols_try(struct symbols *symbols, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf;
	Elf_Scn *section = NULL;
	size_t before = symbols->count;
	bool has_table = false;

	elf_version(EV_CURRENT);
	elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ, NULL);
	while (elf_kind(elf) == ELF_K_ELF && (section = elf_nextscn(elf, section)) != NULL) {
		GElf_Shdr header;

		if (gelf_getshdr(section, &header) != NULL && header.sh_type == SHT_SYMTAB) {
			add_table(symbols, elf, section, &header);
			has_table = true;
		}
	}
	if (has_table) {
		add_ends(symbols, elf);
	}
	if (elf_kind(elf) != ELF_K_ELF) {
		read_list(symbols, path);
	}
	elf_end(elf);
	if (fd >= 0) {
		close(fd);
	}
	if (symbols->count == before) {
		return -1;
	}
	qsort(symbols->items, symbols->count, sizeof(*symbols->items), compare);
	return 0;
}

int symbols_read(struct symbols *symbols, const char *path)
{
	if (symbols_try(symbols, path)) {
		fprintf(stderr, "%s: no symbols to be read\n", path);
		return -1;
	}
	return 0;
}

const struct symbol *symbols_find(const struct symbols *symbols, uint64_t address)
{
	size_t low = 0, high = symbols->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->items[middle].address <= address) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low == 0 || symbols->items[low - 1].name[0] == '\0' ? NULL :
								     &symbols->items[low - 1];
}

void symbols_free(struct symbols *symbols)
{
	for (size_t i = 0; i < symbols->count; i++) {
		free(symbols->items[i].name);
	}
	free(symbols->items);
	*symbols = (struct symbols){ 0 };
}
