/*
 * Seam: copying between the hypervisor and addresses of the guest that is
 * loaded, where each access may fault. Ranges were checked before. On the host
 * a fake address space stands behind these (tests/fake/seam/guest_copy.h).
 */
#ifndef SEAM_GUEST_COPY_H
#define SEAM_GUEST_COPY_H

#include "cpu/extable.h"
#include "cpu/smap.h"

/* One aligned or unaligned 8-byte load or store: 0, or -1 at a fault. */
static inline int guest_load8(u64 *value, u64 gva)
{
	int rc = 0;

	__asm__ volatile(SMAP_OPEN
			 "1:	movq (%2), %1\n"
			 "2:	" SMAP_CLOSE
			 ".pushsection .text.fixup, \"ax\"\n"
			 "3:	movl $-1, %0\n"
			 "	xorl %k1, %k1\n"
			 "	jmp 2b\n"
			 ".popsection\n" EX_TABLE(1b, 3b)
			 : "+r"(rc), "=&r"(*value)
			 : "r"(gva)
			 : "memory");
	return rc;
}

static inline int guest_store8(u64 gva, u64 value)
{
	int rc = 0;

	__asm__ volatile(SMAP_OPEN
			 "1:	movq %1, (%2)\n"
			 "2:	" SMAP_CLOSE
			 ".pushsection .text.fixup, \"ax\"\n"
			 "3:	movl $-1, %0\n"
			 "	jmp 2b\n"
			 ".popsection\n" EX_TABLE(1b, 3b)
			 : "+r"(rc)
			 : "r"(value), "r"(gva)
			 : "memory");
	return rc;
}

/* Copy any number of bytes, of which one side is the guest's: bytes not copied. */
static inline u64 guest_copy_bytes(void *dst, const void *src, u64 size)
{
	u64 words = size / 8;
	u64 left = size % 8;

	__asm__ volatile(SMAP_OPEN
			 "1:	rep movsq\n"
			 "	movq %3, %%rcx\n"
			 "2:	rep movsb\n"
			 "	xorl %k3, %k3\n"
			 "3:	" SMAP_CLOSE
			 ".pushsection .text.fixup, \"ax\"\n"
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
