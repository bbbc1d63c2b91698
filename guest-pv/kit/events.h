/*
 * Events: binding ports, masking, and the upcall's dispatch to handlers
 * (the 2-level form: a selector word, then one bit a port).
 *
 * Functions that make a port return it, or a negative error. Handlers run on
 * the vCPU to which the port is bound, with upcalls masked, and must not wait.
 */
#ifndef KIT_EVENTS_H
#define KIT_EVENTS_H

#include <stdbool.h>

typedef void (*event_handler_t)(unsigned port, void *arg);

/* Masks every port. Start of day only. */
void events_init(void);

int events_bind_virq(unsigned virq, unsigned vcpu, event_handler_t handler, void *arg);
int events_bind_ipi(unsigned vcpu, event_handler_t handler, void *arg);

/* A port that the domain `remote` may bind to; delivered to vCPU 0. */
int events_alloc_unbound(unsigned remote, event_handler_t handler, void *arg);
int events_bind_interdomain(unsigned remote, unsigned remote_port, event_handler_t handler,
			    void *arg);

/* Gives a port that exists already (the console's, say) a handler on vCPU 0. */
void events_attach(unsigned port, event_handler_t handler, void *arg);

/* These return 0 or a negative error. */
int events_close(unsigned port);
int events_send(unsigned port);

void events_mask(unsigned port);
void events_unmask(unsigned port);
bool events_is_pending(unsigned port);

/*
 * Upcalls of this vCPU. events_disable returns whether they were enabled, for
 * events_restore. Enabling delivers what is pending before it returns.
 */
void events_enable(void);
bool events_disable(void);
void events_restore(bool enabled);

/*
 * Sleeps until an event for this vCPU has been handled. Called and left with
 * upcalls disabled; the hypervisor enables them and sleeps in one step, so a
 * condition tested before the call cannot be missed.
 */
void events_wait(void);

/* This domain's number, which the status of an unbound port tells. */
unsigned events_own_domid(void);

/* Handles every pending event of this vCPU; the upcall entry calls it. */
void events_dispatch(void);

#endif
