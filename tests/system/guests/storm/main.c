/*
 * storm: domains that send, close, bind, map, copy and unmap at each other as fast as they
 * can, in random order, with whatever numbers: "role=storm other=N", on all their vCPUs. A
 * third, "role=watch late=NS", keeps a pattern in its memory and sleeps in short pieces
 * meanwhile; it checks the pattern, and that no sleep is longer by more than NS.
 * When the storm is over each storming domain unmaps and closes what it has and checks that
 * all of it can be had again: ports, references, handles.
 *
 *	storm: ROLE: N passed, M failed
 *
 * Read next: ../../peers.c, the test that runs it.
 */
#include <stddef.h>

#include "check.h"
#include "cpu.h"
#include "events.h"
#include "grants.h"
#include "hypercall.h"
#include "mmu.h"
#include "page.h"
#include "power.h"
#include "printf.h"
#include "smp.h"
#include "start.h"
#include "timer.h"

#define FIRST_REF   8
#define REFS        64
#define PORT_RANGE  96
#define SLOTS       16 /* places for mappings, of each vCPU */
#define STORM_VCPUS 2
#define WINDOW(i)   (0x10040000000ul + (i)*KIT_PAGE_SIZE)
#define NS_PER_MS   1000000ul
#define STORM_NS    (1500 * NS_PER_MS)
#define CALM_NS     (500 * NS_PER_MS)
#define START_NS    (50 * NS_PER_MS)
#define PIECE_NS    NS_PER_MS
#define PATTERN     0x73746f726dul
#define PAGES       64

static unsigned other;
static uint64_t *pages[PAGES];
static unsigned stormed;

struct stormer {
	uint64_t seed;
	long handles[SLOTS]; /* -1: nothing is mapped there */
	unsigned long done, worked, wrong;
};

static struct stormer stormers[STORM_VCPUS];

static unsigned random_below(struct stormer *s, unsigned n)
{
	s->seed = s->seed * 6364136223846793005ul + 1442695040888963407ul;
	return (unsigned)(s->seed >> 33) % n;
}

/* The errors that these operations may have while others do the same. */
static bool is_expected(long rc)
{
	return rc >= 0 || rc == -PV_EINVAL || rc == -PV_ENOSPC || rc == -PV_EBUSY ||
	       rc == -PV_ESRCH;
}

static long event_op(struct stormer *s)
{
	struct pv_evtchn_alloc_unbound alloc = { .dom = PV_DOMID_SELF,
						 .remote_dom = (pv_domid_t)other };
	struct pv_evtchn_bind_interdomain bind = {
		.remote_dom = (pv_domid_t)other,
		.remote_port = 8 + random_below(s, PORT_RANGE),
	};
	uint32_t port = 8 + random_below(s, PORT_RANGE);

	switch (random_below(s, 8)) {
	case 0:
		return hypercall_event_channel_op(PV_EVTCHNOP_alloc_unbound, &alloc);
	case 1:
	case 2:
		return hypercall_event_channel_op(PV_EVTCHNOP_bind_interdomain, &bind);
	case 3:
		return hypercall_event_channel_op(PV_EVTCHNOP_close, &port);
	case 4:
		return hypercall_event_channel_op(PV_EVTCHNOP_unmask, &port);
	default:
		return hypercall_event_channel_op(PV_EVTCHNOP_send, &port);
	}
}

static unsigned long slot_va(const struct stormer *s, unsigned slot)
{
	return WINDOW((unsigned long)(s - stormers) * SLOTS + slot);
}

