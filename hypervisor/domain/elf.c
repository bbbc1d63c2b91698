/*
 * Parsing guest kernels. Sources: the ELF-64 object file format; the notes of
 * the Xen PV ABI (<parley/elfnote.h>).
 *
 * Read next: builder.c.
 */
#include "domain/elf.h"

#include <parley/elfnote.h>

#include "lib/string.h"

struct elf_header {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};

struct elf_section {
	u32 name, type;
	u64 flags, addr, offset, size;
	u32 link, info;
	u64 addralign, entsize;
};

struct elf_note {
	u32 namesz, descsz, type;
};

#define ELF_PT_LOAD        1
#define ELF_PT_NOTE        4
#define ELF_SHT_NOTE       7
#define ELF_MACHINE_X86_64 62
#define ELF_SEGMENTS_MAX   128
#define ELF_SECTIONS_MAX   4096

/* [offset, offset + size) lies in the image. */
static bool in_image(const struct elf_kernel *k, u64 offset, u64 size)
{
	return offset <= k->size && size <= k->size - offset;
}

static const struct elf_header *header(const struct elf_kernel *k)
{
	return (const void *)k->image;
}

static void segment_read(const struct elf_kernel *k, u32 i, struct elf_segment *s)
{
	memcpy(s, k->image + header(k)->phoff + (u64)i * sizeof(*s), sizeof(*s));
}

static void section_read(const struct elf_kernel *k, u32 i, struct elf_section *s)
{
	memcpy(s, k->image + header(k)->shoff + (u64)i * sizeof(*s), sizeof(*s));
}

static const char *check_header(const struct elf_kernel *k)
{
	static const u8 magic[6] = { 0x7f, 'E', 'L', 'F', 2, 1 };
	const struct elf_header *h = header(k);

	if (k->size < sizeof(*h) || memcmp(h->ident, magic, sizeof(magic)) != 0) {
		return "not a 64-bit little-endian ELF image";
	}
	if (h->machine != ELF_MACHINE_X86_64) {
		return "not for x86-64";
	}
	if (h->phentsize != sizeof(struct elf_segment) || h->phnum > ELF_SEGMENTS_MAX ||
	    !in_image(k, h->phoff, (u64)h->phnum * sizeof(struct elf_segment))) {
		return "program headers out of the image";
	}
	return NULL;
}

/* The value of a numeric note: 1 to 8 bytes. */
static u64 note_number(const u8 *desc, u32 size)
{
	u64 value = 0;

	memcpy(&value, desc, MIN(size, 8U));
	return value;
}

static void note_take(struct elf_kernel *k, u32 type, const u8 *desc, u32 size)
{
	u64 value = note_number(desc, size);

	switch (type) {
	case PV_ELFNOTE_ENTRY:
		k->entry = value;
		break;
	case PV_ELFNOTE_HYPERCALL_PAGE:
		k->hypercall_page = value;
		break;
	case PV_ELFNOTE_VIRT_BASE:
		k->virt_base = value;
		break;
	case PV_ELFNOTE_PADDR_OFFSET:
		k->paddr_offset = value;
		break;
	case PV_ELFNOTE_INIT_P2M:
		k->init_p2m = value;
		break;
	case PV_ELFNOTE_MOD_START_PFN:
		k->mod_start_pfn = value != 0;
		break;
	default:
		break;
	}
}

/* Take the notes of owner "Xen" in a range of the image: how many there were. */
static u32 notes_scan(struct elf_kernel *k, u64 offset, u64 size)
{
	const u8 *p;
	const u8 *end;
	u32 found = 0;

	if (!in_image(k, offset, size)) {
		return 0;
	}
	p = k->image + offset;
	end = p + size;
	while ((u64)(end - p) >= sizeof(struct elf_note)) {
		struct elf_note n;
		u64 name_room, desc_room;

		memcpy(&n, p, sizeof(n));
		p += sizeof(n);
		name_room = ((u64)n.namesz + 3) & ~3UL;
		desc_room = ((u64)n.descsz + 3) & ~3UL;
		if (name_room > (u64)(end - p) || desc_room > (u64)(end - p) - name_room) {
			break;
		}
		if (n.namesz == 4 && memcmp(p, "Xen", 4) == 0) {
			note_take(k, n.type, p + name_room, n.descsz);
			found++;
		}
		p += name_room + desc_room;
	}
	return found;
}

static u32 notes_in_segments(struct elf_kernel *k)
{
	struct elf_segment s;
	u32 found = 0;
	u32 i;

	for (i = 0; i < header(k)->phnum; i++) {
		segment_read(k, i, &s);
		if (s.type == ELF_PT_NOTE) {
			found += notes_scan(k, s.offset, s.filesz);
		}
	}
	return found;
}

static bool sections_usable(const struct elf_kernel *k)
{
	const struct elf_header *h = header(k);

	return h->shentsize == sizeof(struct elf_section) && h->shnum <= ELF_SECTIONS_MAX &&
	       in_image(k, h->shoff, (u64)h->shnum * sizeof(struct elf_section));
}

static u32 notes_in_sections(struct elf_kernel *k)
{
	struct elf_section s;
	u32 found = 0;
	u32 i;

	for (i = 0; sections_usable(k) && i < header(k)->shnum; i++) {
		section_read(k, i, &s);
		if (s.type == ELF_SHT_NOTE) {
			found += notes_scan(k, s.offset, s.size);
		}
	}
	return found;
}

