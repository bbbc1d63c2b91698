/* Two domains on the small machine (machine.h), for the tests of mm/types.c: test_mm_types.c, test_mm_jobs.c. */
#ifndef UNIT_MM_FIXTURE_H
#define UNIT_MM_FIXTURE_H

#include "machine.h"
#include "mm/types.h"

/* Who the operations below are for, and one that it has nothing to do with. */
extern struct domain *d, *other;

/* A suite's .init, and its .fini: the machine finds nothing wrong. */
void mm_setup(void);
void mm_check(void);

/* Run one operation on d under its lock until it needs no restart; returns its result. */
#define DO(expression)                              \
	({                                          \
		int do_rc;                          \
		do {                                \
			do_rc = mm_begin(&d->mm);   \
			if (do_rc == 0) {           \
				do_rc = expression; \
				mm_end(&d->mm);     \
			}                           \
		} while (do_rc == MM_RESTART);      \
		do_rc;                              \
	})

#define cr_assert_counts(m, wanted_refs, wanted_type_refs)                                 \
	do {                                                                               \
		const struct frame *counted = frame_at(m);                                 \
		cr_assert_eq(counted->refs, (u32)(wanted_refs), "refs %u", counted->refs); \
		cr_assert_eq(counted->type_refs, (u32)(wanted_type_refs), "type_refs %u",  \
			     counted->type_refs);                                          \
	} while (0)

/* Operations on d, to their end. What the hypercalls return. */
int pin(mfn_t m, enum frame_type type);
int unpin(mfn_t m);
int release(mfn_t m);

#endif
