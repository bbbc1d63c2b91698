/*
 * The other CPUs: started one after another at boot, they wait until the
 * scheduler exists and then enter it.
 */
#ifndef CPU_SMP_H
#define CPU_SMP_H

#include "lib/types.h"

/* Boot CPU: start every CPU that the firmware lists; those that answer get the next number. */
void smp_start(void);

/* Boot CPU, after sched_init(): let them go. Returns when each has entered the scheduler. */
void smp_release(void);

#endif
