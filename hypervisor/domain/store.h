/*
 * The store of a domain: a small tree that the hypervisor keeps for it and
 * serves on its store ring (abi/parley/store.h). Each domain has a tree of its
 * own and no domain sees another's. What it asks is answered within its own
 * event-channel send, on a CPU that it pays for.
 *
 * Limits of a domain: STORE_NODES nodes and STORE_POOL_SIZE bytes of names and
 * values, STORE_WATCHES watches, STORE_TRANSACTIONS transactions open.
 *
 * Read next: store_tree.h, the tree; store_types.h, the rest.
 */
#ifndef DOMAIN_STORE_H
#define DOMAIN_STORE_H

#include <parley/start_info.h>

#include "domain/domain.h"

/*
 * A new domain's store, filled with what it may know of itself but for its vCPUs
 * (store_write_vcpu): ring is its store page, which it must own; a writable type use of it is taken. start says
 * how much memory and which console it has. *port is the port for start_info.
 * 0 or -errno. No lock held.
 */
int store_init_domain(struct domain *d, void *ring, const struct pv_start_info *start,
		      u32 *port) must_check;

/* Its end, before evtchn_fini() and the teardown of its memory. No vCPU runs. */
void store_fini_domain(struct domain *d);

/* The frame of its ring, of which the store holds a writable use; MFN_INVALID: it has no store. */
mfn_t store_ring(const struct domain *d);

/*
 * Give a node a value, making it and what is above it if need be; the domain's
 * watches fire. A path without '/' in front is below the domain's home. Any
 * CPU, no lock held. -PV_EINVAL: not a path; -PV_E2BIG: path or value too
 * long; -PV_ENOSPC: the tree is full; -PV_ENODEV: the domain has no store.
 */
int store_write(struct domain *d, const char *path, const char *value) must_check;

/* The node by which a vCPU is to be online or not: cpu/N/availability. As store_write(). */
int store_write_vcpu(struct domain *d, u32 vcpu, bool online) must_check;

struct store_setting {
	char path[24]; /* "/name/...", below what they have in common */
	const char *value;
};

/*
 * The same with several nodes below one, all of them or none. Their paths differ from the
 * first name on.
 */
int store_write_below(struct domain *d, const char *top, const struct store_setting *settings,
		      u32 count) must_check;

/*
 * Copy a node's value to buf, cut to size - 1 bytes and terminated (size > 0):
 * its whole length, or -PV_ENOENT and the errors above. Guests write any bytes.
 */
int store_read(struct domain *d, const char *path, char *buf, size_t size) must_check;

#endif
