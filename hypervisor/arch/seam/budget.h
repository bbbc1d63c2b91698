/*
 * Seam: how much is done between two chances to be preempted. A number here;
 * in the host build a variable (tests/fake/seam/budget.h), so that a test can
 * stop an operation at any entry.
 */
#ifndef SEAM_BUDGET_H
#define SEAM_BUDGET_H

/* Page-table entries looked at. */
#define MM_BUDGET 8192

#endif
