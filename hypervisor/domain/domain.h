/*
 * Domains and vCPUs: the structures, and how a domain is found. Each field
 * ends with a letter for what protects it:
 *   c  constant after creation          m  domain.mm.lock
 *   e  domain.event_lock                s  the vCPU's run queue lock (sched.h)
 *   v  only the CPU that runs the vCPU, or anyone while it cannot run
 *   a  atomic
 *   l  domain_life_lock
 *
 * domain_life_lock decides what becomes of domains: the list, their numbers and names,
 * domain.life, pauses by control operations, the records of those that ended. It
 * is held for moments; inside it only run queue, log and allocator locks.
 *
 * How long does a pointer from domain_find() last? Until the CPU that asked goes
 * back to its guest or idles; keep it no longer (grace.h). It may stop being alive
 * meanwhile, but nothing of it is freed.
 *
 * Read next: builder.c (how one is made), sched.h (how its vCPUs run),
 * ../mm/ptable.h (its page tables), ../channel/evtchn.h (its events).
 */
#ifndef DOMAIN_DOMAIN_H
#define DOMAIN_DOMAIN_H

#include <parley/callback.h>
#include <parley/event_channel.h>
#include <parley/shared_info.h>
#include <parley/trap.h>
#include <parley/vcpu.h>

#include "channel/evtchn_types.h"
#include "cpu/fpu_types.h"
#include "cpu/regs.h"
#include "domain/sched_types.h"
#include "domain/timer_types.h"
#include "domain/watchdog_types.h"
#include "lib/lock.h"
#include "mm/owner.h"
#include "mm/pcid.h"

#define DOMAIN_MAX      1024 /* live at once */
#define DOMAIN_VCPU_MAX 32   /* what shared_info has room for */
#define DOMAIN_NAME_MAX 64

struct ended;
struct domain_spec;

#define GDT_GUEST_PAGES 14 /* the guest's part of its GDT */
#define LDT_MAX_PAGES   16

struct domain;

/* vcpu.mode: which half of the guest runs; both are ring 3 */
#define VCPU_MODE_USER   0
#define VCPU_MODE_KERNEL 1

/*
 * vcpu.path: may entry.S take its short paths? Kept right by vcpu_update_path()
 * wherever what it depends on changes, and by entry.S as it changes the mode.
 * The order matters to entry.S: one comparison decides.
 */
#define VCPU_PATH_USER   0 /* user mode, and the kernel can be entered shortly */
#define VCPU_PATH_KERNEL 1 /* kernel mode, and user mode can be entered shortly */
#define VCPU_PATH_SLOW   2 /* something that it needs is missing: C decides */
#define VCPU_PATH_IN_C   3 /* its entries are recorded or its frames show an IOPL, which C does */

struct vcpu {
	/* What entry.S reads; offsets through arch/asm_offsets.c. */
	struct pv_vcpu_info *info;  /* v: mapped alias of the guest's vcpu_info */
	u64 kernel_load;            /* v: what CR3 gets for the kernel half: root and tag */
	u64 user_load;              /* v: the same for the user half */
	u64 kernel_sp;              /* v: stack for a bounce from user mode */
	u64 kernel_ss;              /* v */
	u64 syscall_entry;          /* v: guest handler of SYSCALL, 0: none */
	u64 event_entry;            /* v: upcall handler, 0: none */
	u64 failsafe_entry;         /* v */
	u64 syscall32_entry;        /* v */
	u64 sysenter_entry;         /* v */
	u64 bounce_sp;              /* v: kernel_sp aligned and checked, for path */
	u8 mode aligned_to(2);      /* v: VCPU_MODE_* */
	u8 path;                    /* v: VCPU_PATH_*; entry.S writes both bytes at once */
	u8 syscall_masks;           /* v: 1: mask upcalls on entry by SYSCALL */
	u8 failsafe_masks;          /* v */
	u8 syscall32_masks;         /* v */
	u8 sysenter_masks;          /* v */
	u8 iopl;                    /* v: virtual IOPL set by physdev set_iopl */
	u8 ts;                      /* v: guest's CR0.TS */
	u8 nmi_pending;             /* a: vcpu_op send_nmi; delivered at next exit */
	u8 path_in_c;               /* v: or-ed to path: 0 or VCPU_PATH_IN_C */
	u8 shows_iopl;              /* v: the domain's, by trace_update_vcpu() */
	u16 trace;                  /* v: kinds that are recorded of it, see trace.h */
	bool crash_report;          /* v: it ended its domain; the exit prints its registers */
	struct pv_trap_info *traps; /* v: 256 entries, one page */

