/*
 * What a domain can do with its own ports; each function is one operation of
 * event_channel_op on values already copied in. A failed one changes nothing.
 * Results: 0 or the port, or -errno. No lock held by the caller.
 *
 * Read next: ../hypercall/event_channel_op.c.
 */
#ifndef CHANNEL_EVTCHN_OPS_H
#define CHANNEL_EVTCHN_OPS_H

#include <parley/event_channel.h>

#include "channel/evtchn.h"

/* Ports that one step of a reset looks at. */
#define EVTCHN_RESET_STEP 128

/* A new port to which remote_domid (PV_DOMID_SELF: d itself) may bind. -PV_ENOSPC, -PV_ENOMEM. */
int evtchn_alloc_unbound(struct domain *d, u16 remote_domid) must_check;

/*
 * Bind a new port to port rport of domain rdom, which must be unbound and
 * meant for d: -PV_ESRCH no such domain, -PV_EINVAL otherwise. The new port
 * starts with an event, for one may have been sent before.
 */
int evtchn_bind_interdomain(struct domain *d, u16 rdom, u32 rport) must_check;

/* -PV_EINVAL no such virq, or a global one for a vCPU not 0; -PV_ENOENT no such vCPU; -PV_EEXIST bound already. */
int evtchn_bind_virq(struct domain *d, u32 virq, u32 vcpu) must_check;

/* -PV_ENOENT no such vCPU. */
int evtchn_bind_ipi(struct domain *d, u32 vcpu) must_check;

/* -PV_EINVAL: not open, or the hypervisor's. The other end of a pair becomes unbound, waiting for d. */
int evtchn_close(struct domain *d, u32 port) must_check;

/* An event on the other end; on one that has none: nothing, 0. -PV_EINVAL: not open, or not one to send on. */
int evtchn_send(struct domain *d, u32 port) must_check;

/* Is there such a port in the table, open or not? */
bool evtchn_has_port(struct domain *d, u32 port) must_check;

/* Fills in what is (out) in *status; its .dom is the caller's affair. -PV_EINVAL: no such port. */
int evtchn_status(struct domain *d, struct pv_evtchn_status *status) must_check;

/* -PV_ENOENT no such vCPU; -PV_EINVAL not open, or bound to its vCPU by nature. */
int evtchn_bind_vcpu(struct domain *d, u32 port, u32 vcpu) must_check;

/* Clear the mask bit, and deliver what waited. -PV_EINVAL: no such port. */
int evtchn_unmask(struct domain *d, u32 port) must_check;

/* Close all ports but the hypervisor's, a step at a time: true if there is more to do. */
bool evtchn_reset_step(struct domain *d) must_check;

#endif
