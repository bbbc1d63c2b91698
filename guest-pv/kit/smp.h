/* The domain's further vCPUs. */
#ifndef KIT_SMP_H
#define KIT_SMP_H

typedef void (*smp_function_t)(void *arg);

/* Prepares the record of a vCPU. Start of day only. */
void smp_init_cpu(unsigned id);

/* How many vCPUs the domain may have (at most KIT_MAX_VCPUS). */
unsigned smp_count(void);

/*
 * Starts a vCPU that has not run before. It runs the function with upcalls
 * enabled and its own timer; when the function returns it goes down for good.
 * 0 or a negative error. Called by one vCPU at a time.
 */
long smp_start(unsigned id, smp_function_t function, void *arg);

/* True while the vCPU is up. */
int smp_is_up(unsigned id);

#endif
