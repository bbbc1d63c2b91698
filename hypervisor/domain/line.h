/*
 * The control line: frames over COM2 between the hypervisor and `parley`
 * (abi/parley/control.h), if the option line=com2 says that there is one.
 * Without it all sending does nothing and consoles go out as text.
 *
 * One lock for sending, the innermost but for the log's; one for receiving, outside all others.
 */
#ifndef DOMAIN_LINE_H
#define DOMAIN_LINE_H

#include <parley/control.h>

#include "domain/domain.h"

/* Boot: look at the hypervisor's command line, and say HELLO. */
void line_init(const char *cmdline);

/* Boot, once interrupts of devices can be routed: take input, from COM2 or, without a line, COM1. */
void line_enable_input(void);

/* True if a parley is at the other end. */
bool line_is_on(void);

/* Send a frame; size is 0 .. PV_LINE_PAYLOAD_MAX. Waits for the UART, never for the reader for ever. */
void line_send(u8 type, u16 domid, const void *payload, size_t size);

/*
 * Send a frame without waiting for anybody: false if another CPU is sending or the
 * UART takes nothing now, and nothing was sent. A frame that was taken may go out
 * in pieces, the next with what is sent next or with line_offer_is_held().
 */
bool line_offer(u8 type, u16 domid, const void *payload, size_t size) must_check;

/* Send what of an offered frame is left, as much as goes at once: true if some still is. */
bool line_offer_is_held(void);

/* The domain's state (PV_DOMAIN_STATE_*) has changed; text is one line for people, may be empty. */
void line_domain_state(const struct domain *d, u8 state, const char *text);

/* A domain that could not be built. */
void line_domain_failed(const char *name, const char *text);

/* Lines of a dead domain's oops. */
void line_oops(const struct domain *d, const char *text);

/*
 * The last frame: PV_LINE_BYE_DONE or PV_LINE_BYE_PANIC. Also from a failing
 * hypervisor: a lock that its holder will not give up is not waited for.
 */
void line_bye(u32 how);

/* Take what has been received, and act on it. */
void line_poll(void);

#endif
