/*
 * Reading an ELF image that may be hostile. Every offset is checked as
 * "length > size - offset", which cannot wrap, before it is used, and headers
 * are copied out, since nothing says that they are aligned.
 */
#include "elfimage.h"

#include <ctype.h>
#include <elf.h>
#include <string.h>

#include <parley/elfnote.h>

#define LEGACY_SECTION "__xen_guest"

/* A segment that ends higher than this has no physical address in its header. */
#define PHYSICAL_MAX (1ULL << 36)

struct elf_view {
	const uint8_t *data;
	size_t size;
	Elf64_Ehdr header;
};

/* What the notes said. */
struct note_sum {
	bool any;
	bool entry;
	bool virt_base;
	bool phys32;
	bool legacy;
};

bool elfimage_has_magic(const uint8_t *data, size_t size)
{
	return size >= SELFMAG && !memcmp(data, ELFMAG, SELFMAG);
}

static bool is_inside(const struct elf_view *view, uint64_t offset, uint64_t length)
{
	return offset <= view->size && length <= view->size - offset;
}

static int check_header(struct elf_view *view, struct problem *problem)
{
	const Elf64_Ehdr *header = &view->header;

	if (!elfimage_has_magic(view->data, view->size) || view->size < sizeof(*header)) {
		return problem_set(problem, "what is inside is not an ELF image");
	}
	memcpy(&view->header, view->data, sizeof(view->header));
	if (header->e_ident[EI_CLASS] == ELFCLASS32) {
		return problem_set(problem, "a 32-bit kernel (only 64-bit guests are supported)");
	}
	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
	    header->e_machine != EM_X86_64) {
		return problem_set(problem, "not an image for x86-64");
	}
	if (header->e_type != ET_EXEC && header->e_type != ET_DYN) {
		return problem_set(problem, "an ELF object that is not linked (link it first)");
	}
	if (header->e_phnum == 0 || header->e_phentsize != sizeof(Elf64_Phdr) ||
	    !is_inside(view, header->e_phoff, (uint64_t)header->e_phnum * sizeof(Elf64_Phdr))) {
		return problem_set(problem, "the ELF image has no whole table of segments");
	}
	return 0;
}

static Elf64_Phdr get_segment(const struct elf_view *view, size_t index)
{
	Elf64_Phdr segment;

	memcpy(&segment, view->data + view->header.e_phoff + index * sizeof(segment),
	       sizeof(segment));
	return segment;
}

/* The table of sections is optional: without a whole one there are none. */
static size_t count_sections(const struct elf_view *view)
{
	const Elf64_Ehdr *header = &view->header;

	if (header->e_shentsize != sizeof(Elf64_Shdr) ||
	    !is_inside(view, header->e_shoff, (uint64_t)header->e_shnum * sizeof(Elf64_Shdr))) {
		return 0;
	}
	return header->e_shnum;
}

static Elf64_Shdr get_section(const struct elf_view *view, size_t index)
{
	Elf64_Shdr section;

	memcpy(&section, view->data + view->header.e_shoff + index * sizeof(section),
	       sizeof(section));
	return section;
}

/* Copies what is printable of a note's text. */
static void copy_text(char *to, size_t room, const uint8_t *from, size_t length)
{
	size_t at = 0;

	while (at + 1 < room && at < length && isprint(from[at])) {
		to[at] = (char)from[at];
		at++;
	}
	to[at] = '\0';
}

static void take_note(uint32_t type, const uint8_t *desc, size_t length, struct note_sum *sum,
		      struct kernel_info *info)
{
	sum->any = true;
	switch (type) {
	case PV_ELFNOTE_ENTRY:
		sum->entry = true;
		break;
	case PV_ELFNOTE_VIRT_BASE:
		sum->virt_base = true;
		break;
	case PV_ELFNOTE_PHYS32_ENTRY:
		sum->phys32 = true;
		break;
	case PV_ELFNOTE_GUEST_OS:
		copy_text(info->guest_os, sizeof(info->guest_os), desc, length);
		break;
	case PV_ELFNOTE_GUEST_VERSION:
		copy_text(info->guest_version, sizeof(info->guest_version), desc, length);
		break;
	default:
		break;
	}
}

static uint64_t round_up_4(uint32_t value)
{
	return ((uint64_t)value + 3) & ~3ULL;
}

