/* Bits in arrays of u64: bit i is bit i % 64 of word i / 64. Not atomic but where said. */
#ifndef LIB_BITMAP_H
#define LIB_BITMAP_H

#include "lib/types.h"

#define BITMAP_WORDS(bits) (((bits) + 63) / 64)

static inline bool bitmap_test(const u64 *map, u64 bit)
{
	return (READ_ONCE(map[bit / 64]) >> (bit % 64)) & 1;
}

static inline void bitmap_set(u64 *map, u64 bit)
{
	map[bit / 64] |= 1ULL << (bit % 64);
}

static inline void bitmap_clear(u64 *map, u64 bit)
{
	map[bit / 64] &= ~(1ULL << (bit % 64));
}

/* Atomic, full barrier: set or clear the bit and return what it was. */
static inline bool bitmap_test_and_set(u64 *map, u64 bit)
{
	u64 mask = 1ULL << (bit % 64);

	return (__atomic_fetch_or(&map[bit / 64], mask, __ATOMIC_SEQ_CST) & mask) != 0;
}

static inline bool bitmap_test_and_clear(u64 *map, u64 bit)
{
	u64 mask = 1ULL << (bit % 64);

	return (__atomic_fetch_and(&map[bit / 64], ~mask, __ATOMIC_SEQ_CST) & mask) != 0;
}

/* The first bit at or after `from` that is set (or clear), or `bits` if there is none. */
static inline u64 bitmap_next_set(const u64 *map, u64 bits, u64 from)
{
	for (u64 bit = from; bit < bits; bit = (bit | 63) + 1) {
		u64 word = map[bit / 64] >> (bit % 64);

		if (word != 0) {
			return MIN(bit + (u64)__builtin_ctzll(word), bits);
		}
	}
	return bits;
}

static inline u64 bitmap_next_clear(const u64 *map, u64 bits, u64 from)
{
	for (u64 bit = from; bit < bits; bit = (bit | 63) + 1) {
		u64 word = ~map[bit / 64] >> (bit % 64);

		if (word != 0) {
			return MIN(bit + (u64)__builtin_ctzll(word), bits);
		}
	}
	return bits;
}

/* Bits set in a word; the compiler's builtin would call a library that is not here. */
static inline u32 bitmap_count_word(u64 word)
{
	u32 count = 0;

	for (; word != 0; word &= word - 1) {
		count++;
	}
	return count;
}

#endif
