/*
 * symtab [ELF]: write, as assembly, the table by which the hypervisor's oops
 * names functions. Without a file the table is empty, for the first of the two
 * links (see the Makefile).
 *
 *	extern const u32 symtab_count;
 *	extern const u32 symtab_offsets[];	ascending, from _text
 *	extern const u32 symtab_name_offsets[];	into symtab_names
 *	extern const char symtab_names[];	NUL-terminated, one after another
 *
 * Symbols are those of executable sections between _text and _etext.
 */
#include <err.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct symbol {
	uint64_t address;
	const char *name;
	bool is_function;
};

struct table {
	struct symbol *symbols;
	size_t count;
	uint64_t text_start;
	uint64_t text_end;
};

static int compare_symbols(const void *left, const void *right)
{
	const struct symbol *a = left;
	const struct symbol *b = right;

	if (a->address != b->address) {
		return a->address < b->address ? -1 : 1;
	}
	if (a->is_function != b->is_function) {
		return a->is_function ? -1 : 1;
	}
	return strcmp(a->name, b->name);
}

static bool is_code(Elf *elf, const GElf_Sym *symbol)
{
	GElf_Shdr header;
	Elf_Scn *section;
	int type = GELF_ST_TYPE(symbol->st_info);

	if (type != STT_FUNC && type != STT_NOTYPE) {
		return false;
	}
	section = elf_getscn(elf, symbol->st_shndx);
	return symbol->st_shndx != SHN_UNDEF && symbol->st_shndx < SHN_LORESERVE &&
	       section != NULL && gelf_getshdr(section, &header) != NULL &&
	       (header.sh_flags & SHF_EXECINSTR) != 0;
}

static void read_symbols(Elf *elf, Elf_Data *data, size_t strings, struct table *table)
{
	GElf_Sym symbol;

	for (int i = 0; gelf_getsym(data, i, &symbol) != NULL; i++) {
		const char *name = elf_strptr(elf, strings, symbol.st_name);

		if (name == NULL || name[0] == '\0') {
			continue;
		}
		if (strcmp(name, "_text") == 0) {
			table->text_start = symbol.st_value;
		} else if (strcmp(name, "_etext") == 0) {
			table->text_end = symbol.st_value;
		} else if (is_code(elf, &symbol)) {
			table->symbols = reallocarray(table->symbols, table->count + 1,
						      sizeof(table->symbols[0]));
			if (table->symbols == NULL) {
				err(1, "symbols");
			}
			table->symbols[table->count++] = (struct symbol){
				.address = symbol.st_value,
				.name = name,
				.is_function = GELF_ST_TYPE(symbol.st_info) == STT_FUNC,
			};
		}
	}
}

/* Keeps one name an address, and only what lies in the text. */
static void sort_and_trim(struct table *table)
{
	size_t kept = 0;

	if (table->count != 0) {
		qsort(table->symbols, table->count, sizeof(table->symbols[0]), compare_symbols);
	}
	for (size_t i = 0; i < table->count; i++) {
		const struct symbol *symbol = &table->symbols[i];

		if (symbol->address < table->text_start || symbol->address >= table->text_end) {
			continue;
		}
		if (kept != 0 && table->symbols[kept - 1].address == symbol->address) {
			continue;
		}
		table->symbols[kept++] = *symbol;
	}
	table->count = kept;
}

static void read_elf(const char *path, struct table *table)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	Elf *elf;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err(1, "%s", path);
	}
	elf_version(EV_CURRENT);
	/* LIMIT: neither closed nor freed; the names are in its memory until exit. */
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf == NULL || elf_kind(elf) != ELF_K_ELF) {
		errx(1, "%s: not an ELF file", path);
	}
	while ((section = elf_nextscn(elf, section)) != NULL) {
		if (gelf_getshdr(section, &header) != NULL && header.sh_type == SHT_SYMTAB) {
			read_symbols(elf, elf_getdata(section, NULL), header.sh_link, table);
		}
	}
	if (table->text_end <= table->text_start) {
		errx(1, "%s: no _text and _etext, the linker script must define both", path);
	}
	sort_and_trim(table);
	if (table->count == 0) {
		errx(1, "%s: no symbols in the text", path);
	}
}

static void write_table(const struct table *table)
{
	size_t name_offset = 0;

	puts("/* Made by tools/symtab. */\n"
	     "\t.section .note.GNU-stack,\"\",@progbits\n"
	     "\t.section .rodata.symtab,\"a\",@progbits\n"
	     "\t.balign 4\n"
	     "\t.globl symtab_count, symtab_offsets, symtab_name_offsets, symtab_names\n"
	     "\t.hidden symtab_count, symtab_offsets, symtab_name_offsets, symtab_names\n"
	     "symtab_count:");
	printf("\t.long %zu\nsymtab_offsets:\n", table->count);
	for (size_t i = 0; i < table->count; i++) {
		printf("\t.long 0x%jx\n",
		       (uintmax_t)(table->symbols[i].address - table->text_start));
	}
	puts("symtab_name_offsets:");
	for (size_t i = 0; i < table->count; i++) {
		printf("\t.long %zu\n", name_offset);
		name_offset += strlen(table->symbols[i].name) + 1;
	}
	puts("symtab_names:");
	for (size_t i = 0; i < table->count; i++) {
		printf("\t.asciz \"%s\"\n", table->symbols[i].name);
	}
	puts("\t.byte 0");
}

int main(int argc, char **argv)
{
	struct table table = { 0 };

	if (argc > 2) {
		errx(2, "usage: symtab [ELF]");
	}
	if (argc == 2) {
		read_elf(argv[1], &table);
	}
	write_table(&table);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		err(1, "stdout");
	}
	return 0;
}
