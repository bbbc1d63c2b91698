/*
 * The data segment registers of a guest, which the hypervisor leaves loaded:
 * in 64-bit ring 0 they do not matter. A load may fault, for a guest can
 * change its descriptors under a loaded selector; then NULL is loaded.
 */
#ifndef PV_SELECTORS_H
#define PV_SELECTORS_H

#include "cpu/extable.h"
#include "lib/types.h"

struct selectors {
	u16 ds, es, fs, gs;
};

static inline struct selectors selectors_read(void)
{
	struct selectors s;

	__asm__ volatile("movw %%ds, %0; movw %%es, %1; movw %%fs, %2; movw %%gs, %3"
			 : "=r"(s.ds), "=r"(s.es), "=r"(s.fs), "=r"(s.gs));
	return s;
}

#define SELECTOR_LOAD(name, reg)                                      \
	static inline bool selector_load_##name(u16 value)            \
	{                                                             \
		u32 failed = 0;                                       \
                                                                      \
		__asm__ volatile("1:	movw %1, %%" #reg "\n"        \
				 "2:\n"                               \
				 ".pushsection .text.fixup, \"ax\"\n" \
				 "3:	movl $1, %0\n"                   \
				 "	xorl %k1, %k1\n"                   \
				 "	jmp 1b\n"                          \
				 ".popsection\n" EX_TABLE(1b, 3b)     \
				 : "+r"(failed), "+r"(value)          \
				 :                                    \
				 : "memory");                         \
		return failed == 0;                                   \
	}

/* selector_load_ds(value) and so on: false if it faulted and NULL was loaded. */
SELECTOR_LOAD(ds, ds)
SELECTOR_LOAD(es, es)
SELECTOR_LOAD(fs, fs)
SELECTOR_LOAD(gs, gs)

#undef SELECTOR_LOAD

#endif