/* A section by name: its contents, NULL if there is none. */
static const char *section_find(const struct elf_kernel *k, const char *name, u64 *size)
{
	u64 len = strlen(name) + 1;
	struct elf_section names, s;
	u32 i;

	if (!sections_usable(k) || header(k)->shstrndx >= header(k)->shnum) {
		return NULL;
	}
	section_read(k, header(k)->shstrndx, &names);
	if (!in_image(k, names.offset, names.size)) {
		return NULL;
	}
	for (i = 0; i < header(k)->shnum; i++) {
		section_read(k, i, &s);
		if (s.name < names.size && names.size - s.name >= len &&
		    memcmp(k->image + names.offset + s.name, name, len) == 0 &&
		    in_image(k, s.offset, s.size)) {
			*size = s.size;
			return (const char *)k->image + s.offset;
		}
	}
	return NULL;
}

static bool hex_digit(char c, u64 *value)
{
	if (c >= '0' && c <= '9') {
		*value = *value * 16 + (u64)(c - '0');
	} else if ((c | 32) >= 'a' && (c | 32) <= 'f') {
		*value = *value * 16 + (u64)((c | 32) - 'a' + 10);
	} else {
		return false;
	}
	return true;
}

/* KEY=0xHEX in a comma-separated list: true and the value if it is there. */
static bool guest_string_number(const char *s, u64 size, const char *key, u64 *value)
{
	u64 len = strlen(key);
	u64 i = 0;

	while (i < size && s[i] != '\0') {
		if (size - i > len && memcmp(s + i, key, len) == 0 && s[i + len] == '=') {
			i += len + 1;
			if (size - i > 2 && s[i] == '0' && (s[i + 1] | 32) == 'x') {
				i += 2;
			}
			*value = 0;
			while (i < size && hex_digit(s[i], value)) {
				i++;
			}
			return true;
		}
		while (i < size && s[i] != ',' && s[i] != '\0') {
			i++;
		}
		i += (i < size && s[i] == ',');
	}
	return false;
}

/* The form before notes: one string in the section __xen_guest. */
static bool guest_string(struct elf_kernel *k)
{
	u64 size, value;
	const char *s = section_find(k, "__xen_guest", &size);

	if (s == NULL) {
		return false;
	}
	if (guest_string_number(s, size, "VIRT_BASE", &value)) {
		k->virt_base = value;
	}
	k->paddr_offset = k->virt_base;
	if (guest_string_number(s, size, "ELF_PADDR_OFFSET", &value)) {
		k->paddr_offset = value;
	}
	if (guest_string_number(s, size, "VIRT_ENTRY", &value)) {
		k->entry = value;
	}
	if (guest_string_number(s, size, "HYPERCALL_PAGE", &value)) {
		k->hypercall_page = k->virt_base + (value << 12);
	}
	return true;
}

/* Check every loadable segment and find the range that they fill. */
static const char *measure(struct elf_kernel *k)
{
	struct elf_segment s;
	u32 i;

	k->start = ELF_NONE;
	k->end = 0;
	for (i = 0; i < header(k)->phnum; i++) {
		segment_read(k, i, &s);
		if (s.type != ELF_PT_LOAD || s.memsz == 0) {
			continue;
		}
		if (!in_image(k, s.offset, s.filesz) || s.filesz > s.memsz) {
			return "a segment is not in the image";
		}
		if (s.paddr < k->paddr_offset || s.memsz > (1UL << 40) ||
		    s.paddr - k->paddr_offset > (1UL << 40)) {
			return "a segment's address is out of range";
		}
		s.paddr -= k->paddr_offset;
		k->start = MIN(k->start, s.paddr);
		k->end = MAX(k->end, s.paddr + s.memsz);
	}
	return k->end == 0 ? "nothing to load in it" : NULL;
}

const char *elf_parse(struct elf_kernel *k, const void *image, u64 size)
{
	const char *why;

	*k = (struct elf_kernel){
		.image = image,
		.size = size,
		.hypercall_page = ELF_NONE,
		.init_p2m = ELF_NONE,
	};
	why = check_header(k);
	if (why != NULL) {
		return why;
	}
	k->entry = header(k)->entry;
	if (notes_in_segments(k) == 0 && notes_in_sections(k) == 0 && !guest_string(k)) {
		return "neither Xen notes nor a __xen_guest section: not a PV kernel";
	}
	why = measure(k);
	if (why == NULL && k->hypercall_page != ELF_NONE &&
	    (k->hypercall_page < k->virt_base || (k->hypercall_page & 4095) ||
	     k->hypercall_page - k->virt_base < k->start ||
	     k->hypercall_page - k->virt_base >= k->end)) {
		return "its hypercall page is not in it";
	}
	return why;
}

void elf_load(const struct elf_kernel *k,
	      void (*copy)(void *arg, u64 paddr, const void *src, u64 size), void *arg)
{
	struct elf_segment s;
	u32 i;

	for (i = 0; i < header(k)->phnum; i++) {
		segment_read(k, i, &s);
		if (s.type == ELF_PT_LOAD && s.filesz != 0) {
			copy(arg, s.paddr - k->paddr_offset, k->image + s.offset, s.filesz);
		}
	}
}
