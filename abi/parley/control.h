/*
 * The control line: frames over the machine's second serial port between the
 * hypervisor and `parley` on the host. A frame is a header of 8 bytes and up to
 * PV_LINE_PAYLOAD_MAX bytes. The line is reliable and ordered (a socket behind
 * an emulated UART); a receiver that finds a bad sync byte skips to the next.
 *
 * Flow control is by credit, for console input only: the host may send as many
 * CONSOLE_IN bytes to a domain as the hypervisor has granted by CREDIT frames.
 * Of requests the host has at most one without its reply.
 *
 * Read next: control_op.h, what can be asked for.
 */
#ifndef PARLEY_CONTROL_H
#define PARLEY_CONTROL_H

#include <stdint.h>

#define PV_LINE_SYNC        0xa5U
#define PV_LINE_VERSION     3U
#define PV_LINE_PAYLOAD_MAX 2048U

/* pv_line_header.type; "up" is hypervisor to host, "down" host to hypervisor */
#define PV_LINE_HELLO       1U /* up: u32 PV_LINE_VERSION; first frame of a boot */
#define PV_LINE_CONSOLE_OUT 2U /* up: bytes that the domain wrote */
#define PV_LINE_CONSOLE_IN  3U /* down: bytes for the domain to read */
#define PV_LINE_CREDIT      4U /* up: u32 further bytes of CONSOLE_IN allowed */
#define PV_LINE_DOMAIN      5U /* up: struct pv_line_domain, at each change of state */
#define PV_LINE_BYE         6U /* up: u32 PV_LINE_BYE_*; the machine stops now */
#define PV_LINE_STATS       7U /* up: struct pv_stats of a domain, before BYE */
#define PV_LINE_OOPS        8U /* up: text of a dead domain's oops */
#define PV_LINE_REQUEST \
	9U /* down: struct pv_line_request, and the operation's structure (control_op.h) */
#define PV_LINE_REPLY 10U /* up: struct pv_line_reply, and the structure as the call left it */
#define PV_LINE_TRACE 11U /* up: whole records (trace.h) */

/* abigen:begin numbers */
/* Made from abi/abi.json by `make abi`: change the numbers there. */

/* pv_line_domain.state */
#define PV_DOMAIN_STATE_RUNNING  1U
#define PV_DOMAIN_STATE_PAUSED   2U
#define PV_DOMAIN_STATE_SHUTDOWN 3U /* .reason is PV_SHUTDOWN_* (sched.h) */
#define PV_DOMAIN_STATE_CRASHED  4U /* killed by the hypervisor */
#define PV_DOMAIN_STATE_FAILED   5U /* never built, and no domain asked for it; .text says why */
#define PV_DOMAIN_STATE_GONE     6U /* all that it had is free, after SHUTDOWN or CRASHED */

/* abigen:end numbers */

/* the payload of PV_LINE_BYE */
#define PV_LINE_BYE_DONE  0U /* no domain is left running */
#define PV_LINE_BYE_PANIC 1U /* the hypervisor failed */

struct pv_line_header {
	uint8_t sync; /* PV_LINE_SYNC */
	uint8_t type;
	uint16_t domid;  /* 0 where no domain is meant */
	uint16_t length; /* payload bytes, 0 .. PV_LINE_PAYLOAD_MAX */
	uint16_t check;  /* ~(sync | type << 8) ^ domid ^ length, 16 bits */
};

struct pv_line_domain {
	uint16_t domid;
	uint8_t state;
	uint8_t reason;
	uint32_t reserved; /* 0 */
	char name[64];
	char text[128]; /* one line for people, NUL-terminated, may be empty */
};

/*
 * A control operation. image_write is followed by the bytes themselves. Requests are
 * carried out one at a time in their order; each gets one reply.
 */
struct pv_line_request {
	uint32_t sequence; /* the sender's; comes back in the reply */
	uint32_t op;       /* PV_CONTROLOP_* */
};

struct pv_line_reply {
	uint32_t sequence;
	int32_t result; /* 0 or more, or -PV_E*: then no structure follows */
};

_Static_assert(sizeof(struct pv_line_header) == 8, "line header layout");
_Static_assert(sizeof(struct pv_line_domain) == 200, "line domain layout");

#endif
