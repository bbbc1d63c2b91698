/*
 * Operations of a test sequence: small records that name frames by symbols, so
 * that a sequence means the same after some of it was taken out. A record can be
 * printed as C and kept (tests/unit/test_mm_kept.c).
 *
 * Read next: driver.h.
 */
#ifndef MODEL_OP_H
#define MODEL_OP_H

#include "lib/types.h"

enum op_kind {
	OP_NONE,
	OP_RUN,         /* the CPU runs vCPU .sub % 16 of domain .sub / 16; 0xff: idle */
	OP_STORE,       /* a store of the guest itself: .frame[.index] = entry */
	OP_MMU_UPDATE,  /* .sub: the low three bits of the pointer */
	OP_UPDATE_VA,   /* .va = entry; .sub: flush (enum op_flush) */
	OP_PTWR,        /* a store that faults: at .va, its table's entry .index */
	OP_PIN,         /* .frame at level .index */
	OP_UNPIN,       /* .frame */
	OP_KERNEL_ROOT, /* .frame */
	OP_USER_ROOT,   /* .frame */
	OP_FLUSH,       /* .sub: which (driver_calls.c); .va */
	OP_CLEAR,       /* .frame */
	OP_COPY,        /* .frame from .to */
	OP_SET_LDT,     /* .va, .index entries */
	OP_SET_GDT,     /* .frame, .to, then .frame again and so on; .index entries */
	OP_DESCRIPTOR,  /* .frame[.index] = .bits, .sub: misalignment */
	OP_RELEASE,     /* .frame */
	OP_POPULATE,    /* for pfn .index */
	OP_GRANT,       /* a grant table of .index frames */
	OP_INFO,        /* move vcpu_info to .frame at .index */
	OP_INITIALISE,  /* the last vCPU, root .frame, GDT .to with .index entries */
	OP_KILL,        /* domain .sub */
	OP_GIVE,  /* the guest writes a grant: reference .index names .frame; .bits: flags, domid */
	OP_MAP,   /* reference .index of .sub (enum op_whose) at .va; .bits: flags */
	OP_UNMAP, /* handle .index at .va; .sub: bus address */
	OP_REPLACE,    /* the same, and what is at .bits comes in its place */
	OP_GRANT_COPY, /* .frame or reference .index to .to or .va; .sub: whose; .bits: lengths */
	OP_SWAP,       /* references .index and .va */
	OP_KINDS,
};

/* op.join */
#define OP_ALONE 0
#define OP_BATCH 1 /* in one hypercall with the one before, if they are of a kind */
#define OP_MULTI 2 /* in one multicall with the one before */

/* Symbols of frames: what, and which. */
#define SYM(what, which) ((u16)((what) << 12 | (which)))
#define OWN(which) \
	SYM(0, which) /* of the domain's first frames, or what was populated in its place */
#define OTHER(which)  SYM(1, which) /* the same of the other domain */
#define SHARED(which) SYM(2, which) /* shared_info, then grant frames */
#define FREE(which)   SYM(3, which) /* counted from the lowest */
#define EDGE(which)   SYM(4, which) /* odd numbers; driver.c */
#define NO_FRAME      SYM(15, 0)    /* the value is .bits alone */

#define OP_OWN_FRAMES   48
#define OP_OTHER_FRAMES 20
#define OP_EDGES        12

struct op {
	u8 kind;
	u8 cpu;
	u8 join;
	u8 budget; /* 0: the usual */
	u8 sub;
	u16 frame;
	u16 index;
	u16 to; /* the frame in the entry */
	u64 bits;
	u64 va;
};

/* Whose grant: .sub has it for a copy's source, and for its destination in the upper four bits. */
enum op_whose {
	OP_WHOSE_OTHER,
	OP_WHOSE_OWN,
	OP_WHOSE_SELF, /* by PV_DOMID_SELF */
	OP_WHOSE_NOBODY,
	OP_BY_FRAME, /* of a copy: not by reference */
	OP_BY_FRAME_OTHER,
	OP_WHOSE_KINDS,
};

/* The bus address of an unmap. */
#define OP_BUS_NONE  0
#define OP_BUS_RIGHT 1
#define OP_BUS_WRONG 2

/* .bits of OP_GRANT_COPY */
#define OP_COPY_BITS(from, to, len) ((u64)(from) | (u64)(to) << 16 | (u64)(len) << 32)

/* How update_va_mapping is to flush: the flags' low bits, and where. */
#define OP_FLUSH_KIND  3
#define OP_FLUSH_LOCAL 0
#define OP_FLUSH_ALL   4
#define OP_FLUSH_MASK  8
#define OP_FLUSH_WILD  12

/* Random numbers that depend on nothing but the seed, or on a fuzzer's input. */
struct op_source {
	u64 state;
	const u8 *bytes; /* NULL: from the state */
	size_t size;     /* bytes left; at the end all numbers are 0 */
};

u64 op_random(struct op_source *src, u64 below);
bool op_source_is_empty(const struct op_source *src);

/* One line of C. */
void op_print(const struct op *op, char *line, size_t size);

#endif
