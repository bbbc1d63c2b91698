/* pv/descriptor.c: no descriptor leads out of ring 3. */
#include <criterion/criterion.h>
#include <parley/errno.h>
#include <seam/cpu.h>
#include <seam/directmap.h>

#include "fake_memory.h"
#include "mm/ptable.h"
#include "pv/descriptor.h"

static u32 gdt_loads, ldt_loads;

void vcpu_load_gdt_window(struct vcpu *v)
{
	gdt_loads++;
}

void vcpu_load_ldt_window(struct vcpu *v)
{
	ldt_loads++;
}

Test(descriptor, linux_gdt_is_accepted)
{
	static const u64 gdt[] = { 0,
				   0x00cf9b000000ffff,
				   0x00af9b000000ffff,
				   0x00cf93000000ffff,
				   0x00cffb000000ffff,
				   0x00cff3000000ffff,
				   0x00affb000000ffff };

	for (size_t i = 0; i < ARRAY_SIZE(gdt); i++) {
		u64 d = gdt[i];

		cr_assert(descriptor_fix(&d), "entry %zu", i);
		if (d != 0) {
			cr_assert_eq(d, gdt[i] | (3UL << 45) | (1UL << 40));
		}
	}
}

/* Every access byte and every combination of L and D. */
Test(descriptor, all_types)
{
	for (u64 access = 0; access < 256; access++) {
		for (u64 ld = 0; ld < 4; ld++) {
			u64 d = (access << 40) | (ld << 53) | 0x123456, was = d;
			bool present = access & 0x80, segment = access & 0x10;
			bool ok = descriptor_fix(&d);

			if (!present) {
				cr_assert(ok && d == was);
			} else if (!segment) {
				cr_assert_eq(ok, (access & 0xf) == 0);
				cr_assert_eq(d, was);
			} else if ((access & 8) && ld == 3) {
				cr_assert_not(ok);
			} else {
				cr_assert(ok);
				cr_assert_eq((d >> 45) & 3, 3);
				cr_assert_eq(d & ~((3UL << 45) | (1UL << 40)),
					     was & ~((3UL << 45) | (1UL << 40)));
			}
		}
	}
}

Test(descriptor, page)
{
	static u64 page[512];

	for (u32 i = 0; i < 512; i++) {
		page[i] = 0x00af9a000000ffff;
	}
	cr_assert(descriptor_validate_page(page));
	cr_assert_eq(page[511], 0x00affb000000ffff);
	page[511] = 0x0000ec0000000000; /* call gate, DPL 3 */
	cr_assert_not(descriptor_validate_page(page));
}

static struct frame frames[32];
struct frame *frame_table = frames;
u64 frame_count = 32;
static s32 uses[32];
static u64 bad_mfn;

int frame_get_type(struct mm_owner *o, mfn_t m, enum frame_type type)
{
	cr_assert_eq(type, FRAME_SEGDESC);
	if (m.v >= 32 || m.v == bad_mfn) {
		return -PV_EINVAL;
	}
	uses[m.v]++;
	return 0;
}

void frame_put_type(struct mm_owner *o, mfn_t m)
{
	cr_assert_lt(m.v, 32);
	uses[m.v]--;
}

/* Address n pages up is mapped to frame 16 + n by the table in frame 0. */
u64 *ptable_find_l1(u64 root, u64 va)
{
	u64 *table = mfn_to_virt(mfn(0));
	u32 index = pte_index(va, 1) & 15;

	table[index] = pte_make(mfn(16 + index), PTE_PRESENT);
	return &table[index];
}

static struct domain domain;
static struct vcpu vcpu;

static void setup(void)
{
	fake_memory_init(32);
	vcpu = (struct vcpu){ .domain = &domain };
	for (u32 i = 0; i < GDT_GUEST_PAGES; i++) {
		vcpu.gdt_frames[i] = MFN_INVALID;
	}
	for (u32 i = 0; i < LDT_MAX_PAGES; i++) {
		vcpu.ldt_frames[i] = MFN_INVALID;
	}
	fake_cpu_info.current = &vcpu;
	bad_mfn = 7;
	gdt_loads = ldt_loads = 0;
}

TestSuite(tables, .init = setup);

static s32 total_uses(void)
{
	s32 total = 0;

	for (u32 i = 0; i < 32; i++) {
		cr_assert_geq(uses[i], 0);
		total += uses[i];
	}
	return total;
}

Test(tables, gdt_is_replaced_whole_or_not_at_all)
{
	u64 list[GDT_GUEST_PAGES] = { 1, 2, 3 };

	cr_assert_eq(gdt_set(&vcpu, list, 16), 0);
	cr_assert_eq(total_uses(), 1);
	cr_assert_eq(gdt_loads, 1);
	cr_assert_eq(gdt_set(&vcpu, list, 1025), 0);
	cr_assert_eq(total_uses(), 3);
	list[2] = 7;
	cr_assert_eq(gdt_set(&vcpu, list, 1025), -PV_EINVAL);
	cr_assert_eq(total_uses(), 3);
	cr_assert_eq(vcpu.gdt_entries, 1025);
	cr_assert_eq(vcpu.gdt_frames[2].v, 3);
	cr_assert_eq(gdt_set(&vcpu, list, GDT_ENTRIES_MAX + 1), -PV_EINVAL);
	cr_assert_eq(gdt_loads, 2);
	list[0] = list[1] = 1; /* one frame twice */
	cr_assert_eq(gdt_set(&vcpu, list, 1024), 0);
	cr_assert_eq(uses[1], 2);
	cr_assert_eq(gdt_set(&vcpu, list, 0), 0);
	cr_assert_eq(total_uses(), 0);
}

Test(tables, ldt)
{
	cr_assert_eq(ldt_set(&vcpu, 0, 0), 0);
	cr_assert_eq(ldt_loads, 0);
	cr_assert_eq(ldt_set(&vcpu, 0x1001, 1), -PV_EINVAL);
	cr_assert_eq(ldt_set(&vcpu, 0xffff830000000000, 1), -PV_EINVAL);
	cr_assert_eq(ldt_set(&vcpu, 0x10000, LDT_ENTRIES_MAX + 1), -PV_EINVAL);
	cr_assert_eq(ldt_set(&vcpu, 0x10000, 8192), 0);
	cr_assert_eq(total_uses(), 16);
	cr_assert_eq(vcpu.ldt_frames[15].v, 31);
	cr_assert_eq(ldt_loads, 1);
	descriptor_tables_drop(&vcpu);
	cr_assert_eq(total_uses(), 0);
	cr_assert_eq(vcpu.ldt_entries, 0);
}
