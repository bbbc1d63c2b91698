/* The world of a sweep in this guest. Read next: sweeper.c. */
#include <parley/debug.h>

#include <stdarg.h>

#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "power.h"
#include "printf.h"
#include "roles.h"
#include "start.h"
#include "timer.h"
#include "traps.h"

#define SHOWN_FAILURES 20

/* Behind the memory that calls get lies a page that is not mapped. */
static uint8_t memory[EDGE_MEMORY + KIT_PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t before[EDGE_MEMORY] __attribute__((aligned(8)));
static uint8_t spare[2 * KIT_PAGE_SIZE] __attribute__((aligned(4096)));

static unsigned long root;

bool world_call(struct edge_world *w, uint32_t number, uint64_t args[EDGE_ARGS], long *result)
{
	*result = hypercall(number, args[0], args[1], args[2], args[3], args[4]);
	return true;
}

void world_repair(struct edge_world *w)
{
	hypercall_set_segment_base(PV_SEGBASE_GS_KERNEL, (uintptr_t)&kit_cpus[0]);
	traps_init();
	hypercall_fpu_taskswitch(0);
	hypercall_set_debugreg(7, PV_DR7_DEFAULT);
	if (mmu_ext(PV_MMUEXT_NEW_BASEPTR, root, 0) != 0) {
		power_panic("the root is lost");
	}
	cpu_current()->info->evtchn_upcall_mask = 1;
}

static void failed(struct edge_world *w, const struct edge_call *c, const struct edge_operation *op,
		   const uint64_t args[EDGE_ARGS], long result, const char *what)
{
	if (w->failures <= SHOWN_FAILURES) {
		printf("FAILED %s %s(0x%lx, 0x%lx, 0x%lx, 0x%lx) = %ld: %s\n", c->name,
		       op ? op->name : "", args[0], args[1], args[2], args[3], result, what);
	}
}

void world_complain(struct edge_world *w, const char *format, ...)
{
	char text[128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	w->failures++;
	printf("FAILED %s\n", text);
}

static int own_port(void)
{
	struct pv_evtchn_alloc_unbound op = { .dom = PV_DOMID_SELF, .remote_dom = PV_DOMID_SELF };

	return hypercall_event_channel_op(PV_EVTCHNOP_alloc_unbound, &op) == 0 ? (int)op.port : -1;
}

/* Calls ask for NMIs and breakpoints. */
static bool ignore(struct kit_regs *regs)
{
	return true;
}

void world_make(struct edge_world *w)
{
	root = mmu_root_mfn();
	*w = (struct edge_world){
		.memory = memory,
		.before = before,
		.page = (uintptr_t)spare,
		.frames = { mmu_page_mfn(page_alloc()), root },
		.frame_count = 2,
		.pfn = 1,
		.domid = (uint16_t)events_own_domid(),
		.other = (uint16_t)(events_own_domid() + 1),
		.ports = { (uint32_t)own_port() },
		.port_count = 1,
		.now_ns = timer_now_ns(),
		.is_live = true,
		.spread = (uint32_t)start_option_number("spread", 0),
		.call = world_call,
		.repair = world_repair,
		.failed = failed,
	};
	if (hypercall_update_va_mapping((uintptr_t)memory + EDGE_MEMORY, 0, PV_UVMF_INVLPG) != 0) {
		power_panic("cannot unmap the page behind the memory");
	}
	(void)events_disable();
	traps_set_handler(1, 0, ignore);
	traps_set_handler(2, 0, ignore);
}

void world_check_books(struct edge_world *w)
{
	long wrong = hypercall(PV_HYPERCALL_debug, PV_DEBUGOP_audit, 0, 0, 0, 0);

	if (wrong != 0 && wrong != -PV_ENOSYS) {
		world_complain(w, "the audit finds %ld differences", wrong);
	}
}
