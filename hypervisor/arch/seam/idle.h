/* Seam: how a CPU with nothing to do waits. The host build's stand-in lets a test see it. */
#ifndef SEAM_IDLE_H
#define SEAM_IDLE_H

/*
 * Wait for an interrupt with interrupts on, and return with them off. One that came before
 * is taken first: STI holds interrupts back for one instruction, so none
 * can slip in between it and HLT.
 */
static inline void cpu_wait_for_interrupt(void)
{
	__asm__ volatile("sti; hlt; cli" ::: "memory");
}

#endif
