/*
 * domain/elf.c, build_memory.c, builder.c: kernels that lie. Nothing is written outside of what
 * was measured, no plan takes for ever, and a build that fails gives back every page.
 */
#include <criterion/criterion.h>

#include "host_names.h"

#include <parley/elfnote.h>

#include "domain/build_memory.h"
#include "domain/lifecycle.h"
#include "lib/string.h"
#include "living.h"
#include "mm/alloc.h"

#define KERNEL_BASE 0xffffffff80000000UL
#define ROUNDS      3000U

struct segment {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};

struct note {
	u32 namesz, descsz, type;
	char name[4];
	u64 value;
} __attribute__((packed));

/* A whole kernel of three pages: the first has what describes it. */
static union {
	struct {
		u8 ident[16];
		u16 type, machine;
		u32 version;
		u64 entry, phoff, shoff;
		u32 flags;
		u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
		struct segment segments[4];
		struct note notes[4];
	} __attribute__((packed)) e;
	u8 bytes[3 * PAGE_SIZE];
} file;

static struct image *image;

static void make_kernel(void)
{
	memset(&file, 0xcc, sizeof(file));
	memset(&file, 0, sizeof(file.e));
	memcpy(file.e.ident,
	       "\x7f"
	       "ELF\2\1\1",
	       7);
	file.e.type = 2;
	file.e.machine = 62;
	file.e.phoff = offsetof(typeof(file.e), segments);
	file.e.phentsize = sizeof(struct segment);
	file.e.phnum = 4;
	file.e.segments[0] = (struct segment){ .type = 1,
					       .offset = PAGE_SIZE,
					       .paddr = 0x1000,
					       .filesz = 2 * PAGE_SIZE,
					       .memsz = 3 * PAGE_SIZE };
	file.e.segments[1] = (struct segment){ .type = 4,
					       .offset = offsetof(typeof(file.e), notes),
					       .filesz = sizeof(file.e.notes) };
	file.e.notes[0] = (struct note){ 4, 8, PV_ELFNOTE_VIRT_BASE, "Xen", KERNEL_BASE };
	file.e.notes[1] = (struct note){ 4, 8, PV_ELFNOTE_ENTRY, "Xen", KERNEL_BASE + 0x1000 };
	file.e.notes[2] =
		(struct note){ 4, 8, PV_ELFNOTE_HYPERCALL_PAGE, "Xen", KERNEL_BASE + 0x3000 };
	file.e.notes[3] = (struct note){ 4, 8, PV_ELFNOTE_MOD_START_PFN, "Xen", 1 };
}

/* The image object of what `file` holds now. */
static struct image *take_image(void)
{
	struct control_caller line = { .data = file.bytes, .data_size = sizeof(file) };
	union control_args args = { .image = { .size = sizeof(file) } };
	struct image *i;
	u32 number;

	cr_assert_eq(control_do(&line, PV_CONTROLOP_image_new, &args), 0);
	number = args.image.image;
	args = (union control_args){ .image_write = { .image = number, .bytes = sizeof(file) } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_image_write, &args), 0);
	i = image_get(number);
	cr_assert_eq(image_free(number), 0);
	return i;
}

static void drop_image(void)
{
	image_put(image);
	image = NULL;
	while (image_reap_step()) {
	}
}

static void setup(void)
{
	living_init();
	make_kernel();
}

TestSuite(builder, .init = setup, .timeout = 60);

/* ---- the loader ---- */

struct loaded {
	const struct elf_kernel *k;
	u64 bytes;
};

static void note_copy(void *arg, u64 paddr, const void *src, u64 size)
{
	struct loaded *l = arg;
	u8 sum = 0;

	cr_assert_geq(paddr, l->k->start);
	cr_assert_leq(paddr, l->k->end);
	cr_assert_leq(size, l->k->end - paddr);
	for (u64 i = 0; i < size; i++) {
		sum ^= ((const u8 *)src)[i]; /* ASan: it is all there */
	}
	l->bytes += size + (sum & 0);
}

/* All steps: how many bytes were written. */
static u64 load(const struct elf_kernel *k)
{
	struct loaded l = { .k = k };
	struct elf_position at = { 0 };
	u32 steps = 0;

	while (elf_load_step(k, &at, PAGE_SIZE, note_copy, &l)) {
		cr_assert_lt(++steps, 100000, "it does not end");
	}
	return l.bytes;
}

Test(builder, a_whole_kernel_is_loaded)
{
	struct elf_kernel k;

	image = take_image();
	cr_assert_null(elf_parse(&k, image));
	cr_assert_eq(k.start, 0x1000);
	cr_assert_eq(k.end, 0x4000);
	cr_assert_eq(load(&k), 2 * PAGE_SIZE);
	drop_image();
}

/* What has no size in memory was not measured, so nothing of it is written, wherever it says that it belongs. */
Test(builder, segments_of_no_size_are_not_loaded)
{
	static const u64 places[] = { 0, 0x1000, 0x4000, 1UL << 40, 1UL << 52, ~0UL, ~0xfffUL };
	struct elf_kernel k;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		for (u64 size = 0; size <= PAGE_SIZE; size += PAGE_SIZE) {
			file.e.segments[2] = (struct segment){
				.type = 1, .offset = PAGE_SIZE, .paddr = places[i], .filesz = size
			};
			file.e.segments[3] = file.e.segments[2];
			file.e.segments[3].offset = ~0UL;
			image = take_image();
			cr_assert_null(elf_parse(&k, image), "place %zu", i);
			cr_assert_eq(k.end, 0x4000);
			cr_assert_eq(load(&k), 2 * PAGE_SIZE);
			drop_image();
		}
	}
}

