/*
 * Parley's extension call 53, control: watching and changing domains, making
 * and ending them. Open to domains whose configuration says "control": true, and,
 * over the control line (control.h), to `parley` on the host. Both carry the
 * structures below and go through the same checks.
 *
 * The call takes an operation, PV_CONTROLOP_*, and the guest address of its structure.
 * Present when the feature PV_FEATURE_parley is; -PV_EPERM to other domains.
 *
 * A domain that has ended keeps a short record (its name, how it ended, its oops) under
 * its number until it is destroyed, its name is taken again, or too many others have
 * ended since. Its memory is free from its end on.
 *
 * Read next: trace.h.
 */
#ifndef PARLEY_CONTROL_OP_H
#define PARLEY_CONTROL_OP_H

#define PV_CONTROL_VERSION 2

/* abigen:begin numbers */
/* Made from abi/abi.json by `make abi`: change the numbers there. */

/* Operations of control: its argument op, and the structure of each. */
#define PV_CONTROLOP_machine     0  /* pv_control_machine */
#define PV_CONTROLOP_list        1  /* pv_control_list */
#define PV_CONTROLOP_pause       2  /* pv_control_domain_id */
#define PV_CONTROLOP_unpause     3  /* pv_control_domain_id */
#define PV_CONTROLOP_shutdown    4  /* pv_control_shutdown */
#define PV_CONTROLOP_destroy     5  /* pv_control_domain_id */
#define PV_CONTROLOP_create      6  /* pv_control_create */
#define PV_CONTROLOP_memory_set  7  /* pv_control_memory */
#define PV_CONTROLOP_vcpus_set   8  /* pv_control_vcpus */
#define PV_CONTROLOP_sched_set   9  /* pv_control_sched */
#define PV_CONTROLOP_oops        10 /* pv_control_oops */
#define PV_CONTROLOP_stats       11 /* pv_control_stats */
#define PV_CONTROLOP_image_new   12 /* pv_control_image */
#define PV_CONTROLOP_image_write 13 /* pv_control_image_write */
#define PV_CONTROLOP_image_free  14 /* pv_control_image */
#define PV_CONTROLOP_trace_set   15 /* pv_control_trace */
#define PV_CONTROLOP_trace_read  16 /* pv_control_trace_read */
#define PV_CONTROLOP_off         17 /* pv_control_off */

/* pv_control_domain.state */
#define PV_CONTROL_STATE_building 0
#define PV_CONTROL_STATE_running  1 /* some vCPU is online */
#define PV_CONTROL_STATE_paused   2
#define PV_CONTROL_STATE_dying    3 /* has ended, its memory is being freed */
#define PV_CONTROL_STATE_shutdown 4 /* has ended: .reason */
#define PV_CONTROL_STATE_crashed  5 /* killed by the hypervisor; there is an oops */

/* pv_control_domain.flags, pv_control_create.flags */
#define PV_CONTROL_FLAG_control (1U << 0) /* may call control operations */
#define PV_CONTROL_FLAG_paused  (1U << 1) /* create: paused once, so that it can be prepared */
#define PV_CONTROL_FLAG_once    (1U << 2) /* is not started again when it asks to reboot */

/* pv_control_sched.what: which of the values are meant. */
#define PV_CONTROL_SCHED_weight   (1U << 0)
#define PV_CONTROL_SCHED_cap      (1U << 1)
#define PV_CONTROL_SCHED_affinity (1U << 2)

/* abigen:end numbers */

#define PV_CONTROLOPS 18

#define PV_CONTROL_LIST_MAX      8U     /* domains in one answer */
#define PV_CONTROL_OOPS_TEXT_MAX 1536U  /* bytes of an oops in one answer */
#define PV_CONTROL_WRITE_MAX     65536U /* bytes that one image_write takes from a guest */
#define PV_CONTROL_IMAGE_NONE    0U     /* no image has this number */
#define PV_CONTROL_DATA_WINDOW   1U /* pv_control_image_write.data, over the line: in the window */

#ifndef __ASSEMBLER__
#include <stdint.h>

#include <parley/stats.h>

struct pv_control_machine {
	uint32_t version;     /* (out) PV_CONTROL_VERSION */
	uint32_t cpus;        /* (out) */
	uint64_t total_pages; /* (out) of RAM */
	uint64_t free_pages;  /* (out) that nobody owns */
	uint64_t time_ns;     /* (out) system time now */
	uint64_t image_pages; /* (out) held by images */
	uint32_t domains;     /* (out) that live */
	uint32_t ended;       /* (out) that have ended and are remembered */
	uint64_t cpu_mask;    /* (out) CPUs that run domains, bit by number */
	uint64_t trace_lost;  /* (out) trace records lost since the boot */
};

struct pv_control_domain_id {
	uint16_t domid;       /* (in) */
	uint16_t reserved[3]; /* (in) 0 */
};

struct pv_control_domain {
	uint16_t domid;
	uint8_t state;         /* PV_CONTROL_STATE_* */
	uint8_t reason;        /* PV_SHUTDOWN_*, once it has ended */
	uint32_t flags;        /* PV_CONTROL_FLAG_control, PV_CONTROL_FLAG_once */
	uint32_t vcpu_count;   /* that it may have */
	uint32_t vcpus_online; /* that it has brought up */
	uint64_t memory_pages; /* that it owns now */
	uint64_t memory_limit; /* that it may own */
	uint64_t cpu_time_ns;  /* that its vCPUs ran, together */
	uint64_t started_ns;   /* system time of its start */
	uint64_t affinity;
	uint32_t weight;
	uint32_t cap;
	uint32_t pause_count;
	uint32_t reserved;   /* 0 */
	uint64_t hypercalls; /* all that it made */
	uint64_t faults;     /* exceptions handed to it */
	uint64_t events;     /* upcalls handed to it */
	uint8_t uuid[16];
	char name[64];
	char text[64]; /* one line for people about its end, may be empty */
};

