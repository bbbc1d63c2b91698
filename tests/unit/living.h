/*
 * Domains that are really built and taken apart, on the host: the builder, the
 * life of domains and the reaper over a fake memory, one CPU, and a control line whose
 * frames are kept.
 */
#ifndef UNIT_LIVING_H
#define UNIT_LIVING_H

#include "domain/control.h"

#define LIVING_PAGES 1200UL /* of a domain that the kernel here fits into */

/* Memory, time, the line; no domains. */
void living_init(void);

/* A kernel image, in memory that stays; *size: its bytes. */
const u8 *living_kernel(u32 *size);

/* An image object with those bytes and a number. */
u32 living_image(void);

/* A running domain that was not asked for by anybody. NULL: it could not be built. */
struct domain *living_domain(const char *name, bool is_control);

/* Let CPUs pass, time go on and the reaper work, until it has nothing more to do or so many times. */
void living_run(u32 turns);

/* One time. */
void living_step(void);

/* The last DOMAIN frame's state of a domid, 0: none. How many frames of a type there were. */
u8 living_told(u16 domid);
u32 living_frames(u8 type);

/* The last REPLY frame: its result, and its structure. */
s32 living_reply(void *structure, u32 size);

#endif
