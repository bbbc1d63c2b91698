/*
 * The consoles of domains. The hypervisor serves each domain's console ring
 * (abi/parley/console.h), both ways, on a CPU that the domain pays for: what it
 * writes is sent when it says so, within its own call. Bytes go to the control
 * line as frames or, without one, to the log's outputs as lines "name| text".
 *
 * Input waits in a buffer of the domain until its ring has room; over the
 * control line the sender keeps to the room there is, by credit.
 */
#ifndef DOMAIN_CONSOLE_H
#define DOMAIN_CONSOLE_H

#include "domain/domain.h"

/*
 * A new domain's console: ring is its page, which it must own; a writable type
 * use of it is taken. *port is the port for start_info. 0 or -errno. No lock held.
 */
int console_init_domain(struct domain *d, void *ring, u32 *port) must_check;

/* Its end, before evtchn_fini() and the teardown of its memory. No vCPU runs. */
void console_fini_domain(struct domain *d);

/* The frame of its ring, of which the console holds a writable use; MFN_INVALID: it has no console. */
mfn_t console_ring(const struct domain *d);

/* The domain is known to the other end of the line: it may send input. */
void console_allow_input(struct domain *d);

/*
 * The rate of what a domain writes, by its ring and by console_io together: so many bytes at once,
 * then one in so long (122 KiB a second), about a quarter of what the emulated line carries.
 */
#define CONSOLE_BURST   0x80000UL
#define CONSOLE_BYTE_NS 8192UL

/* The time from which on a domain may write: of the past, if it may now. console_io asks before it writes. */
u64 console_writes_from(const struct domain *d);

/* console_io: text goes where the ring's goes, after what is in the ring. */
void console_write(struct domain *d, const char *text, size_t size);

/* console_io: input that waits, at most size bytes; returns how many. */
size_t console_read(struct domain *d, char *buf, size_t size);

/* Send what is in the ring, and a last line without its end too. */
void console_flush(struct domain *d);

/* Input for d; what there is no room for is lost. / For the first domain of this boot. */
void console_input(struct domain *d, const u8 *bytes, size_t size);
void console_input_first(u8 byte);

/* CPU_WORK_CONSOLE: bytes wait in a UART. */
void console_poll(void);

#endif
