/*
 * Parsing guest kernels. Sources: the ELF-64 object file format; the notes of
 * the Xen PV ABI (<parley/elfnote.h>).
 *
 * Read next: builder.c.
 */
#include "domain/elf.h"

#include <parley/elfnote.h>

#include "lib/string.h"
#include "mm/layout.h"

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
#define ELF_NOTES_MAX      4096 /* looked at, in all of an image */
#define GUEST_STRING_MAX   1024 /* bytes of __xen_guest that are looked at */

/* [offset, offset + size) lies in the image. */
static bool in_image(const struct elf_kernel *k, u64 offset, u64 size)
{
	u64 total = image_size(k->image);

	return offset <= total && size <= total - offset;
}

static void segment_read(const struct elf_kernel *k, u32 i, struct elf_segment *s)
{
	image_read(k->image, k->segments_offset + (u64)i * sizeof(*s), s, sizeof(*s));
}

static void section_read(const struct elf_kernel *k, const struct elf_header *h, u32 i,
			 struct elf_section *s)
{
	image_read(k->image, h->shoff + (u64)i * sizeof(*s), s, sizeof(*s));
}

static const char *check_header(struct elf_kernel *k, struct elf_header *h)
{
	static const u8 magic[6] = { 0x7f, 'E', 'L', 'F', 2, 1 };

	if (!in_image(k, 0, sizeof(*h))) {
		return "not a 64-bit little-endian ELF image";
	}
	image_read(k->image, 0, h, sizeof(*h));
	if (memcmp(h->ident, magic, sizeof(magic)) != 0) {
		return "not a 64-bit little-endian ELF image";
	}
	if (h->machine != ELF_MACHINE_X86_64) {
		return "not for x86-64";
	}
	if (h->phentsize != sizeof(struct elf_segment) || h->phnum > ELF_SEGMENTS_MAX ||
	    !in_image(k, h->phoff, (u64)h->phnum * sizeof(struct elf_segment))) {
		return "program headers out of the image";
	}
	k->segments_offset = h->phoff;
	k->segment_count = h->phnum;
	return NULL;
}

