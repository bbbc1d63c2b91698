/*
 * traced: makes hypercalls that a trace must show. It prints "traced: ready", then
 * answers each line of input: "poke" by the call vm_assist, "sequence" by the calls
 * of sequence(), "storm N" by N calls xen_version. Behind the last two it powers off.
 */
#include <stdint.h>

#include <parley/event_channel.h>
#include <parley/hypercall.h>
#include <parley/mmu.h>
#include <parley/sched.h>
#include <parley/types.h>
#include <parley/vcpu.h>
#include <parley/version.h>

#include "console.h"
#include "events.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "power.h"
#include "printf.h"
#include "start.h"
#include "string.h"
#include "timer.h"

#define NS_PER_MS 1000000ul
#define BAD_GVA   0x5000000000ul

static unsigned port;

static long evtchn(unsigned op, void *arg)
{
	return hypercall_event_channel_op(op, arg);
}

static void ports(void)
{
	struct pv_evtchn_alloc_unbound alloc = { .dom = PV_DOMID_SELF,
						 .remote_dom = PV_DOMID_SELF };
	struct pv_evtchn_send send;
	struct pv_evtchn_close close;

	evtchn(PV_EVTCHNOP_alloc_unbound, &alloc);
	port = alloc.port;
	send.port = port;
	evtchn(PV_EVTCHNOP_send, &send);
	close.port = port;
	evtchn(PV_EVTCHNOP_close, &close);
	evtchn(PV_EVTCHNOP_close, &close);
	evtchn(PV_EVTCHNOP_send, (void *)BAD_GVA);
}

static void batch(void)
{
	struct pv_multicall_entry list[3] = {
		{ .op = PV_HYPERCALL_xen_version, .args = { PV_VERSION_version } },
		{ .op = 47 },
		{ .op = PV_HYPERCALL_set_timer_op, .args = { 0 } },
	};

	hypercall_multicall(list, 3);
}

static void tables(void)
{
	void *page = page_alloc();
	struct pv_mmuext_op flush = { .cmd = PV_MMUEXT_INVLPG_LOCAL };
	struct pv_mmu_update update = { .ptr = 4, .val = 0 };
	unsigned done;

	flush.arg1.linear_addr = (uintptr_t)page;
	hypercall_update_va_mapping((uintptr_t)page,
				    mmu_pte(mmu_page_mfn(page),
					    PV_PTE_PRESENT | PV_PTE_USER | PV_PTE_NX),
				    PV_UVMF_INVLPG);
	hypercall_mmuext_op(&flush, 1, NULL, PV_DOMID_SELF);
	hypercall_mmu_update(&update, 1, &done, PV_DOMID_SELF);
}

static void sequence(void)
{
	hypercall_xen_version(PV_VERSION_version, NULL);
	ports();
	batch();
	tables();
	hypercall_sched_op(PV_SCHEDOP_yield, NULL);
	hypercall0(47);
	hypercall_xen_version(PV_VERSION_version, NULL);
}

static void storm(unsigned long calls)
{
	while (calls-- > 0) {
		hypercall_xen_version(PV_VERSION_version, NULL);
	}
	/* What comes behind a storm is not lost with it. */
	for (unsigned i = 0; i < 300; i++) {
		timer_sleep_ns(10 * NS_PER_MS);
	}
}

/* A line of input, without its end. */
static void read_line(char *line, unsigned long size)
{
	unsigned long used = 0;

	for (;;) {
		char c;

		while (console_read(&c, 1) == 0) {
			timer_sleep_ns(10 * NS_PER_MS);
		}
		if (c == '\n' || c == '\r') {
			line[used] = '\0';
			return;
		}
		if (used + 1 < size) {
			line[used++] = c;
		}
	}
}

int main(void)
{
	char line[64];

	printf("traced: ready\n");
	for (;;) {
		read_line(line, sizeof(line));
		if (strcmp(line, "poke") == 0) {
			hypercall_vm_assist(99, 0);
		} else if (strcmp(line, "sequence") == 0) {
			events_disable();
			sequence();
			return 0;
		} else if (strncmp(line, "storm ", 6) == 0) {
			storm(string_to_number(line + 6));
			return 0;
		}
	}
}
