/*
 * Offsets into struct kit_cpu that the assembly uses through the GS base.
 * cpu.h asserts that they agree with the structure.
 */
#ifndef KIT_CPU_OFFSETS_H
#define KIT_CPU_OFFSETS_H

#define CPU_SELF        0
#define CPU_USER_RETURN 8
#define CPU_FAILSAFE_DS 16
#define CPU_FAILSAFE_ES 24
#define CPU_FAILSAFE_FS 32
#define CPU_FAILSAFE_GS 40

#endif