/* A mapping is written to if it may be; its page is the other's, who expects anything. */
static long grant_op(struct stormer *s, uint64_t *own)
{
	unsigned slot = random_below(s, SLOTS), ref = FIRST_REF + random_below(s, REFS);
	bool read_only = random_below(s, 2) != 0;
	long rc;

	if (random_below(s, 4) == 0) {
		rc = grants_copy_from(own, other, ref, 0, 64);
		return rc < 0 ? -PV_EINVAL : 0;
	}
	if (s->handles[slot] >= 0) {
		rc = grants_unmap((unsigned)s->handles[slot], slot_va(s, slot), 0);
		s->wrong += rc != 0;
		s->handles[slot] = -1;
		return rc;
	}
	rc = grants_map(other, ref, slot_va(s, slot),
			PV_GNTMAP_host_map | (read_only ? PV_GNTMAP_readonly : 0));
	s->handles[slot] = rc >= 0 ? rc : -1;
	if (rc >= 0 && !read_only) {
		*(volatile uint64_t *)slot_va(s, slot) = s->seed;
	}
	return rc >= 0 ? rc : -PV_EINVAL;
}

static void storm(void *arg)
{
	struct stormer *s = arg;
	uint64_t end = timer_now_ns() + STORM_NS;
	uint64_t *own = pages[s - stormers];

	while (timer_now_ns() < end) {
		for (unsigned i = 0; i < 32; i++) {
			long rc = random_below(s, 2) != 0 ? event_op(s) : grant_op(s, own);

			s->done++;
			s->worked += rc >= 0;
			s->wrong += !is_expected(rc);
		}
	}
	for (unsigned slot = 0; slot < SLOTS; slot++) {
		if (s->handles[slot] >= 0) {
			s->wrong += grants_unmap((unsigned)s->handles[slot], slot_va(s, slot), 0) !=
				    0;
		}
	}
	__atomic_fetch_add(&stormed, 1, __ATOMIC_RELEASE);
}

static void prepare(void)
{
	long rc = grants_init();

	for (unsigned i = 0; i < STORM_VCPUS * SLOTS && rc == 0; i++) {
		rc = mmu_map(mmu_root_mfn(), WINDOW(i),
			     mmu_pte(mmu_page_mfn(pages[0]), MMU_PTE_DATA));
		rc = rc != 0 ? rc : mmu_set_mapping(WINDOW(i), 0);
	}
	if (rc != 0) {
		power_panic("no place for grants: %ld", rc);
	}
	for (unsigned ref = 0; ref < REFS; ref++) {
		grants_set(FIRST_REF + ref,
			   PV_GTF_permit_access | (ref % 3 == 0 ? PV_GTF_readonly : 0), other,
			   mmu_page_mfn(pages[STORM_VCPUS + ref % (PAGES - STORM_VCPUS)]));
	}
	for (unsigned i = 0; i < STORM_VCPUS; i++) {
		stormers[i].seed = other * 1000 + i;
		for (unsigned slot = 0; slot < SLOTS; slot++) {
			stormers[i].handles[slot] = -1;
		}
	}
}

/* Ports in the storm's range are closed, whatever they are, and then all are there to be had. */
static void check_ports(void)
{
	static uint16_t taken[PV_EVTCHN_2L_NR_CHANNELS];
	struct pv_evtchn_alloc_unbound alloc = { .dom = PV_DOMID_SELF,
						 .remote_dom = PV_DOMID_SELF };
	unsigned open = 0, count = 0, wrong = 0;

	for (uint32_t port = 1; port < PV_EVTCHN_2L_NR_CHANNELS; port++) {
		struct pv_evtchn_status status = { .dom = PV_DOMID_SELF, .port = port };

		hypercall_event_channel_op(PV_EVTCHNOP_status, &status);
		if (status.status == PV_EVTCHNSTAT_unbound ||
		    (status.status == PV_EVTCHNSTAT_interdomain &&
		     status.u.interdomain.dom == other)) {
			wrong += events_close(port) != 0;
		} else if (status.status != PV_EVTCHNSTAT_closed) {
			open++;
		}
	}
	while (hypercall_event_channel_op(PV_EVTCHNOP_alloc_unbound, &alloc) == 0) {
		taken[count++] = (uint16_t)alloc.port;
	}
	check_result("storm: all ports are there", open + count, PV_EVTCHN_2L_NR_CHANNELS - 1);
	while (count > 0) {
		wrong += events_close(taken[--count]) != 0;
	}
	check_result("storm: and can be closed", wrong, 0);
}

