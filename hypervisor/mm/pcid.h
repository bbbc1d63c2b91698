/*
 * Process-context identifiers (SDM vol. 3, 4.10): where the processor has them,
 * CR3 says in its low bits with which PCID a translation is tagged, and only
 * those with the present tag are used. So a change of half that leaves them alone
 * (CR3_NOFLUSH) finds the translations of the half that it enters as it left them.
 *
 * A CPU holds translations of one vCPU and one base pointer only, for a change of
 * either drops everything. So two fixed PCIDs suffice, one for each half, and the
 * idle root's, which is 0. Entries of guests' user pages and of the hypervisor's
 * range are GLOBAL: they have no tag, and one copy serves all.
 *
 * Read next: pcid.c.
 */
#ifndef MM_PCID_H
#define MM_PCID_H

#include "lib/types.h"

#define PCID_IDLE   0UL
#define PCID_KERNEL 1UL
#define PCID_USER   2UL

#define CR3_PCID    0xfffUL
#define CR3_NOFLUSH (1UL << 63) /* of a value to write: drop nothing */

enum pcid_use {
	PCID_UNUSED,
	PCID_BY_RELOAD, /* without INVPCID: another PCID is flushed by loading it */
	PCID_BY_INVPCID,
};

/* What CR3 gets beside a root, by half; 0 where PCIDs are not used. */
struct pcid_tags {
	u64 kernel, user;
};

extern struct pcid_tags pcid_tags;

/* Boot, before there are vCPUs: which way is taken from now on. */
void pcid_use(enum pcid_use use);

/* This CPU: all translations tagged with a PCID. Global ones stay. Only where PCIDs are used. */
void pcid_flush(u64 pcid);

#endif
