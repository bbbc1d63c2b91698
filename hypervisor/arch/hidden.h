/*
 * Put before every hypervisor file by the Makefile: whatever is declared is in
 * this image, so it is addressed relative to RIP, without a global offset table.
 */
#ifndef ARCH_HIDDEN_H
#define ARCH_HIDDEN_H

#ifndef __ASSEMBLER__
#pragma GCC visibility push(hidden)
#endif

#endif
