#include <seam/idle.h>

#include "lib/log.h"

void (*fake_interrupt)(void);

void cpu_wait_for_interrupt(void)
{
	if (fake_interrupt == NULL) {
		panic("a CPU waits for an interrupt that never comes");
	}
	fake_interrupt();
}
