/*
 * What each interrupt means. Handlers only note work in cpu_info.work; the
 * exit path to the guest, or idle, does it.
 */
#include "cpu/interrupt.h"

#include <seam/cpu.h>

#include "cpu/vectors.h"
#include "drivers/lapic.h"
#include "lib/lock.h"
#include "lib/log.h"

static struct log_limit stray_limit;

/* Acknowledged all the same: if it was not ours, that does no harm. */
static void handle_stray(u32 vector)
{
	u32 dropped;

	lapic_eoi();
	if (log_limit_allows(&stray_limit, &dropped)) {
		log_warn("CPU %u: interrupt 0x%x that nobody asked for (%u more unsaid)", cpu_id(),
			 vector, dropped);
	}
}

void interrupt_handle(struct cpu_regs *regs)
{
	switch (regs->vector) {
	case CPU_VECTOR_TIMER:
		lapic_eoi();
		cpu_info()->work |= CPU_WORK_TIMER;
		break;
	case CPU_VECTOR_CALL:
		lapic_eoi();
		cpu_serve();
		break;
	case CPU_VECTOR_RESCHED:
		lapic_eoi();
		cpu_info()->work |= CPU_WORK_RESCHED;
		break;
	case CPU_VECTOR_COM1:
	case CPU_VECTOR_COM2:
		lapic_eoi();
		cpu_info()->work |= CPU_WORK_CONSOLE;
		break;
	case CPU_VECTOR_SPURIOUS:
		break;
	default:
		handle_stray(regs->vector);
		break;
	}
}