static void read_notes(const struct elf_view *view, uint64_t offset, uint64_t length,
		       struct note_sum *sum, struct kernel_info *info)
{
	if (!is_inside(view, offset, length)) {
		return;
	}
	while (length >= sizeof(Elf64_Nhdr)) {
		const uint8_t *at = view->data + offset;
		Elf64_Nhdr note;
		uint64_t whole;

		memcpy(&note, at, sizeof(note));
		whole = sizeof(note) + round_up_4(note.n_namesz) + round_up_4(note.n_descsz);
		if (whole > length) {
			return;
		}
		if (note.n_namesz == 4 && !memcmp(at + sizeof(note), "Xen", 4)) {
			take_note(note.n_type, at + sizeof(note) + 4, note.n_descsz, sum, info);
		}
		offset += whole;
		length -= whole;
	}
}

static void check_legacy_section(const struct elf_view *view, const Elf64_Shdr *section,
				 struct note_sum *sum)
{
	Elf64_Shdr names;
	uint64_t length = sizeof(LEGACY_SECTION);

	if (view->header.e_shstrndx >= count_sections(view)) {
		return;
	}
	names = get_section(view, view->header.e_shstrndx);
	if (is_inside(view, names.sh_offset, names.sh_size) && section->sh_name < names.sh_size &&
	    length <= names.sh_size - section->sh_name &&
	    !memcmp(view->data + names.sh_offset + section->sh_name, LEGACY_SECTION, length)) {
		sum->legacy = true;
	}
}

static int read_segments(const struct elf_view *view, struct note_sum *sum,
			 struct kernel_info *info, struct problem *problem)
{
	bool loads = false;

	for (size_t i = 0; i < view->header.e_phnum; i++) {
		Elf64_Phdr segment = get_segment(view, i);

		if (segment.p_type == PT_NOTE) {
			read_notes(view, segment.p_offset, segment.p_filesz, sum, info);
		}
		if (segment.p_type != PT_LOAD || segment.p_memsz == 0) {
			continue;
		}
		if (!is_inside(view, segment.p_offset, segment.p_filesz) ||
		    segment.p_filesz > segment.p_memsz) {
			return problem_set(problem, "segment %zu of the ELF image is not whole", i);
		}
		loads = true;
	}
	return loads ? 0 : problem_set(problem, "the ELF image has no segment to load");
}

static void read_sections(const struct elf_view *view, struct note_sum *sum,
			  struct kernel_info *info)
{
	size_t count = count_sections(view);

	for (size_t i = 0; i < count; i++) {
		Elf64_Shdr section = get_section(view, i);

		if (section.sh_type == SHT_NOTE) {
			read_notes(view, section.sh_offset, section.sh_size, sum, info);
		}
		check_legacy_section(view, &section, sum);
	}
}

/*
 * No guest smaller than this can hold the kernel. Segments are placed by their
 * physical addresses from the guest's first page on; old images have virtual
 * addresses there, of which only the span is known.
 */
static uint64_t measure_memory(const struct elf_view *view)
{
	uint64_t low = UINT64_MAX;
	uint64_t high = 0;

	for (size_t i = 0; i < view->header.e_phnum; i++) {
		Elf64_Phdr segment = get_segment(view, i);

		if (segment.p_type != PT_LOAD || segment.p_memsz == 0 ||
		    segment.p_paddr > UINT64_MAX - segment.p_memsz) {
			continue;
		}
		if (segment.p_paddr < low) {
			low = segment.p_paddr;
		}
		if (segment.p_paddr + segment.p_memsz > high) {
			high = segment.p_paddr + segment.p_memsz;
		}
	}
	if (high <= low) {
		return 0;
	}
	return high <= PHYSICAL_MAX ? high : high - low;
}

int elfimage_check(const uint8_t *data, size_t size, struct kernel_info *info,
		   struct problem *problem)
{
	struct elf_view view = { .data = data, .size = size };
	struct note_sum sum = { 0 };

	if (check_header(&view, problem) || read_segments(&view, &sum, info, problem)) {
		return -1;
	}
	read_sections(&view, &sum, info);
	info->memory_needed = measure_memory(&view);
	info->legacy_section = sum.legacy && !sum.entry;
	if (sum.legacy || sum.entry || sum.virt_base || (sum.any && !sum.phys32)) {
		return 0;
	}
	if (sum.phys32) {
		return problem_set(problem, "not a PV kernel: its notes have a PVH entry only "
					    "(for Linux, build with CONFIG_XEN_PV=y)");
	}
	return problem_set(problem, "not a PV kernel: neither Xen ELF notes nor a __xen_guest "
				    "section (for Linux, build with CONFIG_XEN_PV=y)");
}
