/*
 * Atomic changes to words that a guest writes too. Each is one locked
 * instruction: a compare-and-exchange loop could be kept going for ever by a
 * guest that rewrites the word from another vCPU. Full barriers.
 */
#ifndef CHANNEL_GUEST_BITS_H
#define CHANNEL_GUEST_BITS_H

#include "lib/types.h"

/* Set bit 0..63 of the word and return what it was. */
static inline bool guest_test_and_set_bit(u64 *word, u32 bit)
{
	bool was;

	__asm__ volatile("lock btsq %2, %0"
			 : "+m"(*word), "=@ccc"(was)
			 : "r"((u64)(bit & 63))
			 : "memory");
	return was;
}

/* Clear bit 0..63 of the word and return what it was. */
static inline bool guest_test_and_clear_bit(u64 *word, u32 bit)
{
	bool was;

	__asm__ volatile("lock btrq %2, %0"
			 : "+m"(*word), "=@ccc"(was)
			 : "r"((u64)(bit & 63))
			 : "memory");
	return was;
}

/* Store the byte and return what it was. */
static inline u8 guest_exchange_byte(u8 *byte, u8 value)
{
	__asm__ volatile("xchgb %0, %1" : "+q"(value), "+m"(*byte) : : "memory");
	return value;
}

#endif
