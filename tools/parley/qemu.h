/*
 * The emulated machine: finding its programs, starting it with the hypervisor
 * and a bundle, and the three streams that come out of it.
 */
#ifndef TOOLS_PARLEY_QEMU_H
#define TOOLS_PARLEY_QEMU_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <parley/control_op.h>

#include "problem.h"

/* The memory that large things go through, a power of two: what an image_write takes. */
#define QEMU_WINDOW_SIZE PV_CONTROL_WRITE_MAX

struct qemu_options {
	const char *hypervisor;      /* image to boot */
	const char *hypervisor_args; /* more of its command line, or NULL */
	int bundle_fd;
	unsigned int cpus;
	uint64_t memory; /* bytes, whole MiB */
	bool icount;
	bool parallel; /* a host thread for each emulated CPU */
	bool gdb;
	bool stay;                /* the hypervisor keeps the machine when no domain is left */
	const char *const *extra; /* arguments as given, NULL-terminated */
};

struct machine {
	pid_t pid;
	int line_fd;     /* COM2, both ways */
	int log_fd;      /* COM1, out of the machine */
	int error_fd;    /* what QEMU itself says */
	uint8_t *window; /* QEMU_WINDOW_SIZE bytes that the machine sees too, or NULL: none */
};

/*
 * The hypervisor's image: "given" if not NULL, else $PARLEY_HYPERVISOR, else
 * parley-hypervisor beside this program or in ../libexec/parley of it. Returns
 * 0, or -1 with a problem.
 */
int qemu_find_hypervisor(const char *given, char path[PATH_MAX], struct problem *problem);

/*
 * Starts QEMU ($PARLEY_QEMU, or qemu-system-x86_64 on the PATH). It dies with
 * this process. Returns 0, or -1 with a problem.
 */
int qemu_start(struct machine *machine, const struct qemu_options *options,
	       struct problem *problem);

#endif
