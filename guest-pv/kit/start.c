/*
 * Start of day in C: each area of the kit is brought up in the order of the
 * list in start_first_cpu, and then the guest's main runs.
 * Read next: traps.c, then mmu.c.
 */
#include "start.h"

#include <stddef.h>

#include "console.h"
#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "mmu.h"
#include "power.h"
#include "smp.h"
#include "string.h"
#include "timer.h"
#include "traps.h"

void start_first_cpu(struct pv_start_info *info, unsigned long free_va);

struct start_registers start_registers;
struct pv_start_info *start_info;
struct pv_shared_info *shared_info;

_Static_assert(offsetof(struct start_registers, rflags) == 128, "start_entry.S");
_Static_assert(offsetof(struct start_registers, cs) == 136, "start_entry.S");

/* Its frame is replaced by the shared page. */
static char shared_page[KIT_PAGE_SIZE] __attribute__((aligned(4096)));

bool start_is_privileged(void)
{
	return (start_info->flags & PV_SIF_INITDOMAIN) != 0;
}

bool start_option(const char *word, const char **value)
{
	const char *p = (const char *)start_info->cmd_line;
	size_t n = strlen(word);

	while (*p != '\0') {
		if (strncmp(p, word, n) == 0 && (p[n] == '\0' || p[n] == ' ' || p[n] == '=')) {
			if (value != NULL) {
				*value = p[n] == '=' ? p + n + 1 : "";
			}
			return true;
		}
		while (*p != '\0' && *p != ' ') {
			p++;
		}
		while (*p == ' ') {
			p++;
		}
	}
	return false;
}

unsigned long start_option_number(const char *word, unsigned long otherwise)
{
	const char *value;

	return start_option(word, &value) ? string_to_number(value) : otherwise;
}

bool start_option_is(const char *word, const char *want)
{
	const char *value;

	return start_option(word, &value) && strncmp(value, want, strlen(want)) == 0;
}

/* In: the builder's start_info, and where its boot stack ended. */
void start_first_cpu(struct pv_start_info *info, unsigned long free_va)
{
	start_info = info;
	smp_init_cpu(0);
	hypercall_set_segment_base(PV_SEGBASE_GS_KERNEL, (uintptr_t)&kit_cpus[0]);
	mmu_map_shared(shared_page, info->shared_info);
	shared_info = (struct pv_shared_info *)shared_page;
	kit_cpus[0].info = &shared_info->vcpu_info[0];
	console_init();
	traps_init();
	mmu_init(free_va);
	events_init();
	timer_init();
	events_enable();
	power_off(main() == 0 ? PV_SHUTDOWN_poweroff : PV_SHUTDOWN_crash);
}
