/*
 * The two ways of a guest to text: console_io, a call that writes a string at
 * once, and the ring, a page shared with whoever serves the console.
 *
 * Indices of the ring run freely through 32 bits; the byte of index i is at
 * i modulo the size of its array. The producer writes bytes, then its index;
 * the consumer reads the index, then bytes, then moves its own index.
 *
 * Read next: elfnote.h.
 */
#ifndef PARLEY_CONSOLE_H
#define PARLEY_CONSOLE_H

/* abigen:begin numbers */
/* Made from abi/abi.json by `make abi`: change the numbers there. */

/* Operations of console_io: its argument op. */
#define PV_CONSOLEIO_write 0 /* returns 0 */
#define PV_CONSOLEIO_read  1 /* returns the bytes read */

/* abigen:end numbers */

#define PV_CONSOLE_RING_IN_SIZE  1024
#define PV_CONSOLE_RING_OUT_SIZE 2048

#ifndef __ASSEMBLER__
#include <stdint.h>

/* Xen public ABI, structure xencons_interface. */
struct pv_console_ring {
	char in[PV_CONSOLE_RING_IN_SIZE];   /* to the guest */
	char out[PV_CONSOLE_RING_OUT_SIZE]; /* from the guest */
	uint32_t in_cons;                   /* guest */
	uint32_t in_prod;                   /* server */
	uint32_t out_cons;                  /* server */
	uint32_t out_prod;                  /* guest */
};

_Static_assert(sizeof(struct pv_console_ring) == 3088, "console ring layout");

#endif /* __ASSEMBLER__ */
#endif
