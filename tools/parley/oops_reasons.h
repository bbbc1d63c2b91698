/* What the reason in a report of a crash means, in words for who did not write the hypervisor. */
#ifndef TOOLS_PARLEY_OOPS_REASONS_H
#define TOOLS_PARLEY_OOPS_REASONS_H

/* A few lines on the first line of a report, or NULL: it is none that is known. */
const char *oops_explain(const char *report);

#endif
