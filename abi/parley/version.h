/*
 * xen_version: who the hypervisor says it is, and what it offers.
 *
 * Read next: features.h.
 */
#ifndef PARLEY_VERSION_H
#define PARLEY_VERSION_H

/* abigen:begin numbers */
/* Made from abi/abi.json by `make abi`: change the numbers there. */

/* Operations of xen_version: its argument op, and the structure of each. */
#define PV_VERSION_version             0  /* returns major << 16 | minor */
#define PV_VERSION_extraversion        1  /* char[16] */
#define PV_VERSION_compile_info        2  /* pv_compile_info */
#define PV_VERSION_capabilities        3  /* char[1024] */
#define PV_VERSION_changeset           4  /* char[64] */
#define PV_VERSION_platform_parameters 5  /* pv_platform_parameters */
#define PV_VERSION_get_features        6  /* pv_feature_info */
#define PV_VERSION_pagesize            7  /* returns 4096 */
#define PV_VERSION_guest_handle        8  /* pv_domain_handle_t */
#define PV_VERSION_commandline         9  /* char[1024] */
#define PV_VERSION_build_id            10 /* pv_build_id */

/* abigen:end numbers */

/* The version of the interface that Parley speaks, as Xen numbers it. */
#define PV_VERSION_MAJOR 4
#define PV_VERSION_MINOR 17

#define PV_EXTRAVERSION_LEN      16
#define PV_CAPABILITIES_INFO_LEN 1024
#define PV_CHANGESET_INFO_LEN    64
#define PV_COMMANDLINE_LEN       1024

#ifndef __ASSEMBLER__
#include <parley/features.h>
#include <parley/types.h>

/* Xen public ABI, structure xen_compile_info. Strings, NUL-terminated. */
struct pv_compile_info {
	char compiler[64];
	char compile_by[16];
	char compile_domain[32];
	char compile_date[32];
};

/* Xen public ABI, structure xen_platform_parameters. */
struct pv_platform_parameters {
	uint64_t virt_start; /* (out) PV_HYPERVISOR_VIRT_START */
};

/* Xen public ABI, structure xen_feature_info. */
struct pv_feature_info {
	uint32_t submap_idx; /* (in) which 32 features, from 0 */
	uint32_t submap;     /* (out) bit n: feature 32 * submap_idx + n */
};

/* Xen public ABI, structure xen_build_id; `len` bytes follow. */
struct pv_build_id {
	uint32_t len;        /* (in) room */
	unsigned char buf[]; /* (out) */
};

_Static_assert(sizeof(struct pv_compile_info) == 144, "compile_info layout");
_Static_assert(sizeof(struct pv_platform_parameters) == 8, "platform layout");
_Static_assert(sizeof(struct pv_feature_info) == 8, "feature_info layout");
_Static_assert(sizeof(struct pv_build_id) == 4, "build_id layout");

#endif /* __ASSEMBLER__ */
#endif
