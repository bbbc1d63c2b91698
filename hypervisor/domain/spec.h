/*
 * What a domain is to be made of. It belongs to the build, then to the domain,
 * and passes on when that is started again.
 */
#ifndef DOMAIN_SPEC_H
#define DOMAIN_SPEC_H

#include <parley/start_info.h>

#include "domain/domain.h"
#include "domain/image.h"

/* A domain that has been started so often within so long stays down when it asks to reboot. */
#define SPEC_STARTS_MAX 5U
#define SPEC_STARTS_NS  10000000000UL

struct domain_spec {
	char name[DOMAIN_NAME_MAX]; /* not empty */
	char cmdline[PV_MAX_GUEST_CMDLINE];
	u8 uuid[16];
	u64 memory_pages; /* what the guest starts with, its tables included */
	u32 vcpu_count;   /* 1 .. DOMAIN_VCPU_MAX */
	bool is_control;  /* may call control operations */
	bool once;        /* not started again */
	bool paused;      /* one pause to begin with */
	bool by_domain;   /* a domain asked for it, and is told itself if it cannot be made */
	u32 weight;       /* 1 .. 65535 */
	u32 cap;          /* per cent of a CPU; 0: none */
	u64 affinity;     /* CPUs it may run on; never empty */

	struct image *kernel, *ramdisk; /* referred to; ramdisk NULL: none */

	u64 starts[SPEC_STARTS_MAX]; /* when, ns; 0: not yet. Oldest is overwritten */
	u32 start_count;
};

/* All zero, or NULL. */
struct domain_spec *spec_new(void) must_check;

/* With what it refers to. NULL is nothing. */
void spec_free(struct domain_spec *spec);

/* It is started now; and may it be started again? No, if it has been SPEC_STARTS_MAX times within SPEC_STARTS_NS. */
void spec_note_start(struct domain_spec *spec, u64 now_ns);
bool spec_may_restart(const struct domain_spec *spec, u64 now_ns) must_check;

#endif
