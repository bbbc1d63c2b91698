/*
 * The words that every other header of the contract uses: domain numbers,
 * frame numbers, the address ranges that belong to the hypervisor.
 *
 * Conventions of all headers in this directory:
 *  - "frame" is a 4096-byte page of machine memory, named by its number (mfn);
 *    a pfn is the guest's own contiguous numbering of its frames;
 *  - a field described as "guest address" is a virtual address in the address
 *    space that is current when the call is made;
 *  - (in) is read by the hypervisor, (out) written by it;
 *  - times are nanoseconds since the hypervisor started, unless said otherwise.
 *
 * Read next: hypercall.h.
 */
#ifndef PARLEY_TYPES_H
#define PARLEY_TYPES_H

/* A 64-bit constant that both C and the assembler can read. */
#ifdef __ASSEMBLER__
#define PV_U64(value) value
#else
#include <stdint.h>
#define PV_U64(value) UINT64_C(value)
#endif

/* Domain numbers. Real domains are below PV_DOMID_FIRST_RESERVED. */
#define PV_DOMID_FIRST_RESERVED 0x7ff0
#define PV_DOMID_SERVICES       0 /* the hypervisor, where it serves as a domain would: console, store */
#define PV_DOMID_SELF           0x7ff0 /* the caller */
#define PV_DOMID_IO             0x7ff1 /* owner of frames that are not RAM */
#define PV_DOMID_XEN            0x7ff2 /* the hypervisor as owner of a frame */
#define PV_DOMID_COW            0x7ff3 /* owner of shared copy-on-write frames */
#define PV_DOMID_INVALID        0x7ff4 /* never a domain */
#define PV_DOMID_IDLE           0x7fff
#define PV_DOMID_MASK           0x7fff

/*
 * Virtual addresses that the hypervisor keeps in every address space: page
 * table slots 256 to 271 of the top level. The first part, readable by guests,
 * is the table from machine frames to the owner's pfns, one 64-bit entry each.
 */
#define PV_HYPERVISOR_VIRT_START PV_U64(0xffff800000000000)
#define PV_HYPERVISOR_VIRT_END   PV_U64(0xffff880000000000)
#define PV_MACH2PHYS_VIRT_START  PV_U64(0xffff800000000000)
#define PV_MACH2PHYS_VIRT_END    PV_U64(0xffff804000000000)
#define PV_MACH2PHYS_NR_ENTRIES  ((PV_MACH2PHYS_VIRT_END - PV_MACH2PHYS_VIRT_START) >> 3)

/* CPUID leaves by which a guest knows the interface; reached by PV_CPUID. */
#define PV_CPUID_FIRST_LEAF    0x40000000
#define PV_CPUID_SIGNATURE_EBX 0x566e6558 /* "XenV" */
#define PV_CPUID_SIGNATURE_ECX 0x65584d4d /* "MMXe" */
#define PV_CPUID_SIGNATURE_EDX 0x4d4d566e /* "nVMM" */

/* Most vCPUs that have their vcpu_info inside shared_info from the start. */
#define PV_LEGACY_MAX_VCPUS 32

#ifndef __ASSEMBLER__

typedef uint16_t pv_domid_t;
typedef uint64_t pv_pfn_t;              /* a frame number: mfn, gfn or pfn */
typedef uint8_t pv_domain_handle_t[16]; /* a domain's UUID */

/* Xen public ABI, structure xenctl_bitmap: a bitmap in guest memory. */
struct pv_bitmap {
	uint64_t bitmap; /* (in) guest address of the bytes */
	uint32_t nr_bits;
	uint32_t pad; /* 0 */
};

_Static_assert(sizeof(struct pv_bitmap) == 16, "bitmap layout");

/* Makes CPUID trap to the hypervisor: ud2, "xen", cpuid. */
#define PV_EMULATE_PREFIX ".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e; "
#define PV_CPUID          PV_EMULATE_PREFIX "cpuid"

#else

#define PV_EMULATE_PREFIX .byte 0x0f, 0x0b, 0x78, 0x65, 0x6e;
#define PV_CPUID          PV_EMULATE_PREFIX cpuid

#endif /* __ASSEMBLER__ */
#endif