	/* Changed by vcpu_set_kernel_root() and vcpu_set_user_root() only, with the above. */
	u64 kernel_cr3; /* v: root of the kernel half, machine address */
	u64 user_cr3;   /* v: root of the user half, 0: none */

	struct domain *domain; /* c */
	u32 id;                /* c: 0 .. domain->vcpu_count - 1 */
	u32 global_id;         /* c */
	bool initialised;      /* m: vcpu_op initialise done (vCPU 0: by the builder) */

	struct cpu_regs regs; /* v: while not running; else on the CPU's stack */
	u64 fs_base, gs_base_user, gs_base_kernel; /* v: while not running */
	u16 sel_ds, sel_es, sel_fs, sel_gs;        /* v: while not running */
	u64 cr2;                                   /* v: what a read of CR2 gives */
	u64 cr4;                                   /* v: the guest's view */
	u64 xcr0;                                  /* v */
	u64 debugreg[8];                           /* v */
	u64 tsc_aux;                               /* v */
	struct fpu_state *fpu;                     /* v: page-aligned save area, or CPU registers */

	mfn_t gdt_frames[GDT_GUEST_PAGES]; /* m: MFN_INVALID: not set */
	u32 gdt_entries;                   /* m */
	mfn_t ldt_frames[LDT_MAX_PAGES];   /* m */
	u64 ldt_base;                      /* m: guest address */
	u32 ldt_entries;                   /* m */

	mfn_t info_mfn;               /* m: frame of a registered vcpu_info, or invalid */
	struct sched_vcpu sched;      /* s: see sched_types.h */
	struct timer singleshot;      /* v: vcpu_op set_singleshot, set_timer_op */
	struct timer periodic;        /* v */
	u64 periodic_ns;              /* v: 0: stopped */
	struct timer poll_timer;      /* v: sched_op poll's timeout */
	u16 virq_port[PV_VIRQ_COUNT]; /* e: 0: unbound */
	u32 poll_port; /* a: what sched_op poll waits for, 0: for those of poll_ports */
	u64 poll_ports[EVTCHN_PORTS / 64]; /* a: one bit each */
	u64 runstate_area;                 /* v: guest address, 0: none */
	u64 time_area;                     /* v: guest address of a registered time area, 0: none */
	struct pv_vcpu_runstate_info runstate; /* s */
	u64 stats_entries[8];                  /* v: counted entries by kind */
};

/* domain.life, in this order only */
enum domain_life {
	DOMAIN_BUILDING = 0,
	DOMAIN_ALIVE, /* domain_find() gives it */
	DOMAIN_DYING, /* has ended: its vCPUs leave their CPUs, then all of it is freed (reap.c) */
};

struct domain {
	u16 id;                              /* c: 1 .. PV_DOMID_FIRST_RESERVED - 1 */
	bool is_control;                     /* c: may call control operations */
	u32 vcpu_count;                      /* c */
	struct vcpu *vcpus[DOMAIN_VCPU_MAX]; /* c */
	char name[DOMAIN_NAME_MAX];          /* c */
	u8 uuid[16];                         /* c */

