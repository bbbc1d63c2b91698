/*
 * The state of a page-table operation that ran out of its budget: which tables
 * are half done, innermost last, and in which direction. Rules: mm/types.c.
 */
#ifndef MM_JOB_TYPES_H
#define MM_JOB_TYPES_H

#include "mm/addr.h"

enum mm_job_state {
	MM_JOB_IDLE = 0,
	MM_JOB_PROMOTE, /* validating entries [index, 512) */
	MM_JOB_DEMOTE,  /* dropping entries [0, index) */
	MM_JOB_HELD,    /* promoted; the job holds the type use until its op restarts */
	MM_JOB_FAILED,  /* not promoted; .result waits for the op's restart */
};

struct mm_job {
	enum mm_job_state state;
	u32 depth; /* tables on the stack */
	struct {
		u32 mfn;
		u16 index;
		u16 level;
	} stack[4];
	int result;   /* 0, or of a promotion that fails: -errno */
	u32 root;     /* mfn that HELD and FAILED are about */
	u32 patience; /* of others with a held result, see MM_HOLD_PATIENCE */
};

#endif
