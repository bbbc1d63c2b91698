#include "living.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "host_names.h"

#include <parley/control.h>
#include <parley/elfnote.h>
#include <parley/errno.h>
#include <seam/directmap.h>

#include "domain/builder.h"
#include "domain/grace.h"
#include "domain/lifecycle.h"
#include "domain/line.h"
#include "domain/line_frame.h"
#include "domain/sched.h"
#include "domain/timer.h"
#include "fake_frames.h"
#include "fake_machine.h"
#include "lib/string.h"
#include "mm/alloc.h"

#define FRAMES 16384UL
#define FIRST  16UL

/* ---- what comes over the line ---- */

static struct line_decoder sent;
static u8 states[1024];
static u32 frames[256];
static u8 last_reply[PV_LINE_PAYLOAD_MAX];

static void take_frame(void)
{
	frames[sent.header.type]++;
	if (sent.header.type == PV_LINE_DOMAIN) {
		states[sent.header.domid] = ((const struct pv_line_domain *)sent.payload)->state;
	} else if (sent.header.type == PV_LINE_REPLY) {
		memcpy(last_reply, sent.payload, sizeof(last_reply));
	}
}

static void take_bytes(const u8 *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (line_decode(&sent, bytes[i])) {
			take_frame();
		}
	}
}

/* ---- a kernel ---- */

static u8 kernel[3 * PAGE_SIZE];

struct elf {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
	struct {
		u32 type, flags;
		u64 offset, vaddr, paddr, filesz, memsz, align;
	} segments[2];
	struct {
		u32 namesz, descsz, type;
		char name[4];
		u64 value;
	} __attribute__((packed)) notes[2];
};

const u8 *living_kernel(u32 *size)
{
	struct elf e = {
		.ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 },
		.type = 2,
		.machine = 62,
		.version = 1,
		.phoff = offsetof(struct elf, segments),
		.ehsize = 64,
		.phentsize = 56,
		.phnum = 2,
		.segments = { { 1, 7, PAGE_SIZE, 0xffffffff80001000, 0x1000, 2 * PAGE_SIZE,
				3 * PAGE_SIZE, PAGE_SIZE },
			      { .type = 4,
				.offset = offsetof(struct elf, notes),
				.filesz = sizeof(e.notes) } },
		.notes = { { 4, 8, PV_ELFNOTE_VIRT_BASE, "Xen", 0xffffffff80000000 },
			   { 4, 8, PV_ELFNOTE_ENTRY, "Xen", 0xffffffff80001000 } },
	};

	memcpy(kernel, &e, sizeof(e));
	*size = sizeof(kernel);
	return kernel;
}

/* ---- the domains ---- */

void living_init(void)
{
	memset(states, 0, sizeof(states));
	memset(frames, 0, sizeof(frames));
	fake_frames_init(FRAMES, FIRST, FRAMES);
	fake_cpu_info.current = NULL;
	fake_tsc = 1000000;
	timer_init_cpu();
	sched_init();
	sched_init_cpu();
	fake_line = take_bytes;
	line_init("line=com2");
	lifecycle_init("stay");
	lifecycle_boot_done();
}

u32 living_image(void)
{
	u32 size;
	const u8 *bytes = living_kernel(&size);
	struct control_caller line = { .data = bytes, .data_size = size };
	union control_args args = { .image = { .size = size } };
	u32 number;

	cr_assert_eq(control_do(&line, PV_CONTROLOP_image_new, &args), 0);
	number = args.image.image;
	args = (union control_args){ .image_write = { .image = number, .bytes = size } };
	cr_assert_eq(control_do(&line, PV_CONTROLOP_image_write, &args), 0);
	return number;
}

struct domain *living_domain(const char *name, bool is_control)
{
	struct domain_spec *spec = spec_new();
	struct domain *d = NULL;
	u32 number = living_image();

	string_copy(spec->name, name, sizeof(spec->name));
	spec->memory_pages = LIVING_PAGES;
	spec->vcpu_count = 2;
	spec->is_control = is_control;
	spec->weight = 256;
	spec->affinity = 1;
	spec->kernel = image_get(number);
	cr_assert_eq(image_free(number), 0);
	if (domain_build(spec, &d) == 0) {
		lifecycle_begin();
		domain_start(d);
	}
	return d;
}

void living_step(void)
{
	fake_tsc += 1000000;
	grace_pass();
	timer_run();
	if (fake_cpu_info.work & CPU_WORK_REAP) {
		fake_cpu_info.work &= ~CPU_WORK_REAP;
		domain_reap();
	}
}

void living_run(u32 turns)
{
	for (u32 i = 0; i < turns; i++) {
		living_step();
	}
}

u8 living_told(u16 domid)
{
	return states[domid];
}

u32 living_frames(u8 type)
{
	return frames[type];
}

s32 living_reply(void *structure, u32 size)
{
	struct pv_line_reply reply;

	memcpy(&reply, last_reply, sizeof(reply));
	memcpy(structure, last_reply + sizeof(reply), size);
	return reply.result;
}
