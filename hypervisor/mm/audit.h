/*
 * The audit: counts again, from everything that may refer to a frame, what the
 * frame table says, and compares. It believes no count, only facts: entries of
 * tables, flags, roots, what stands on the half-done job's stack, and what the
 * domain room says that a domain holds (domain/audit.c).
 *
 * It is for tests and debug builds: it looks at every frame of the machine and
 * every entry of the owner's tables, with the owner's lock held.
 */
#ifndef MM_AUDIT_H
#define MM_AUDIT_H

#include "mm/owner.h"

struct mm_audit;

/*
 * The owner's other holds, told by calling mm_audit_hold() once for each:
 * FRAME_NONE for a bare reference, else one reference and one use as that type.
 * mm_audit_shared() for each frame of frame_share(), and its hold with it.
 */
typedef void (*mm_audit_holds)(struct mm_audit *a, void *arg);

/* For the holds to call: one of the owner's holds, as above. */
void mm_audit_hold(struct mm_audit *a, mfn_t m, enum frame_type type);
void mm_audit_shared(struct mm_audit *a, mfn_t m);

/*
 * The owner has mapped frame m of another's, writable or not: so often may its tables
 * name it so. Told by the holds as well.
 */
void mm_audit_foreign(struct mm_audit *a, mfn_t m, bool writable);

/* Something else is wrong; counted, and logged as the first few are. */
void mm_audit_complain(struct mm_audit *a, mfn_t m, const char *what);

/*
 * How many differences there are in o's frames; the first few are logged.
 * -PV_ENOMEM without memory to count in. Under o->lock; the job may be half done.
 */
s64 mm_audit(struct mm_owner *o, mm_audit_holds holds, void *arg) must_check;

#endif
