/*
 * memory_op: the domain's reservation of frames, and maps of memory.
 *
 * Read next: event_channel.h.
 */
#ifndef PARLEY_MEMORY_H
#define PARLEY_MEMORY_H

#include <parley/types.h>

/* abigen:begin numbers */
/* Made from abi/abi.json by `make abi`: change the numbers there. */

/* Operations of memory_op: its argument op, and the structure of each. */
#define PV_MEMORY_increase_reservation 0  /* not offered */
#define PV_MEMORY_decrease_reservation 1  /* pv_memory_reservation */
#define PV_MEMORY_maximum_ram_page     2  /* returns a frame number */
#define PV_MEMORY_current_reservation  3  /* pv_memory_domain */
#define PV_MEMORY_maximum_reservation  4  /* pv_memory_domain */
#define PV_MEMORY_machphys_mfn_list    5  /* not offered */
#define PV_MEMORY_populate_physmap     6  /* pv_memory_reservation */
#define PV_MEMORY_add_to_physmap       7  /* not offered */
#define PV_MEMORY_memory_map           9  /* pv_memory_map */
#define PV_MEMORY_machine_memory_map   10 /* not offered */
#define PV_MEMORY_exchange             11 /* not offered */
#define PV_MEMORY_machphys_mapping     12 /* pv_machphys_mapping */
#define PV_MEMORY_set_memory_map       13 /* not offered */
#define PV_MEMORY_maximum_gpfn         14 /* pv_memory_domain */
#define PV_MEMORY_remove_from_physmap  15 /* not offered */
#define PV_MEMORY_add_to_physmap_batch 23 /* not offered */
#define PV_MEMORY_acquire_resource     28 /* not offered */

/* pv_memory_reservation.mem_flags, above the width of machine addresses. */
#define PV_MEMORY_populate_on_demand 0x10000 /* not for PV guests */
#define PV_MEMORY_exact_node_request 0x20000
#define PV_MEMORY_vnode              0x40000

/* pv_e820_entry.type */
#define PV_E820_RAM      1
#define PV_E820_RESERVED 2
#define PV_E820_ACPI     3
#define PV_E820_NVS      4
#define PV_E820_UNUSABLE 5

/* abigen:end numbers */

/*
 * The operation is in the low six bits of the first argument; the bits above
 * say how far a restarted call came and are not the guest's to set.
 */
#define PV_MEMORY_OP_BITS 6
#define PV_MEMORY_OP_MASK 0x3f

/* pv_memory_reservation.mem_flags: the widest machine address wanted, 0: any. */
#define PV_MEMORY_ADDRESS_BITS_MASK 0xff

#ifndef __ASSEMBLER__

/* Xen public ABI, structure xen_memory_reservation. */
struct pv_memory_reservation {
	uint64_t extent_start; /* guest address of u64 frame numbers */
	uint64_t nr_extents;
	uint32_t extent_order; /* an extent is 2^order frames */
	uint32_t mem_flags;    /* PV_MEMORY_ADDRESS_BITS_MASK and others */
	pv_domid_t domid;
};

/* Xen public ABI, structure xen_memory_exchange. */
struct pv_memory_exchange {
	struct pv_memory_reservation in;  /* (in) given up: mfns */
	struct pv_memory_reservation out; /* (in) pfns, (out) mfns */
	uint64_t nr_exchanged;            /* (in) 0, (out) of in.nr_extents */
};

/* Xen public ABI, structure xen_memory_domain. */
struct pv_memory_domain {
	pv_domid_t domid;
};

/* Xen public ABI, structure xen_memory_map. */
struct pv_memory_map {
	uint32_t nr_entries; /* (in) room, (out) entries written */
	uint64_t buffer;     /* guest address of struct pv_e820_entry[] */
};

/* An entry of the buffer above, as a PC's firmware gives it: 20 bytes. */
struct pv_e820_entry {
	uint64_t addr; /* bytes */
	uint64_t size; /* bytes */
	uint32_t type; /* PV_E820_* */
} __attribute__((packed));

/* Xen public ABI, structure xen_machphys_mapping. */
struct pv_machphys_mapping {
	uint64_t v_start; /* (out) first address of the table */
	uint64_t v_end;   /* (out) one past its last */
	uint64_t max_mfn; /* (out) highest frame it covers */
};

/* Xen public ABI, structure xen_machphys_mfn_list. */
struct pv_machphys_mfn_list {
	uint32_t max_extents;  /* (in) room */
	uint64_t extent_start; /* guest address of u64 frame numbers */
	uint32_t nr_extents;   /* (out) written */
};

_Static_assert(sizeof(struct pv_memory_reservation) == 32, "reservation layout");
_Static_assert(sizeof(struct pv_memory_exchange) == 72, "exchange layout");
_Static_assert(sizeof(struct pv_memory_domain) == 2, "memory_domain layout");
_Static_assert(sizeof(struct pv_memory_map) == 16, "memory_map layout");
_Static_assert(sizeof(struct pv_e820_entry) == 20, "e820 layout");
_Static_assert(sizeof(struct pv_machphys_mapping) == 24, "machphys layout");
_Static_assert(sizeof(struct pv_machphys_mfn_list) == 24, "machphys list layout");

#endif /* __ASSEMBLER__ */
#endif
