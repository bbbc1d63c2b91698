/*
 * The other CPUs: started one after another at boot, they wait until the
 * scheduler exists and then enter it.
 */
#ifndef BOOT_SMP_H
#define BOOT_SMP_H

#include "mm/addr.h"

/*
 * Boot CPU: start every CPU that the firmware lists; those that answer get the
 * next number. trampoline: a free page below 1 MiB, or 0, then none is started.
 */
void smp_start(maddr_t trampoline);

/* Boot CPU, after sched_init(): let them go. Returns when each has entered the scheduler. */
void smp_release(void);

#endif
