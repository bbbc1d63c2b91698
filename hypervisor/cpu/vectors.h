/*
 * Interrupt vectors of the hypervisor's own use. 0-31 are exceptions; 0x80 and
 * others may be gates of guests, which are software interrupts and never meet
 * these. External interrupts of devices are 0x40-0x4f.
 */
#ifndef CPU_VECTORS_H
#define CPU_VECTORS_H

enum cpu_vector {
	CPU_VECTOR_DEVICE_FIRST = 0x40,
	CPU_VECTOR_COM2 = 0x43,
	CPU_VECTOR_COM1 = 0x44,
	CPU_VECTOR_DEVICE_LAST = 0x4f,
	CPU_VECTOR_TIMER = 0xef,
	CPU_VECTOR_CALL = 0xfc,    /* cpu/ipi.h: requests wait in the mailboxes */
	CPU_VECTOR_RESCHED = 0xfd, /* pass through the exit path */
	CPU_VECTOR_SPURIOUS = 0xff,
};

#endif
