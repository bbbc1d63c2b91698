/*
 * How asm_offsets.c says what assembly needs to know of C structures. The file
 * is compiled to assembly text and never run; the build turns each line
 * "->NAME value" into a #define in build/gen/asm_offsets.h.
 */
#ifndef ARCH_OFFSET_MACROS_H
#define ARCH_OFFSET_MACROS_H

#include <stddef.h>

/* Emits a constant under a name; the value must be known at compile time. */
#define DEFINE(name, value) __asm__ volatile(".ascii \"->" #name " %0\"" : : "i"((long)(value)))

/* Emits the offset of a field, under a name. */
#define OFFSET(name, type, field) DEFINE(name, offsetof(type, field))

#endif
