/* Host stand-in of hypervisor/arch/seam/idle.h: a test's hook plays the interrupt that ends the wait. */
#ifndef SEAM_IDLE_H
#define SEAM_IDLE_H

extern void (*fake_interrupt)(void); /* NULL: nothing would ever come, the test fails */

void cpu_wait_for_interrupt(void);

#endif
