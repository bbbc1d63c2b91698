/* The save area of a vCPU's FPU, SSE and AVX state: an XSAVE area, one page. */
#ifndef CPU_FPU_TYPES_H
#define CPU_FPU_TYPES_H

#include "lib/types.h"

#define FPU_AREA_SIZE 4096

struct fpu_state {
	u8 area[FPU_AREA_SIZE];
} aligned_to(64);

#endif
