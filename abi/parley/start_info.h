/*
 * What a guest finds when its first instruction runs: RSI holds the virtual
 * address of one struct pv_start_info, RSP the end of a one-page stack.
 *
 * Read next: shared_info.h, the page shared for the life of the domain.
 */
#ifndef PARLEY_START_INFO_H
#define PARLEY_START_INFO_H

#define PV_START_INFO_MAGIC  "xen-3.0-x86_64"
#define PV_MAX_GUEST_CMDLINE 1024 /* bytes, with the closing NUL */

/* pv_start_info.flags */
#define PV_SIF_PRIVILEGED      0x1    /* has hardware rights */
#define PV_SIF_INITDOMAIN      0x2    /* is the initial domain */
#define PV_SIF_MULTIBOOT_MOD   0x4    /* mod_start is a list of modules */
#define PV_SIF_MOD_START_PFN   0x8    /* mod_start is a pfn, not an address */
#define PV_SIF_VIRT_P2M_4TOOLS 0x10   /* tools know a p2m in virtual memory */
#define PV_SIF_PM_MASK         0xff00 /* power management options */

/* Offsets for assembly. */
#define PV_START_INFO_NR_PAGES     32
#define PV_START_INFO_SHARED_INFO  40
#define PV_START_INFO_FLAGS        48
#define PV_START_INFO_PT_BASE      88
#define PV_START_INFO_NR_PT_FRAMES 96
#define PV_START_INFO_MFN_LIST     104
#define PV_START_INFO_CMD_LINE     128

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <parley/types.h>

/* Xen public ABI, structure start_info. Written once, before the guest runs. */
struct pv_start_info {
	char magic[32];        /* PV_START_INFO_MAGIC, NUL-filled */
	uint64_t nr_pages;     /* pfns 0 .. nr_pages - 1 have a frame */
	uint64_t shared_info;  /* machine address of struct pv_shared_info */
	uint32_t flags;        /* PV_SIF_* */
	uint64_t store_mfn;    /* frame of the store's ring */
	uint32_t store_evtchn; /* port of the store; 0: no store */
	union {
		struct {
			uint64_t mfn;    /* frame of the console's ring */
			uint32_t evtchn; /* port; 0: no ring console */
		} domU;
		struct {
			uint32_t info_off; /* of struct pv_vga_console_info */
			uint32_t info_size;
		} dom0; /* with PV_SIF_INITDOMAIN */
	} console;
	uint64_t pt_base;                      /* virtual address of the top-level table */
	uint64_t nr_pt_frames;                 /* tables of the first mapping, contiguous */
	uint64_t mfn_list;                     /* virtual address of the p2m: u64 an entry */
	uint64_t mod_start;                    /* initial ramdisk, a pfn or an address; 0: none */
	uint64_t mod_len;                      /* its bytes */
	int8_t cmd_line[PV_MAX_GUEST_CMDLINE]; /* NUL-terminated */
	uint64_t first_p2m_pfn;                /* first pfn of the p2m's pages and tables */
	uint64_t nr_p2m_frames;                /* how many, contiguous */
};

#define PV_VGATYPE_TEXT_MODE_3 0x03
#define PV_VGATYPE_VESA_LFB    0x23
#define PV_VGATYPE_EFI_LFB     0x70

/* Xen public ABI, structure dom0_vga_console_info, for the initial domain. */
struct pv_vga_console_info {
	uint8_t video_type; /* PV_VGATYPE_*; 0: none */
	union {
		struct {
			uint16_t font_height;
			uint16_t cursor_x;
			uint16_t cursor_y;
			uint16_t rows;
			uint16_t columns;
		} text_mode_3;
		struct {
			uint16_t width; /* pixels */
			uint16_t height;
			uint16_t bytes_per_line;
			uint16_t bits_per_pixel;
			uint32_t lfb_base; /* physical address, low half */
			uint32_t lfb_size; /* units of 64 KiB */
			uint8_t red_pos;
			uint8_t red_size;
			uint8_t green_pos;
			uint8_t green_size;
			uint8_t blue_pos;
			uint8_t blue_size;
			uint8_t rsvd_pos;
			uint8_t rsvd_size;
			uint32_t gbl_caps;
			uint16_t mode_attrs;
			uint16_t pad;
			uint32_t ext_lfb_base; /* high half of lfb_base */
		} vesa_lfb;
	} u;
};

/* One module, when PV_SIF_MULTIBOOT_MOD is set. */
struct pv_multiboot_mod_list {
	uint32_t mod_start;
	uint32_t mod_end;
	uint32_t cmdline;
	uint32_t pad;
};

_Static_assert(sizeof(struct pv_start_info) == 1168, "start_info layout");
_Static_assert(sizeof(struct pv_vga_console_info) == 40, "vga info layout");
_Static_assert(sizeof(struct pv_multiboot_mod_list) == 16, "module layout");
_Static_assert(offsetof(struct pv_start_info, nr_pages) == PV_START_INFO_NR_PAGES,
	       "start_info offset");
_Static_assert(offsetof(struct pv_start_info, shared_info) == PV_START_INFO_SHARED_INFO,
	       "start_info offset");
_Static_assert(offsetof(struct pv_start_info, flags) == PV_START_INFO_FLAGS, "start_info offset");
_Static_assert(offsetof(struct pv_start_info, pt_base) == PV_START_INFO_PT_BASE,
	       "start_info offset");
_Static_assert(offsetof(struct pv_start_info, nr_pt_frames) == PV_START_INFO_NR_PT_FRAMES,
	       "start_info offset");
_Static_assert(offsetof(struct pv_start_info, mfn_list) == PV_START_INFO_MFN_LIST,
	       "start_info offset");
_Static_assert(offsetof(struct pv_start_info, cmd_line) == PV_START_INFO_CMD_LINE,
	       "start_info offset");

#endif /* __ASSEMBLER__ */
#endif
