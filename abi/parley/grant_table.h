/*
 * Grant tables: how a domain lets another reach one of its frames. The granter
 * writes an entry in its own table; the other names the entry by its index (a
 * reference) to map the frame or to copy from or to it. Version 1 entries only.
 *
 * Read next: sched.h.
 */
#ifndef PARLEY_GRANT_TABLE_H
#define PARLEY_GRANT_TABLE_H

/* abigen:begin numbers */
/* Made from abi/abi.json by `make abi`: change the numbers there. */

/* Operations of grant_table_op: its argument op, and the structure of each. */
#define PV_GNTTABOP_map_grant_ref     0  /* pv_gnttab_map_grant_ref */
#define PV_GNTTABOP_unmap_grant_ref   1  /* pv_gnttab_unmap_grant_ref */
#define PV_GNTTABOP_setup_table       2  /* pv_gnttab_setup_table */
#define PV_GNTTABOP_dump_table        3  /* not offered */
#define PV_GNTTABOP_transfer          4  /* pv_gnttab_transfer */
#define PV_GNTTABOP_copy              5  /* pv_gnttab_copy */
#define PV_GNTTABOP_query_size        6  /* pv_gnttab_query_size */
#define PV_GNTTABOP_unmap_and_replace 7  /* pv_gnttab_unmap_and_replace */
#define PV_GNTTABOP_set_version       8  /* pv_gnttab_set_version */
#define PV_GNTTABOP_get_status_frames 9  /* not offered */
#define PV_GNTTABOP_get_version       10 /* pv_gnttab_get_version */
#define PV_GNTTABOP_swap_grant_ref    11 /* pv_gnttab_swap_grant_ref */
#define PV_GNTTABOP_cache_flush       12 /* pv_gnttab_cache_flush */

/* pv_grant_entry_v1.flags; reading and writing are set by the hypervisor. */
#define PV_GTF_invalid         0x0
#define PV_GTF_permit_access   0x1
#define PV_GTF_accept_transfer 0x2 /* not offered */
#define PV_GTF_transitive      0x3 /* version 2, not offered */
#define PV_GTF_type_mask       0x3
#define PV_GTF_readonly        0x4
#define PV_GTF_reading         0x8  /* mapped or being copied */
#define PV_GTF_writing         0x10 /* and writable there */
#define PV_GTF_PWT             0x20
#define PV_GTF_PCD             0x40
#define PV_GTF_PAT             0x80
#define PV_GTF_sub_page        0x100 /* version 2, not offered */

/* pv_gnttab_map_grant_ref.flags */
#define PV_GNTMAP_device_map      0x1 /* want an address for a device */
#define PV_GNTMAP_host_map        0x2 /* want a mapping */
#define PV_GNTMAP_readonly        0x4
#define PV_GNTMAP_application_map 0x8  /* user mode may use it */
#define PV_GNTMAP_contains_pte    0x10 /* host_addr is that of an entry */

/* pv_gnttab_cache_flush.op */
#define PV_GNTTAB_CACHE_CLEAN       0x1
#define PV_GNTTAB_CACHE_INVAL       0x2
#define PV_GNTTAB_CACHE_SOURCE_GREF 0x80000000 /* not offered */

/* pv_gnttab_copy.flags */
#define PV_GNTCOPY_source_gref 0x1 /* source.u.ref, else .gmfn */
#define PV_GNTCOPY_dest_gref   0x2

/* How one element of a batch fared. */
#define PV_GNTST_okay              0
#define PV_GNTST_general_error     (-1)
#define PV_GNTST_bad_domain        (-2)
#define PV_GNTST_bad_gntref        (-3)
#define PV_GNTST_bad_handle        (-4)
#define PV_GNTST_bad_virt_addr     (-5)
#define PV_GNTST_bad_dev_addr      (-6)
#define PV_GNTST_no_device_space   (-7)
#define PV_GNTST_permission_denied (-8)
#define PV_GNTST_bad_page          (-9)
#define PV_GNTST_bad_copy_arg      (-10)
#define PV_GNTST_address_too_big   (-11)
#define PV_GNTST_eagain            (-12)
#define PV_GNTST_no_space          (-13)

/* abigen:end numbers */

/* References below this are given by the builder. */
#define PV_GNTTAB_NR_RESERVED_ENTRIES 8
#define PV_GNTTAB_RESERVED_CONSOLE    0
#define PV_GNTTAB_RESERVED_XENSTORE   1

/* Also in pv_gnttab_map_grant_ref.flags: bits for the entry that are the guest's own. */
#define PV_GNTMAP_guest_avail0     16 /* first bit that goes to PTE bit 9.. */
#define PV_GNTMAP_guest_avail_mask 0xffff0000

#ifndef __ASSEMBLER__
#include <parley/types.h>

typedef uint32_t pv_grant_ref_t;
typedef uint32_t pv_grant_handle_t;

/* Xen public ABI, structure grant_entry_v1: an entry of the granter's table. */
struct pv_grant_entry_v1 {
	uint16_t flags;   /* PV_GTF_*; written last by the granter */
	pv_domid_t domid; /* who may use it */
	uint32_t frame;   /* mfn of the granter's */
};

