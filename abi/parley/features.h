/*
 * Feature numbers: bits of the map that xen_version get_features returns, and
 * of the FEATURES and SUPPORTED_FEATURES notes of a guest's image.
 *
 * Read next: elfnote.h.
 */
#ifndef PARLEY_FEATURES_H
#define PARLEY_FEATURES_H

/* abigen:begin numbers */
/* Made from abi/abi.json by `make abi`: change the numbers there. */

/* Bits of the map that xen_version get_features returns. */
#define PV_FEATURE_writable_page_tables       0 /* tables written freely */
#define PV_FEATURE_writable_descriptor_tables 1
#define PV_FEATURE_auto_translated_physmap    2 /* pfns in page tables */
#define PV_FEATURE_supervisor_mode_kernel     3 /* kernel in ring 0 */
#define PV_FEATURE_pae_pgdir_above_4gb        4
#define PV_FEATURE_mmu_pt_update_preserve_ad  5 /* Linux demands it */
#define PV_FEATURE_highmem_assist             6
#define PV_FEATURE_gnttab_map_avail_bits      7 /* Linux demands it */
#define PV_FEATURE_hvm_callback_vector        8
#define PV_FEATURE_hvm_safe_pvclock           9
#define PV_FEATURE_hvm_pirqs                  10
#define PV_FEATURE_dom0                       11
#define PV_FEATURE_memory_op_vnode_supported  13
#define PV_FEATURE_ARM_SMCCC_supported        14
#define PV_FEATURE_linux_rsdp_unrestricted    15
#define PV_FEATURE_not_direct_mapped          16
#define PV_FEATURE_direct_mapped              17
#define PV_FEATURE_parley                     31 /* Parley's own calls are there */

/* abigen:end numbers */

#define PV_FEATURE_NR_SUBMAPS 1

#endif