	struct mm_owner mm;            /* what mm/ knows of it: frames, lock, job */
	struct pv_shared_info *shared; /* c: through the direct map */
	mfn_t shared_mfn;              /* c */
	u64 vm_assist;                 /* m: bits by PV_VM_ASSIST_* */
	u8 shows_iopl;                 /* m: of those, architectural_iopl */
	gfn_t max_gfn;                 /* m: highest pfn at build */

	struct spinlock event_lock;
	struct evtchn_table events; /* e */

	struct grant_table *grants; /* m: its grants, and its mappings of others' */

	struct domain_console *console; /* c: console ring service */
	struct domain_store *store;     /* c: its small store */
	struct sched_domain sched;      /* see sched_types.h */
	struct domain_watchdogs watchdogs;
	enum domain_life life;    /* l; read without it too */
	u32 pause_count;          /* a: of all kinds */
	u32 control_pauses;       /* l: those by control operations */
	u64 started_ns;           /* c: system time of its start */
	u8 shutdown_reason;       /* l: PV_SHUTDOWN_*, of one that is dying */
	bool crashed;             /* l: killed by the hypervisor */
	char end_text[128];       /* l: why it ended, one line for people */
	struct ended *record;     /* c: what will remain of it (ended.h) */
	struct domain_spec *spec; /* c: what it was made of */
	bool restarts;            /* l: dying, and to be started again */
	u8 reap_step;             /* reap.c only */
	struct domain *reap_next; /* l: who is to be freed after it */
	u64 stats_hypercalls[64]; /* a (plain increments): by number */
	u32 trace_kinds;          /* a: what is recorded, bits by PV_TRACE_* */
	u64 trace_calls;          /* a: and of which hypercalls */
	u32 trace_own_kinds;      /* trace_lock: what of it is asked of this domain */
	u64 trace_own_calls;      /* trace_lock */
	u64 stats_batched;        /* a (plain increments): how many of them came in a multicall */
	struct domain *next;      /* l: list of all */
};

extern struct spinlock domain_life_lock;
extern struct domain *domain_list; /* l: all that are not freed; grows at head */

/* The live domain of that id (PV_DOMID_SELF: the caller's), or NULL. Any CPU; see above. */
struct domain *domain_find(u16 domid);

/* The domain of that id in whatever part of its life, or NULL. Life lock held. */
struct domain *domain_by_id(u16 domid);

/* A domain that lives or is being built has that name, other than `but`. Life lock held. */
bool domain_has_name(const char *name, const struct domain *but);

/* vCPU `id` of d, or NULL if it has none such. */
static inline struct vcpu *domain_vcpu(struct domain *d, u64 id)
{
	return id < d->vcpu_count ? d->vcpus[id] : NULL;
}

/* Call after a change of mode, syscall_entry, kernel_sp or path_in_c, or when a user root comes or goes. */
void vcpu_update_path(struct vcpu *v);

/*
 * Give a half another root, a machine address; 0: none. It is loaded by the
 * caller or at the next change of half, with that half's tag. What the CPU holds
 * of the old one is the caller's to flush: a change of half does not.
 */
static inline void vcpu_set_kernel_root(struct vcpu *v, u64 root)
{
	v->kernel_cr3 = root;
	v->kernel_load = root | pcid_tags.kernel;
}

static inline void vcpu_set_user_root(struct vcpu *v, u64 root)
{
	v->user_cr3 = root;
	v->user_load = root | pcid_tags.user;
}

/*
 * End a domain for its own fault: the first reason is kept, its vCPUs stop at
 * the next exit, its registers and stack are printed. Returns to the caller,
 * who must return at once without touching the guest further.
 */
void domain_crash(struct domain *d, const char *fmt, ...) printf_like(2, 3);

/* sched_op shutdown: all vCPUs stop; reason is PV_SHUTDOWN_*. */
void domain_shutdown(struct domain *d, u8 reason);

/* CPU_WORK_REAP: one step of what is to be done for domains that come and go. In reap.c. */
void domain_reap(void);

#endif
