/*
 * physdev_op: rights on I/O ports, and (for a domain with hardware) interrupts.
 *
 * Read next: console.h.
 */
#ifndef PARLEY_PHYSDEV_H
#define PARLEY_PHYSDEV_H

/* abigen:begin numbers */
/* Made from abi/abi.json by `make abi`: change the numbers there. */

/* Operations of physdev_op: its argument op, and the structure of each. */
#define PV_PHYSDEVOP_irq_status_query  5  /* not offered */
#define PV_PHYSDEVOP_set_iopl          6  /* pv_physdev_set_iopl */
#define PV_PHYSDEVOP_set_iobitmap      7  /* pv_physdev_set_iobitmap */
#define PV_PHYSDEVOP_apic_read         8  /* not offered */
#define PV_PHYSDEVOP_apic_write        9  /* not offered */
#define PV_PHYSDEVOP_alloc_irq_vector  10 /* not offered */
#define PV_PHYSDEVOP_free_irq_vector   11 /* not offered */
#define PV_PHYSDEVOP_eoi               12 /* not offered */
#define PV_PHYSDEVOP_map_pirq          13 /* not offered */
#define PV_PHYSDEVOP_unmap_pirq        14 /* not offered */
#define PV_PHYSDEVOP_pirq_eoi_gmfn_v1  17 /* not offered */
#define PV_PHYSDEVOP_setup_gsi         21 /* not offered */
#define PV_PHYSDEVOP_get_free_pirq     23 /* not offered */
#define PV_PHYSDEVOP_pci_device_add    25 /* not offered */
#define PV_PHYSDEVOP_pci_device_remove 26 /* not offered */
#define PV_PHYSDEVOP_pirq_eoi_gmfn_v2  28 /* not offered */

/* abigen:end numbers */

/* pv_physdev_irq_status_query.flags */
#define PV_IRQSTAT_needs_eoi 0x1
#define PV_IRQSTAT_shared    0x2

/* pv_physdev_map_pirq.type */
#define PV_MAP_PIRQ_TYPE_MSI       0
#define PV_MAP_PIRQ_TYPE_GSI       1
#define PV_MAP_PIRQ_TYPE_UNKNOWN   2
#define PV_MAP_PIRQ_TYPE_MSI_SEG   3
#define PV_MAP_PIRQ_TYPE_MULTI_MSI 4

#ifndef __ASSEMBLER__
#include <parley/types.h>

/* Xen public ABI, structure physdev_set_iopl. */
struct pv_physdev_set_iopl {
	uint32_t iopl; /* (in) 0 .. 3; 1 and up: the kernel may do I/O */
};

/* Xen public ABI, structure physdev_set_iobitmap. */
struct pv_physdev_set_iobitmap {
	uint64_t bitmap;   /* (in) guest address; bit n clear: port n allowed */
	uint32_t nr_ports; /* (in) 0 .. 65536 */
};

/* Xen public ABI, structure physdev_eoi. */
struct pv_physdev_eoi {
	uint32_t irq; /* (in) a pirq */
};

/* Xen public ABI, structure physdev_irq_status_query. */
struct pv_physdev_irq_status_query {
	uint32_t irq;   /* (in) a pirq */
	uint32_t flags; /* (out) PV_IRQSTAT_* */
};

/* Xen public ABI, structure physdev_apic. */
struct pv_physdev_apic {
	uint64_t apic_physbase; /* (in) machine address of the I/O APIC */
	uint32_t reg;           /* (in) */
	uint32_t value;         /* read: (out), write: (in) */
};

/* Xen public ABI, structure physdev_irq. */
struct pv_physdev_irq {
	uint32_t irq;    /* (in) */
	uint32_t vector; /* (out) */
};

/* Xen public ABI, structure physdev_map_pirq. */
struct pv_physdev_map_pirq {
	pv_domid_t domid;    /* (in) */
	int32_t type;        /* (in) PV_MAP_PIRQ_TYPE_* */
	int32_t index;       /* (in) GSI; for MSI: -1 */
	int32_t pirq;        /* (in) wanted, -1: any; (out) given */
	int32_t bus;         /* (in) MSI: bus, with segment << 16 */
	int32_t devfn;       /* (in) MSI */
	int32_t entry_nr;    /* (in) MSI-X entry; (in, out) vectors of MSI */
	uint64_t table_base; /* (in) MSI-X: machine address; 0: MSI */
};

/* Xen public ABI, structure physdev_unmap_pirq. */
struct pv_physdev_unmap_pirq {
	pv_domid_t domid;
	int32_t pirq;
};

/* Xen public ABI, structure physdev_pirq_eoi_gmfn. */
struct pv_physdev_pirq_eoi_gmfn {
	uint64_t gmfn; /* (in) frame of a bitmap: pirq n needs eoi */
};

/* Xen public ABI, structure physdev_setup_gsi. */
struct pv_physdev_setup_gsi {
	int32_t gsi;
	uint8_t triggering; /* 0 edge, 1 level */
	uint8_t polarity;   /* 0 high, 1 low */
};

/* Xen public ABI, structure physdev_get_free_pirq. */
struct pv_physdev_get_free_pirq {
	int32_t type;  /* (in) */
	uint32_t pirq; /* (out) */
};

/* Xen public ABI, structure physdev_pci_device. */
struct pv_physdev_pci_device {
	uint16_t seg;
	uint8_t bus;
	uint8_t devfn;
};

_Static_assert(sizeof(struct pv_physdev_set_iopl) == 4, "set_iopl layout");
_Static_assert(sizeof(struct pv_physdev_set_iobitmap) == 16, "set_iobitmap layout");
_Static_assert(sizeof(struct pv_physdev_eoi) == 4, "eoi layout");
_Static_assert(sizeof(struct pv_physdev_irq_status_query) == 8, "irq status layout");
_Static_assert(sizeof(struct pv_physdev_apic) == 16, "apic layout");
_Static_assert(sizeof(struct pv_physdev_irq) == 8, "irq layout");
_Static_assert(sizeof(struct pv_physdev_map_pirq) == 40, "map_pirq layout");
_Static_assert(sizeof(struct pv_physdev_unmap_pirq) == 8, "unmap_pirq layout");
_Static_assert(sizeof(struct pv_physdev_pirq_eoi_gmfn) == 8, "eoi_gmfn layout");
_Static_assert(sizeof(struct pv_physdev_setup_gsi) == 8, "setup_gsi layout");
_Static_assert(sizeof(struct pv_physdev_get_free_pirq) == 8, "free_pirq layout");
_Static_assert(sizeof(struct pv_physdev_pci_device) == 4, "pci_device layout");

#endif /* __ASSEMBLER__ */
#endif