struct pv_control_list {
	uint16_t first; /* (in) lowest domid that is wanted, (out) where to go on, 0: that was all */
	uint16_t count;                                        /* (out) entries that are valid */
	uint32_t reserved;                                     /* (in) 0 */
	struct pv_control_domain domains[PV_CONTROL_LIST_MAX]; /* (out) by ascending number */
};

struct pv_control_shutdown {
	uint16_t domid;      /* (in) */
	uint8_t reason;      /* (in) PV_SHUTDOWN_poweroff or PV_SHUTDOWN_reboot */
	uint8_t reserved[5]; /* (in) 0 */
};

struct pv_control_create {
	uint16_t domid;       /* (out) its number */
	uint16_t reserved[3]; /* (in) 0 */
	uint8_t uuid[16];
	char name[64];      /* (in) not empty, NUL-terminated; no live domain has it */
	char cmdline[1024]; /* (in) NUL-terminated */
	uint64_t memory_pages;
	uint32_t vcpu_count;
	uint32_t flags;    /* (in) PV_CONTROL_FLAG_* */
	uint32_t kernel;   /* (in) an image's number: an ELF64 file */
	uint32_t ramdisk;  /* (in) or PV_CONTROL_IMAGE_NONE */
	uint32_t weight;   /* (in) 1 .. 65535 */
	uint32_t cap;      /* (in) per cent of one CPU, 0: none */
	uint64_t affinity; /* (in) CPUs it may run on, 0: all */
};

struct pv_control_memory {
	uint16_t domid;       /* (in) */
	uint16_t reserved[3]; /* (in) 0 */
	uint64_t pages;       /* (in) the target; never above what it was made with */
};

struct pv_control_vcpus {
	uint16_t domid;    /* (in) */
	uint16_t reserved; /* (in) 0 */
	uint32_t count;    /* (in) 1 .. vcpu_count */
};

struct pv_control_sched {
	uint16_t domid;    /* (in) */
	uint16_t reserved; /* (in) 0 */
	uint32_t what;     /* (in) PV_CONTROL_SCHED_* */
	uint32_t weight;   /* (in) 1 .. 65535 */
	uint32_t cap;      /* (in) per cent of one CPU, 0: none */
	uint64_t affinity; /* (in) CPUs it may run on, at least one that exists */
};

struct pv_control_oops {
	uint16_t domid;                      /* (in) */
	uint16_t reserved[3];                /* (in) 0 */
	uint32_t offset;                     /* (in) of the first byte that is wanted */
	uint32_t size;                       /* (out) bytes of text that are valid, 0: the end */
	char text[PV_CONTROL_OOPS_TEXT_MAX]; /* (out) lines */
};

struct pv_control_stats {
	uint16_t domid;        /* (in) */
	uint16_t reserved[3];  /* (in) 0 */
	struct pv_stats stats; /* (out) */
};

struct pv_control_image {
	uint32_t image;    /* (out) of image_new, (in) of image_free: its number */
	uint32_t reserved; /* (in) 0 */
	uint64_t size;     /* (in) of image_new: bytes */
};

struct pv_control_image_write {
	uint32_t image;  /* (in) */
	uint32_t bytes;  /* (in) 1 .. PV_CONTROL_WRITE_MAX */
	uint64_t offset; /* (in) into the image */
	/*
	 * (in) guest address. Over the line 0: the bytes are behind this structure; or
	 * PV_CONTROL_DATA_WINDOW: at the start of the memory that an emulator shares with the
	 * host (its PCI device ivshmem), which nobody changes before the reply.
	 */
	uint64_t data;
};

struct pv_control_trace {
	uint16_t domid;       /* (in) 0: every domain, and the hypervisor's own records */
	uint16_t reserved[3]; /* (in) 0 */
	uint64_t kinds;       /* (in) bits by PV_TRACE_*, 0: off */
	uint64_t calls;       /* (in) bits by PV_HYPERCALL_*: of hypercalls, only these */
};

struct pv_control_trace_read {
	uint32_t bytes;    /* (in) room at data, (out) bytes of whole records written */
	uint32_t reserved; /* (in) 0 */
	uint64_t data;     /* (in) guest address */
	uint64_t lost;     /* (out) records lost since the last read */
};

struct pv_control_off {
	uint32_t force;    /* (in) 0: only if no domain lives but the caller; 1: at once */
	uint32_t reserved; /* (in) 0 */
};

_Static_assert(sizeof(struct pv_control_machine) == 64, "control layout");
_Static_assert(sizeof(struct pv_control_domain) == 240, "control layout");
_Static_assert(sizeof(struct pv_control_list) == 8 + 8 * 240, "control layout");
_Static_assert(sizeof(struct pv_control_create) == 1152, "control layout");
_Static_assert(sizeof(struct pv_control_sched) == 24, "control layout");
_Static_assert(sizeof(struct pv_control_oops) == 1552, "control layout");
_Static_assert(sizeof(struct pv_control_image_write) == 24, "control layout");

#endif /* __ASSEMBLER__ */
#endif
