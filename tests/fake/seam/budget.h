/* Host stand-in of hypervisor/arch/seam/budget.h: a variable, MM_BUDGET_DEFAULT unless a test changes it. */
#ifndef SEAM_BUDGET_H
#define SEAM_BUDGET_H

#include "lib/types.h"

#define MM_BUDGET_DEFAULT 8192

extern u64 fake_mm_budget;

#define MM_BUDGET fake_mm_budget

#endif
