/*
 * Does an image look like a paravirtualized x86-64 kernel? The builder in the
 * hypervisor checks for itself; this gives a person a better message earlier.
 */
#ifndef TOOLS_PARLEY_ELFIMAGE_H
#define TOOLS_PARLEY_ELFIMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel.h"
#include "problem.h"

/* True where the bytes begin as an ELF file does. */
bool elfimage_has_magic(const uint8_t *data, size_t size);

/*
 * Checks headers, segments and notes and fills the second half of "info".
 * Returns 0, or -1 with a problem.
 */
int elfimage_check(const uint8_t *data, size_t size, struct kernel_info *info,
		   struct problem *problem);

#endif
