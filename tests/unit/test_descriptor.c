/* pv/descriptor.c: no descriptor leads out of ring 3. */
#include <criterion/criterion.h>
#include <parley/errno.h>
#include <seam/cpu.h>
#include <seam/directmap.h>

#include "fake_memory.h"
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
	static const u64 gdt[] = { 0, 0x00cf9b000000ffff, 0x00af9b000000ffff, 0x00cf93000000ffff,
				   0x00cffb000000ffff, 0x00cff3000000ffff, 0x00affb000000ffff };

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
	page[511] = 0x0000ec0000000000;		/* call gate, DPL 3 */
	cr_assert_not(descriptor_validate_page(page));
}
