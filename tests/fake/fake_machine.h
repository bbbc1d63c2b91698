/* The edges of the machine in the host build: see fake_machine.c. */
#ifndef FAKE_MACHINE_H
#define FAKE_MACHINE_H

#include "lib/types.h"

/* Gets what is written to COM2, which is there if this is not NULL when it is looked for. */
extern void (*fake_line)(const u8 *bytes, size_t size);

#endif