Test(builder, what_is_larger_than_its_place_is_refused)
{
	struct elf_kernel k;

	file.e.segments[2] = (struct segment){ .type = 1,
					       .offset = PAGE_SIZE,
					       .paddr = 0x3000,
					       .filesz = PAGE_SIZE + 1,
					       .memsz = PAGE_SIZE };
	image = take_image();
	cr_assert_not_null(elf_parse(&k, image));
	drop_image();
}

static u64 next_random(u64 *state)
{
	*state = *state * 6364136223846793005UL + 1442695040888963407UL;
	return *state >> 20;
}

static const u64 edges[] = { 0,
			     1,
			     PAGE_SIZE - 1,
			     PAGE_SIZE,
			     2 * PAGE_SIZE,
			     3 * PAGE_SIZE,
			     1UL << 31,
			     1UL << 32,
			     1UL << 40,
			     (1UL << 40) + 1,
			     1UL << 47,
			     1UL << 52,
			     1UL << 63,
			     ~0UL,
			     ~0xfffUL,
			     KERNEL_BASE,
			     -(1UL << 39),
			     0xffff800000000000UL,
			     0xffff880000000000UL };

/* One field of what describes the kernel becomes an edge, or a byte of it anything. */
static void spoil(u64 *random)
{
	u32 size = sizeof(file.e);
	u64 value = edges[next_random(random) % ARRAY_SIZE(edges)];
	u32 at = (u32)(next_random(random) % (size - sizeof(value)));

	if (next_random(random) % 2 == 0) {
		memcpy(file.bytes + at / 4 * 4, &value, next_random(random) % 2 == 0 ? 8 : 4);
	} else {
		file.bytes[at] = (u8)next_random(random);
	}
}

Test(builder, spoilt_kernels_are_loaded_where_they_were_measured)
{
	u64 random = 1;
	u32 good = 0;

	for (u32 round = 0; round < ROUNDS; round++) {
		struct elf_kernel k;

		make_kernel();
		for (u64 n = 1 + next_random(&random) % 3; n > 0; n--) {
			spoil(&random);
		}
		image = take_image();
		if (elf_parse(&k, image) == NULL) {
			good++;
			(void)load(&k);
		}
		drop_image();
	}
	cr_assert_gt(good, ROUNDS / 10);
}

/* ---- the plan ---- */

static const char *plan(u64 virt_base, u64 init_p2m, u64 pages, struct build *b)
{
	static struct domain_spec spec;

	spec.memory_pages = pages;
	*b = (struct build){ .spec = &spec };
	b->k = (struct elf_kernel){ .virt_base = virt_base,
				    .init_p2m = init_p2m,
				    .end = 0x400000,
				    .hypercall_page = ELF_NONE };
	return build_plan(b);
}

/* Wherever a kernel wants to be, the plan ends, and what it says lies within the domain and the guest's addresses. */
Test(builder, no_plan_takes_for_ever)
{
	static const u64 pages[] = { 1, 1200, 4096, 1UL << 20, MM_FRAMES_MAX };
	struct build b;
	u32 good = 0;

	for (u32 high = 0; high < 64; high++) {
		for (u64 low = 0; low <= 2 * PAGE_SIZE; low += PAGE_SIZE) {
			for (size_t i = 0; i < 2 * ARRAY_SIZE(pages); i++) {
				u64 base = (i % 2 ? -(1UL << high) : 1UL << high) - low;

				if (plan(base, ELF_NONE, pages[i / 2], &b) == NULL) {
					good++;
					cr_assert_leq(b.at.end, pages[i / 2]);
				}
				(void)!plan(KERNEL_BASE, base, pages[i / 2], &b);
			}
		}
	}
	cr_assert_gt(good, 10);
}

/* ---- the whole ---- */

Test(builder, spoilt_kernels_give_everything_back)
{
	u64 free = alloc_free_count();
	u64 random = 2;

	for (u32 round = 0; round < 200; round++) {
		struct domain_spec *spec = spec_new();
		struct domain *d = NULL;

		make_kernel();
		for (u64 n = next_random(&random) % 3; n > 0; n--) {
			spoil(&random);
		}
		string_copy(spec->name, "one", sizeof(spec->name));
		spec->memory_pages = LIVING_PAGES;
		spec->vcpu_count = 1;
		spec->weight = 256;
		spec->affinity = 1;
		spec->kernel = take_image();
		if (domain_build(spec, &d) == 0) {
			union control_args args = { .id = { .domid = d->id } };
			static const struct control_caller line;

			lifecycle_begin();
			domain_start(d);
			cr_assert_eq(control_do(&line, PV_CONTROLOP_destroy, &args), 0);
			living_run(100);
			cr_assert_eq(control_do(&line, PV_CONTROLOP_destroy, &args), 0);
		}
		living_run(2);
		cr_assert_eq(alloc_free_count(), free, "round %u", round);
	}
}
