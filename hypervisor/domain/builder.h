/*
 * The one way to make a domain: from images in the hypervisor's reach, at boot
 * from the launch bundle (boot/bundle.c), later from a caller's memory.
 */
#ifndef DOMAIN_BUILDER_H
#define DOMAIN_BUILDER_H

#include "domain/domain.h"

/*
 * What a domain is made of. Strings end with NUL within their room. The images
 * are only read, and only during domain_build(); their contents are not trusted.
 */
struct domain_image {
	const char *name;    /* not empty, shorter than DOMAIN_NAME_MAX */
	const char *cmdline; /* shorter than PV_MAX_GUEST_CMDLINE, may be empty */
	u8 uuid[16];
	u64 memory_pages;   /* what the guest starts with, its tables included */
	u32 vcpu_count;     /* 1 .. DOMAIN_VCPU_MAX */
	bool is_control;    /* may call control operations */
	const void *kernel; /* ELF64 image */
	u64 kernel_size;
	const void *ramdisk; /* NULL: none */
	u64 ramdisk_size;
	u32 weight;   /* 1 .. 65535 */
	u32 cap;      /* per cent of a CPU; 0: none */
	u64 affinity; /* CPUs it may run on; never empty */
};

/*
 * Build a domain: memory, page tables, start-of-day state, vCPU 0 ready but
 * OFFLINE. On success it is on domain_list and *out is it. -PV_EINVAL: the image
 * or a number is not acceptable; -PV_ENOMEM; -PV_EEXIST: the name is taken. On an
 * error nothing remains and the reason is in the log.
 */
int domain_build(const struct domain_image *img, struct domain **out) must_check;

/* Let a built domain run: vCPU 0 comes online. */
void domain_start(struct domain *d);

#endif
