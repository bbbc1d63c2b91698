/*
 * Notes in a guest's ELF image (owner "Xen") that tell the builder how to load
 * and start it. Numbers are the note's type; the text says what it holds.
 *
 * Read next: start_info.h.
 */
#ifndef PARLEY_ELFNOTE_H
#define PARLEY_ELFNOTE_H

#define PV_ELFNOTE_OWNER "Xen"

#define PV_ELFNOTE_INFO               0  /* string, old style */
#define PV_ELFNOTE_ENTRY              1  /* address of the first instruction */
#define PV_ELFNOTE_HYPERCALL_PAGE     2  /* address of a page to fill */
#define PV_ELFNOTE_VIRT_BASE          3  /* address at which pfn 0 is mapped */
#define PV_ELFNOTE_PADDR_OFFSET       4  /* what p_paddr is counted from */
#define PV_ELFNOTE_XEN_VERSION        5  /* string "xen-3.0" */
#define PV_ELFNOTE_GUEST_OS           6  /* string */
#define PV_ELFNOTE_GUEST_VERSION      7  /* string */
#define PV_ELFNOTE_LOADER             8  /* string "generic" */
#define PV_ELFNOTE_PAE_MODE           9  /* string; 32-bit guests only */
#define PV_ELFNOTE_FEATURES           10 /* string of names, "!": not wanted */
#define PV_ELFNOTE_BSD_SYMTAB         11 /* string; ignored */
#define PV_ELFNOTE_HV_START_LOW       12 /* lowest address for the hypervisor */
#define PV_ELFNOTE_L1_MFN_VALID       13 /* pairs of mask and value */
#define PV_ELFNOTE_SUSPEND_CANCEL     14 /* suspend may return 1 */
#define PV_ELFNOTE_INIT_P2M           15 /* address at which to map the p2m */
#define PV_ELFNOTE_MOD_START_PFN      16 /* 1: the ramdisk by pfn, unmapped */
#define PV_ELFNOTE_SUPPORTED_FEATURES 17 /* bits by PV_FEATURE_* */
#define PV_ELFNOTE_PHYS32_ENTRY       18 /* entry without paging (PVH) */
#define PV_ELFNOTE_MAX                18

#endif