/* Xen public ABI, structure gnttab_map_grant_ref. */
struct pv_gnttab_map_grant_ref {
	uint64_t host_addr;       /* (in) guest address, or machine address of a PTE */
	uint32_t flags;           /* (in) PV_GNTMAP_* */
	pv_grant_ref_t ref;       /* (in) */
	pv_domid_t dom;           /* (in) the granter */
	int16_t status;           /* (out) PV_GNTST_* */
	pv_grant_handle_t handle; /* (out) names the mapping at unmap */
	uint64_t dev_bus_addr;    /* (out) machine address */
};

/* Xen public ABI, structure gnttab_unmap_grant_ref. */
struct pv_gnttab_unmap_grant_ref {
	uint64_t host_addr;       /* (in) as at map; 0: leave the mapping */
	uint64_t dev_bus_addr;    /* (in) as at map; 0: leave it */
	pv_grant_handle_t handle; /* (in) */
	int16_t status;           /* (out) PV_GNTST_* */
};

/* Xen public ABI, structure gnttab_setup_table. */
struct pv_gnttab_setup_table {
	pv_domid_t dom;      /* (in) PV_DOMID_SELF */
	uint32_t nr_frames;  /* (in) frames the table shall have */
	int16_t status;      /* (out) PV_GNTST_* */
	uint64_t frame_list; /* guest address of u64 mfns (out) */
};

/* Xen public ABI, structure gnttab_dump_table. */
struct pv_gnttab_dump_table {
	pv_domid_t dom;
	int16_t status;
};

/* Xen public ABI, structure gnttab_transfer. */
struct pv_gnttab_transfer {
	uint64_t mfn;
	pv_domid_t domid;
	pv_grant_ref_t ref;
	int16_t status;
};

/* One side of a copy. */
struct pv_gnttab_copy_ptr {
	union {
		pv_grant_ref_t ref;
		uint64_t gmfn; /* own frame */
	} u;
	pv_domid_t domid;
	uint16_t offset; /* bytes into the frame */
};

/* Xen public ABI, structure gnttab_copy. */
struct pv_gnttab_copy {
	struct pv_gnttab_copy_ptr source;
	struct pv_gnttab_copy_ptr dest;
	uint16_t len;   /* (in) bytes, within one frame on both sides */
	uint16_t flags; /* (in) PV_GNTCOPY_* */
	int16_t status; /* (out) PV_GNTST_* */
};

/* Xen public ABI, structure gnttab_query_size. */
struct pv_gnttab_query_size {
	pv_domid_t dom;         /* (in) PV_DOMID_SELF */
	uint32_t nr_frames;     /* (out) frames now */
	uint32_t max_nr_frames; /* (out) the limit */
	int16_t status;         /* (out) PV_GNTST_* */
};

/* Xen public ABI, structure gnttab_unmap_and_replace. */
struct pv_gnttab_unmap_and_replace {
	uint64_t host_addr;
	uint64_t new_addr;
	pv_grant_handle_t handle;
	int16_t status;
};

/* Xen public ABI, structure gnttab_set_version. */
struct pv_gnttab_set_version {
	uint32_t version; /* (in) wanted, (out) in force */
};

/* Xen public ABI, structure gnttab_get_version. */
struct pv_gnttab_get_version {
	pv_domid_t dom;
	uint16_t pad;
	uint32_t version; /* (out) */
};

/* Xen public ABI, structure gnttab_swap_grant_ref. */
struct pv_gnttab_swap_grant_ref {
	pv_grant_ref_t ref_a;
	pv_grant_ref_t ref_b;
	int16_t status;
};

/* Xen public ABI, structure gnttab_cache_flush. */
struct pv_gnttab_cache_flush {
	union {
		uint64_t dev_bus_addr; /* machine address */
		pv_grant_ref_t ref;
	} a;
	uint16_t offset; /* (in) bytes into the frame */
	uint16_t length; /* (in) within one frame */
	uint32_t op;     /* (in) PV_GNTTAB_CACHE_* */
};

_Static_assert(sizeof(struct pv_grant_entry_v1) == 8, "grant entry layout");
_Static_assert(sizeof(struct pv_gnttab_map_grant_ref) == 32, "map layout");
_Static_assert(sizeof(struct pv_gnttab_unmap_grant_ref) == 24, "unmap layout");
_Static_assert(sizeof(struct pv_gnttab_setup_table) == 24, "setup_table layout");
_Static_assert(sizeof(struct pv_gnttab_dump_table) == 4, "dump_table layout");
_Static_assert(sizeof(struct pv_gnttab_transfer) == 24, "transfer layout");
_Static_assert(sizeof(struct pv_gnttab_copy_ptr) == 16, "copy_ptr layout");
_Static_assert(sizeof(struct pv_gnttab_copy) == 40, "copy layout");
_Static_assert(sizeof(struct pv_gnttab_query_size) == 16, "query_size layout");
_Static_assert(sizeof(struct pv_gnttab_unmap_and_replace) == 24, "replace layout");
_Static_assert(sizeof(struct pv_gnttab_set_version) == 4, "set_version layout");
_Static_assert(sizeof(struct pv_gnttab_get_version) == 8, "get_version layout");
_Static_assert(sizeof(struct pv_gnttab_swap_grant_ref) == 12, "swap layout");
_Static_assert(sizeof(struct pv_gnttab_cache_flush) == 16, "cache_flush layout");

#endif /* __ASSEMBLER__ */
#endif
