#include "fake_points.h"

#include <seam/budget.h>

void (*fake_point_hook)(enum fake_point point, void *what);
_Thread_local u32 fake_locks_held;
u64 fake_mm_budget = MM_BUDGET_DEFAULT;
