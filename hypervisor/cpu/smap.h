/*
 * Supervisor-mode access prevention: STAC and CLAC around accesses to guest
 * memory. They are three-byte NOPs in the image and become the real
 * instructions at boot where SMAP is on (smap_patch), so a CPU without it, or
 * the emulator on which it must stay off, pays a NOP. For C strings of
 * assembly and, by the same section, for entry.S.
 */
#ifndef CPU_SMAP_H
#define CPU_SMAP_H

/* Each note is a 32-bit offset to the place, relative to itself; bit 0 of the next word: 1 is STAC. */
#define SMAP_SITE(is_stac)                         \
	"661:	.byte 0x0f, 0x1f, 0x00\n"            \
	".pushsection .rodata.smap_sites, \"a\"\n" \
	".balign 4\n"                              \
	".long 661b - ., " #is_stac "\n"           \
	".popsection\n"

#define SMAP_OPEN  SMAP_SITE(1)
#define SMAP_CLOSE SMAP_SITE(0)

/* Boot, once, where cpu_features.smap: turn the NOPs into STAC and CLAC, through the direct map. */
void smap_patch(void);

#endif
