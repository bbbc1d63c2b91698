/*
 * Base types of the hypervisor. Everything includes this; it includes nothing
 * of ours. Read next: ../mm/addr.h, the typed addresses.
 */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#define ARRAY_SIZE(a)                 (sizeof(a) / sizeof((a)[0]))
#define likely(x)                     __builtin_expect(!!(x), 1)
#define unlikely(x)                   __builtin_expect(!!(x), 0)
#define must_check                    __attribute__((warn_unused_result))
#define noreturn_fn                   __attribute__((noreturn))
#define printf_like(f, a)             __attribute__((format(__printf__, f, a)))
#define packed_struct                 __attribute__((packed))
#define aligned_to(n)                 __attribute__((aligned(n)))
#define container_of(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* One load or store that the compiler may neither split nor repeat. */
#define READ_ONCE(x)     (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define barrier()        __asm__ volatile("" ::: "memory")

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096UL
#define PAGE_MASK  (~(PAGE_SIZE - 1))

#endif
