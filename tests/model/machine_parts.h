/* What the files of the small machine (machine.h) have of one another. */
#ifndef MODEL_MACHINE_PARTS_H
#define MODEL_MACHINE_PARTS_H

#include "machine.h"

/* NULL where there is none. */
extern struct domain *machine_domains[MACHINE_DOMAINS];

/* All idle, no frames in their windows; CPU 0 is who works. */
void machine_init_cpus(void);

/* NULL, or what is wrong: with a CPU's CR3 or windows; with the hypervisor's own memory. */
const char *machine_check_cpus(void);
const char *machine_check_hypervisor(void);

#endif
