/*
 * edges: sweeps edge values through every argument and field of every call, live (T6).
 * What is swept comes from abi/abi.json, as do the calls that are left out because
 * they would end or block the caller. Each result must be one that the list has, and
 * no byte of the guest's memory may change but what it says is written. The last line is
 *	edges: N passed, M failed
 * and the domain then powers off. Command line: "spread=N" (0): sweep pairs of arguments
 * and fields that are no farther apart, too.
 *
 * Upcalls stay masked meanwhile: calls may take away the handler that they would enter.
 */
#include "edges.h"

#include <parley/debug.h>

#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "power.h"
#include "printf.h"
#include "start.h"
#include "timer.h"
#include "traps.h"

#define SHOWN_FAILURES 20

/* Behind the memory that calls get lies a page that is not mapped. */
static uint8_t memory[EDGE_MEMORY + KIT_PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t before[EDGE_MEMORY] __attribute__((aligned(8)));
static uint8_t spare[2 * KIT_PAGE_SIZE] __attribute__((aligned(4096)));

static unsigned long root;

static bool call(struct edge_world *w, uint32_t number, uint64_t args[EDGE_ARGS], long *result)
{
	*result = hypercall(number, args[0], args[1], args[2], args[3], args[4]);
	return true;
}

/* All that this guest runs on and a call may have changed. */
static void repair(struct edge_world *w)
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

static int own_port(void)
{
	struct pv_evtchn_alloc_unbound op = { .dom = PV_DOMID_SELF, .remote_dom = PV_DOMID_SELF };

	return hypercall_event_channel_op(PV_EVTCHNOP_alloc_unbound, &op) == 0 ? (int)op.port : -1;
}

static void prepare(struct edge_world *w)
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
		.call = call,
		.repair = repair,
		.failed = failed,
	};
	if (hypercall_update_va_mapping((uintptr_t)memory + EDGE_MEMORY, 0, PV_UVMF_INVLPG) != 0) {
		power_panic("cannot unmap the page behind the memory");
	}
}

/* Calls ask for NMIs and breakpoints. */
static bool ignore(struct kit_regs *regs)
{
	return true;
}

/* A debug build counts every reference again; others have no such call. */
static void check_books(struct edge_world *w)
{
	long wrong = hypercall(PV_HYPERCALL_debug, PV_DEBUGOP_audit, 0, 0, 0, 0);

	if (wrong != 0 && wrong != -PV_ENOSYS) {
		printf("FAILED the audit finds %ld differences\n", wrong);
		w->failures++;
	}
}

int main(void)
{
	struct edge_world w;

	prepare(&w);
	(void)events_disable();
	traps_set_handler(1, 0, ignore);
	traps_set_handler(2, 0, ignore);
	edge_sweep(&w);
	repair(&w);
	check_books(&w);
	printf("\nedges: %lu passed, %lu failed\n", w.passed, w.failures);
	return w.failures == 0 ? 0 : 1;
}
