/* Patching STAC and CLAC in. Read next: arch/seam/guest_copy.h, where they stand. */
#include "cpu/smap.h"

#include <seam/directmap.h>

#include "lib/string.h"
#include "lib/types.h"

struct smap_site {
	s32 place;
	u32 is_stac;
};

extern const struct smap_site _smap_sites[], _smap_sites_end[];

void smap_patch(void)
{
	static const u8 insn[2][3] = { { 0x0f, 0x01, 0xca }, { 0x0f, 0x01, 0xcb } };
	const struct smap_site *s;

	for (s = _smap_sites; s < _smap_sites_end; s++) {
		u64 va = (u64)&s->place + (u64)(s64)s->place;

		memcpy(maddr_to_virt(maddr(va - HV_IMAGE_VIRT)), insn[s->is_stac & 1], 3);
	}
}
