/* The trace, taken by this domain: chosen, read and looked through. */
#ifndef CONTROL_TRACES_H
#define CONTROL_TRACES_H

#include <stdbool.h>
#include <stdint.h>

#include <parley/trace.h>

/* A hypercall's number that nobody uses: so it marks what is looked for. */
#define MARK 47u

#define TRACE_BIT(kind) (1ul << PV_TRACE_##kind)

long trace_set(uint16_t domid, uint64_t kinds, uint64_t calls);

/* The rings of a trace are made with the first, whoever's, and stay: counted in once. */
uint64_t trace_ring_pages(void);
void trace_rings_are_made(void);

/* Nothing is asked any more, of this domain nor of all: 0, or the first error. */
long trace_off(void);

/* Reads up to so many bytes: 0 or an error; *bytes, *lost as the call told. */
long trace_read(uint32_t room, uint32_t *bytes, uint64_t *lost);

/* Reads all that there is, and forgets it: how many records were lost. */
uint64_t trace_forget(void);

/* The first record of what was read last, and the next; NULL: that was all. */
const struct pv_trace_record *trace_first(void);
const struct pv_trace_record *trace_next(const struct pv_trace_record *r);

/* What is behind a record; valid for r->extra bytes. */
static inline const void *trace_extra(const struct pv_trace_record *r)
{
	return r + 1;
}

#endif