static void check_grants(void)
{
	unsigned marked = 0;
	int ref = grants_give(events_own_domid(), mmu_page_mfn(pages[0]), true);
	long first = grants_map(events_own_domid(), (unsigned)ref, 0,
				PV_GNTMAP_device_map | PV_GNTMAP_readonly);

	for (unsigned i = 0; i < REFS; i++) {
		marked += !grants_end(FIRST_REF + i);
	}
	check_result("storm: no reference is in use", marked, 0);
	check_true("storm: handles were used again, not up",
		   first >= 0 && first < 2 * STORM_VCPUS * SLOTS);
	check_result("storm: and given back",
		     grants_unmap((unsigned)first, 0,
				  (uint64_t)mmu_page_mfn(pages[0]) << PV_PAGE_SHIFT),
		     0);
	for (unsigned i = 0; i < PAGES; i++) {
		marked += mmu_make_readonly(pages[i]) != 0 ||
			  mmu_pin(1, mmu_page_mfn(pages[i])) == -PV_EBUSY;
	}
	check_result("storm: the pages are ours alone", marked, 0);
}

static void storm_main(void)
{
	unsigned long done = 0, worked = 0, wrong = 0;
	unsigned vcpus = smp_count() < STORM_VCPUS ? smp_count() : STORM_VCPUS;

	prepare();
	for (unsigned i = 1; i < vcpus; i++) {
		check_result("storm: another vCPU", smp_start(i, storm, &stormers[i]), 0);
	}
	storm(&stormers[0]);
	while (__atomic_load_n(&stormed, __ATOMIC_ACQUIRE) < vcpus) {
		timer_sleep_ns(NS_PER_MS);
	}
	timer_sleep_ns(CALM_NS); /* the other one, too */
	for (unsigned i = 0; i < STORM_VCPUS; i++) {
		done += stormers[i].done;
		worked += stormers[i].worked;
		wrong += stormers[i].wrong;
	}
	printf("storm: %lu operations, %lu of them worked\n", done, worked);
	check_result("storm: no odd result", (long)wrong, 0);
	check_true("storm: it was one", done > 10000 && worked > done / 8);
	check_ports();
	check_grants();
	timer_sleep_ns(CALM_NS); /* until the other has looked, too */
}

static bool is_whole(void)
{
	for (unsigned i = 0; i < PAGES; i++) {
		for (unsigned word = 0; word < KIT_PAGE_SIZE / sizeof(uint64_t); word++) {
			if (pages[i][word] != PATTERN * i + word) {
				return false;
			}
		}
	}
	return true;
}

static void watch_main(void)
{
	uint64_t end = timer_now_ns() + STORM_NS + CALM_NS, latest = 0;
	unsigned broken = 0, naps = 0;

	for (unsigned i = 0; i < PAGES; i++) {
		for (unsigned word = 0; word < KIT_PAGE_SIZE / sizeof(uint64_t); word++) {
			pages[i][word] = PATTERN * i + word;
		}
	}
	timer_sleep_ns(START_NS); /* the others are being set up, and time is shared as of old */
	while (timer_now_ns() < end) {
		uint64_t due = timer_now_ns() + PIECE_NS, late;

		timer_sleep_ns(PIECE_NS);
		late = timer_now_ns() - due;
		latest = late > latest ? late : latest;
		broken += ++naps % 64 == 0 && !is_whole();
	}
	printf("storm: the latest of %u naps by %lu ns\n", naps, latest);
	check_true("watch: some naps", naps > 100);
	check_true("watch: none was late", latest <= start_option_number("late", 0));
	check_true("watch: its memory is as it was", broken == 0 && is_whole());
}

int main(void)
{
	bool watch = start_option_is("role", "watch");

	other = (unsigned)start_option_number("other", 0);
	for (unsigned i = 0; i < PAGES; i++) {
		pages[i] = page_alloc();
	}
	if (watch) {
		watch_main();
	} else {
		storm_main();
	}
	printf("storm: %s: %u passed, %u failed\n", watch ? "watch" : "storm", check_passed(),
	       check_failed());
	return 0;
}