/* A numeric note: 1 to 8 bytes. */
static void note_take(struct elf_kernel *k, u32 type, u64 value)
{
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

static bool note_is_xen(const struct elf_kernel *k, const struct elf_note *n, u64 offset)
{
	char owner[4];

	if (n->namesz != sizeof(owner)) {
		return false;
	}
	image_read(k->image, offset, owner, sizeof(owner));
	return memcmp(owner, "Xen", sizeof(owner)) == 0;
}

/* Take the notes of owner "Xen" in a range of the image: how many there were. */
static u32 notes_scan(struct elf_kernel *k, u64 at, u64 size)
{
	u64 end = at + size;
	u32 found = 0;

	if (!in_image(k, at, size)) {
		return 0;
	}
	while (end - at >= sizeof(struct elf_note) && k->notes_left > 0) {
		u64 name_room, desc_room, value = 0;
		struct elf_note n;

		k->notes_left--;
		image_read(k->image, at, &n, sizeof(n));
		at += sizeof(n);
		name_room = ((u64)n.namesz + 3) & ~3UL;
		desc_room = ((u64)n.descsz + 3) & ~3UL;
		if (name_room > end - at || desc_room > end - at - name_room) {
			break;
		}
		if (note_is_xen(k, &n, at)) {
			image_read(k->image, at + name_room, &value, MIN(n.descsz, 8U));
			note_take(k, n.type, value);
			found++;
		}
		at += name_room + desc_room;
	}
	return found;
}

static u32 notes_in_segments(struct elf_kernel *k)
{
	struct elf_segment s;
	u32 found = 0;
	u32 i;

	for (i = 0; i < k->segment_count; i++) {
		segment_read(k, i, &s);
		if (s.type == ELF_PT_NOTE) {
			found += notes_scan(k, s.offset, s.filesz);
		}
	}
	return found;
}

static bool sections_usable(const struct elf_kernel *k, const struct elf_header *h)
{
	return h->shentsize == sizeof(struct elf_section) && h->shnum <= ELF_SECTIONS_MAX &&
	       in_image(k, h->shoff, (u64)h->shnum * sizeof(struct elf_section));
}

static u32 notes_in_sections(struct elf_kernel *k, const struct elf_header *h)
{
	struct elf_section s;
	u32 found = 0;
	u32 i;

	for (i = 0; sections_usable(k, h) && i < h->shnum; i++) {
		section_read(k, h, i, &s);
		if (s.type == ELF_SHT_NOTE) {
			found += notes_scan(k, s.offset, s.size);
		}
	}
	return found;
}

static const char guest_section[] = "__xen_guest";

static bool is_guest_section(const struct elf_kernel *k, const struct elf_section *names,
			     const struct elf_section *s)
{
	char name[sizeof(guest_section)];

	if (s->name >= names->size || names->size - s->name < sizeof(name) ||
	    !in_image(k, s->offset, s->size)) {
		return false;
	}
	image_read(k->image, names->offset + s->name, name, sizeof(name));
	return memcmp(name, guest_section, sizeof(name)) == 0;
}

/* The start of that section: how many bytes, 0 if there is none. */
static u64 guest_section_read(const struct elf_kernel *k, const struct elf_header *h, char *buf,
			      u64 room)
{
	struct elf_section names, s;
	u32 i;

	if (!sections_usable(k, h) || h->shstrndx >= h->shnum) {
		return 0;
	}
	section_read(k, h, h->shstrndx, &names);
	if (!in_image(k, names.offset, names.size)) {
		return 0;
	}
	for (i = 0; i < h->shnum; i++) {
		section_read(k, h, i, &s);
		if (is_guest_section(k, &names, &s)) {
			room = MIN(room, s.size);
			image_read(k->image, s.offset, buf, room);
			return room;
		}
	}
	return 0;
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
static bool guest_string(struct elf_kernel *k, const struct elf_header *h)
{
	char s[GUEST_STRING_MAX];
	u64 size = guest_section_read(k, h, s, sizeof(s));
	u64 value;

	if (size == 0) {
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
	for (i = 0; i < k->segment_count; i++) {
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

static bool hypercall_page_ok(const struct elf_kernel *k)
{
	u64 page = k->hypercall_page;

	return page == ELF_NONE ||
	       (page >= k->virt_base && (page & (PAGE_SIZE - 1)) == 0 &&
		page - k->virt_base >= k->start && page - k->virt_base < k->end);
}

const char *elf_parse(struct elf_kernel *k, const struct image *image)
{
	struct elf_header h;
	const char *why;

	*k = (struct elf_kernel){
		.image = image,
		.notes_left = ELF_NOTES_MAX,
		.hypercall_page = ELF_NONE,
		.init_p2m = ELF_NONE,
	};
	why = check_header(k, &h);
	if (why != NULL) {
		return why;
	}
	k->entry = h.entry;
	if (notes_in_segments(k) == 0 && notes_in_sections(k, &h) == 0 && !guest_string(k, &h)) {
		return "neither Xen notes nor a __xen_guest section: not a PV kernel";
	}
	why = measure(k);
	if (why == NULL && !hypercall_page_ok(k)) {
		return "its hypercall page is not in it";
	}
	return why;
}

/* A piece of a segment, not more than max bytes: how many. */
static u64 load_piece(const struct elf_kernel *k, const struct elf_segment *s, u64 offset, u64 max,
		      void (*copy)(void *arg, u64 paddr, const void *src, u64 size), void *arg)
{
	u64 n;
	const void *from = image_piece(k->image, s->offset + offset, &n);

	n = MIN(MIN(n, s->filesz - offset), max);
	if (from != NULL) {
		copy(arg, s->paddr - k->paddr_offset + offset, from, n);
	}
	return n;
}

bool elf_load_step(const struct elf_kernel *k, struct elf_position *at, u64 max,
		   void (*copy)(void *arg, u64 paddr, const void *src, u64 size), void *arg)
{
	struct elf_segment s;

	while (at->segment < k->segment_count) {
		segment_read(k, at->segment, &s);
		/* One of no size was not measured either. */
		if (s.type != ELF_PT_LOAD || s.memsz == 0 || at->offset >= s.filesz) {
			at->segment++;
			at->offset = 0;
			continue;
		}
		if (max == 0) {
			return true;
		}
		while (max > 0 && at->offset < s.filesz) {
			u64 n = load_piece(k, &s, at->offset, max, copy, arg);

			at->offset += n;
			max -= n;
		}
	}
	return false;
}
