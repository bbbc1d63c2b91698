/*
 * Seam: copying between the hypervisor and addresses of the guest that is
 * loaded, where each access may fault. Ranges were checked before. On the host
 * a fake address space stands behind these (tests/fake/seam/guest_copy.h).
 */
#ifndef SEAM_GUEST_COPY_H
#define SEAM_GUEST_COPY_H

#include "cpu/extable.h"
#include "cpu/smap.h"

/*
 * For a few accesses in a row: guest_open(), any number of these, guest_close().
 * A fault sets *failed, which is otherwise left alone, and the value to 0.
 */
static inline void guest_open(void)
{
	__asm__ volatile(SMAP_OPEN ::: "memory");
}

static inline void guest_close(void)
{
	__asm__ volatile(SMAP_CLOSE ::: "memory");
}

#define GUEST_LOAD_FIXUP                     \
	".pushsection .text.fixup, \"ax\"\n" \
	"3:	movl $-1, %0\n"                  \
	"	xorl %k1, %k1\n"                   \
	"	jmp 2b\n"                          \
	".popsection\n" EX_TABLE(1b, 3b)

static inline u64 guest_load8(u64 gva, int *failed)
{
	u64 value;

	__asm__ volatile("1:	movq %2, %1\n"
			 "2:\n" GUEST_LOAD_FIXUP
			 : "+r"(*failed), "=&r"(value)
			 : "m"(*(const u64 *)gva));
	return value;
}

static inline u32 guest_load4(u64 gva, int *failed)
{
	u32 value;

	__asm__ volatile("1:	movl %2, %1\n"
			 "2:\n" GUEST_LOAD_FIXUP
			 : "+r"(*failed), "=&r"(value)
			 : "m"(*(const u32 *)gva));
	return value;
}

static inline void guest_store8(u64 gva, u64 value, int *failed)
{
	__asm__ volatile("1:	movq %2, %1\n"
			 "2:\n"
			 ".pushsection .text.fixup, \"ax\"\n"
			 "3:	movl $-1, %0\n"
			 "	jmp 2b\n"
			 ".popsection\n" EX_TABLE(1b, 3b)
			 : "+r"(*failed), "=m"(*(u64 *)gva)
			 : "r"(value));
}

/* Copy any number of bytes, of which one side is the guest's: bytes not copied. */
static inline u64 guest_copy_bytes(void *dst, const void *src, u64 size)
{
	u64 words = size / 8;
	u64 left = size % 8;

	__asm__ volatile(SMAP_OPEN "1:	rep movsq\n"
				   "	movq %3, %%rcx\n"
				   "2:	rep movsb\n"
				   "	xorl %k3, %k3\n"
				   "3:	" SMAP_CLOSE ".pushsection .text.fixup, \"ax\"\n"
				   "4:	leaq (%3, %%rcx, 8), %3\n"
				   "	jmp 3b\n"
				   "5:	movq %%rcx, %3\n"
				   "	jmp 3b\n"
				   ".popsection\n" EX_TABLE(1b, 4b) EX_TABLE(2b, 5b)
			 : "+D"(dst), "+S"(src), "+c"(words), "+r"(left)
			 :
			 : "memory");
	return left;
}

#endif
