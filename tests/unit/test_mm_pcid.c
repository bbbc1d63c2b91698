/*
 * Translations of a guest's two halves, where they are tagged by PCID and where
 * they are not: two vCPUs on two CPUs change entries, roots, halves and places,
 * and flush in all ways that a guest has. After each step no CPU may use a
 * translation that the guest cannot expect: for each half, an address may be
 * translated as the entry said at any time since that was last flushed there.
 * What is expected is kept here by the ABI's words, and knows nothing of tags.
 */
#include <criterion/criterion.h>
#include <string.h>

#include <parley/mmu.h>
#include <parley/types.h>
#include <seam/directmap.h>

#include "fake_guest.h"
#include "fake_tlb.h"
#include "machine.h"
#include "mm/pcid.h"
#include "op.h"
#include "simpcid.h"

#define PLACES 4 /* addresses: the first pages of the lowest L1 table */
#define VALUES 5 /* what an entry can be */
#define ROOTS  4 /* even ones for the kernel half */
#define STEPS  4000

#define HALF_USER   VCPU_MODE_USER
#define HALF_KERNEL VCPU_MODE_KERNEL

static struct domain *d;
static struct machine_space space[ROOTS];
static mfn_t page[2];
static struct op_source dice;
static struct {
	struct pv_mmu_update update;
	struct pv_mmuext_op op;
	u64 mask;
} buffer; /* the guest's arguments */

/* What each CPU may use: bit by value. */
static struct {
	u8 of_half[2][PLACES];
	u8 global[PLACES];
} may[MACHINE_CPUS];

static u32 kept; /* translations that were there when a half was entered again */

static u32 roll(u32 below)
{
	return (u32)op_random(&dice, below);
}

/* ---- the entries ---- */

/* 0: nothing; else one of two pages, for the kernel or for programs. */
static u64 value_entry(u32 value)
{
	if (value == 0) {
		return 0;
	}
	return pte_make(page[(value - 1) / 2],
			PTE_PRESENT | PTE_WRITE | (value % 2 == 0 ? PTE_USER : 0));
}

static u8 bit_of_entry(u64 entry)
{
	for (u32 value = 1; value < VALUES; value++) {
		if (pte_mfn(entry).v == page[(value - 1) / 2].v &&
		    ((entry & PTE_GLOBAL) != 0) == (value % 2 == 0)) {
			return (u8)(1U << value);
		}
	}
	cr_assert_fail("an entry of nobody: %#lx", entry);
	return 0;
}

static u64 va_of(u32 place)
{
	return (u64)place << PAGE_SHIFT;
}

/* ---- what may be used ---- */

static mfn_t l1_of(u64 root)
{
	for (u32 i = 0; i < ROOTS; i++) {
		if (mfn_to_maddr(space[i].table[4]).v == root) {
			return space[i].table[1];
		}
	}
	cr_assert_fail("a root of nobody: %#lx", root);
	return MFN_INVALID;
}

static void expect_entry(u32 cpu, u32 half, u32 place, u64 entry)
{
	if (!(entry & PTE_PRESENT)) {
		return;
	}
	if (entry & PTE_GLOBAL) {
		may[cpu].global[place] |= bit_of_entry(entry);
	} else {
		may[cpu].of_half[half][place] |= bit_of_entry(entry);
	}
}

/* What the tables say now may be used from now on. */
static void expect_present(void)
{
	for (u32 cpu = 0; cpu < MACHINE_CPUS; cpu++) {
		const struct vcpu *v = machine_running(cpu);

		for (u32 place = 0; place < PLACES; place++) {
			expect_entry(cpu, HALF_KERNEL, place,
				     machine_peek(l1_of(v->kernel_cr3), place));
			expect_entry(cpu, HALF_USER, place,
				     machine_peek(l1_of(v->user_cr3), place));
		}
	}
}

static void expect_flush_page(u32 cpu, u32 place)
{
	may[cpu].of_half[HALF_KERNEL][place] = 0;
	may[cpu].of_half[HALF_USER][place] = 0;
	may[cpu].global[place] = 0;
}

static void expect_flush(u32 cpu)
{
	memset(&may[cpu], 0, sizeof(may[cpu]));
}

static void check_cpu(u32 cpu)
{
	u32 half = machine_running(cpu)->mode;

	for (u32 i = 0; simpcid_held(cpu, i) != NULL; i++) {
		const struct simpcid_held *h = simpcid_held(cpu, i);
		u64 place = h->va >> PAGE_SHIFT;
		u8 bits = h->entry & PTE_GLOBAL ? may[cpu].global[place] :
						  may[cpu].of_half[half][place];

		cr_assert(!simpcid_is_usable(cpu, h) || (bits & bit_of_entry(h->entry)) != 0,
			  "CPU %u, half %u: %#lx may lead to %#lx", cpu, half, h->va, h->entry);
	}
}

static void check(void)
{
	expect_present();
	for (u32 cpu = 0; cpu < MACHINE_CPUS; cpu++) {
		simpcid_look(cpu);
		check_cpu(cpu);
	}
	cr_assert_null(machine_check(), "%s", machine_check());
}

/* ---- steps ---- */

static void enter(u32 cpu, u8 half)
{
	u64 pcid = half == HALF_KERNEL ? PCID_KERNEL : PCID_USER;
	u32 count = simpcid_count(cpu, pcid, ~0UL);

	if (machine_running(cpu)->mode == half) {
		return;
	}
	machine_enter(cpu, half);
	if (pcid_tags.kernel != 0) {
		cr_assert_eq(simpcid_count(cpu, pcid, ~0UL), count, "a half lost translations");
		kept += count;
	} else {
		cr_assert_eq(simpcid_count(cpu, 0, ~0UL), 0, "a kernel page survived");
	}
	check();
}

/* A hypercall is made by the kernel half. */
static void call(u32 cpu, u32 nr, u64 a1, u64 a2, u64 a3, u64 a4)
{
	enter(cpu, HALF_KERNEL);
	machine_be(cpu);
	cr_assert_eq(machine_call(nr, a1, a2, a3, a4), 0);
}

static void mmuext(u32 cpu, u32 cmd, u64 arg1, u64 mask)
{
	buffer.mask = mask;
	buffer.op = (struct pv_mmuext_op){ .cmd = cmd,
					   .arg1.linear_addr = arg1,
					   .arg2.vcpumask = (u64)&buffer.mask };
	call(cpu, PV_HYPERCALL_mmuext_op, (u64)&buffer.op, 1, 0, PV_DOMID_SELF);
}

static void step_write(u32 cpu)
{
	mfn_t l1 = space[roll(ROOTS)].table[1];

	buffer.update = (struct pv_mmu_update){ (l1.v << PAGE_SHIFT) + 8 * roll(PLACES),
						value_entry(roll(VALUES)) };
	call(cpu, PV_HYPERCALL_mmu_update, (u64)&buffer.update, 1, 0, PV_DOMID_SELF);
}

/* The CPUs of the mask have flushed a place, or everything. */
static void expect_flushes(u64 cpus, bool all, u32 place)
{
	for (u32 cpu = 0; cpu < MACHINE_CPUS; cpu++) {
		if (!(cpus & 1UL << cpu)) {
			continue;
		}
		if (all) {
			expect_flush(cpu);
		} else {
			expect_flush_page(cpu, place);
		}
	}
}

static u64 cpus_of_vcpus(u64 vcpus)
{
	u64 cpus = 0;

	for (u32 cpu = 0; cpu < MACHINE_CPUS; cpu++) {
		cpus |= (u64)(vcpus >> machine_running(cpu)->id & 1) << cpu;
	}
	return cpus;
}

static void step_update_va(u32 cpu)
{
	u32 place = roll(PLACES), value = roll(VALUES), where = roll(3);
	u64 flags = roll(2) ? PV_UVMF_INVLPG : PV_UVMF_TLB_FLUSH;
	bool all = flags == PV_UVMF_TLB_FLUSH;

	buffer.mask = roll(4);
	if (where == 0) {
		call(cpu, PV_HYPERCALL_update_va_mapping, va_of(place), value_entry(value),
		     flags | PV_UVMF_LOCAL, 0);
		expect_flushes(1UL << cpu, all, place);
	} else if (where == 1) {
		call(cpu, PV_HYPERCALL_update_va_mapping, va_of(place), value_entry(value),
		     flags | PV_UVMF_ALL, 0);
		expect_flushes(3, all, place);
	} else {
		call(cpu, PV_HYPERCALL_update_va_mapping, va_of(place), value_entry(value),
		     flags | (u64)&buffer.mask, 0);
		expect_flushes(cpus_of_vcpus(buffer.mask), all, place);
	}
}

static void step_flush(u32 cpu)
{
	static const struct {
		u32 cmd;
		bool all;
		enum { LOCAL, MULTI, EVERYWHERE } where;
	} ways[] = {
		{ PV_MMUEXT_TLB_FLUSH_LOCAL, true, LOCAL },
		{ PV_MMUEXT_TLB_FLUSH_MULTI, true, MULTI },
		{ PV_MMUEXT_TLB_FLUSH_ALL, true, EVERYWHERE },
		{ PV_MMUEXT_INVLPG_LOCAL, false, LOCAL },
		{ PV_MMUEXT_INVLPG_MULTI, false, MULTI },
		{ PV_MMUEXT_INVLPG_ALL, false, EVERYWHERE },
	};
	u32 way = roll(ARRAY_SIZE(ways)), place = roll(PLACES);
	u64 mask = roll(4);
	u64 own = pcid_tags.kernel & CR3_PCID;
	u32 others;

	enter(cpu, HALF_KERNEL);
	others = simpcid_count(cpu, own, va_of(place));
	mmuext(cpu, ways[way].cmd, va_of(place) + roll(4096), mask);
	expect_flushes(ways[way].where == LOCAL ? 1UL << cpu :
		       ways[way].where == MULTI ? cpus_of_vcpus(mask) :
						  3,
		       ways[way].all, place);
	cr_assert(ways[way].all || simpcid_count(cpu, own, va_of(place)) == others,
		  "a flush of a page took others of its half");
}

static void step_roots(u32 cpu)
{
	bool user = roll(2) != 0;
	mfn_t root = space[2 * roll(2) + user].table[4];

	mmuext(cpu, user ? PV_MMUEXT_NEW_USER_BASEPTR : PV_MMUEXT_NEW_BASEPTR, root.v, 0);
	if (user) {
		memset(may[cpu].of_half[HALF_USER], 0, PLACES);
	} else {
		expect_flush(cpu);
	}
}

/* The vCPUs change places. */
static void step_swap(void)
{
	struct vcpu *v[] = { machine_running(0), machine_running(1) };

	machine_run(0, NULL);
	machine_run(1, NULL);
	machine_run(0, v[1]);
	machine_run(1, v[0]);
	expect_flushes(3, true, 0);
}

static void step(void)
{
	u32 cpu = roll(MACHINE_CPUS), which = roll(20);

	if (which < 7) {
		enter(cpu, roll(2) ? HALF_USER : HALF_KERNEL);
	} else if (which < 11) {
		step_write(cpu);
	} else if (which < 14) {
		step_update_va(cpu);
	} else if (which < 17) {
		step_flush(cpu);
	} else if (which < 19) {
		step_roots(cpu);
	} else {
		step_swap();
	}
	check();
}

/* ---- the runs ---- */

static void start(enum pcid_use use)
{
	fake_tlb_has_invpcid = use == PCID_BY_INVPCID;
	pcid_use(use);
	machine_init(256);
	fake_guest_reset();
	fake_guest_map_here(&buffer, sizeof(buffer));
	d = machine_domain(1, 2, 200);
	page[0] = machine_frame(d);
	page[1] = machine_frame(d);
	cr_assert_eq(mm_begin(&d->mm), 0);
	mm_end(&d->mm);
	for (u32 i = 0; i < ROOTS; i++) {
		space[i] = machine_space(d);
		cr_assert_eq(mm_begin(&d->mm), 0);
		cr_assert_eq(frame_pin(&d->mm, space[i].table[4], FRAME_L4), 0);
		mm_end(&d->mm);
	}
	for (u32 i = 0; i < 2; i++) {
		cr_assert_eq(mm_begin(&d->mm), 0);
		cr_assert_eq(frame_get_type(&d->mm, space[0].table[4], FRAME_L4), 0);
		cr_assert_eq(frame_get_type(&d->mm, space[1].table[4], FRAME_L4), 0);
		mm_end(&d->mm);
		vcpu_set_kernel_root(d->vcpus[i], mfn_to_maddr(space[0].table[4]).v);
		vcpu_set_user_root(d->vcpus[i], mfn_to_maddr(space[1].table[4]).v);
	}
	simpcid_begin();
	machine_run(0, d->vcpus[0]);
	machine_run(1, d->vcpus[1]);
	check();
}

static void run_plan(enum pcid_use use)
{
	start(use);
	dice = (struct op_source){ .state = 0x9c1d };
	for (u32 i = 0; i < STEPS; i++) {
		step();
	}
	cr_assert(use == PCID_UNUSED || kept > STEPS / 10, "%u translations kept", kept);
	machine_kill(d);
}

Test(mm_pcid, plan_without_pcids)
{
	run_plan(PCID_UNUSED);
}

Test(mm_pcid, plan_without_invpcid)
{
	run_plan(PCID_BY_RELOAD);
}

Test(mm_pcid, plan_with_invpcid)
{
	run_plan(PCID_BY_INVPCID);
}

/* What CR3 gets: the root, the half's number, and bit 63 so that nothing is dropped. */
Test(mm_pcid, values_of_cr3)
{
	struct vcpu v = { 0 };

	vcpu_set_kernel_root(&v, 0x5000);
	vcpu_set_user_root(&v, 0x7000);
	cr_assert_eq(v.kernel_load, 0x5000);
	cr_assert_eq(v.user_load, 0x7000);
	for (enum pcid_use use = PCID_BY_RELOAD; use <= PCID_BY_INVPCID; use++) {
		pcid_use(use);
		vcpu_set_kernel_root(&v, 0x5000);
		vcpu_set_user_root(&v, 0x7000);
		cr_assert_eq(v.kernel_cr3, 0x5000, "a machine address");
		cr_assert_eq(v.user_cr3, 0x7000);
		cr_assert_eq(v.kernel_load, 0x8000000000005001);
		cr_assert_eq(v.user_load, 0x8000000000007002);
	}
	pcid_use(PCID_UNUSED);
	vcpu_set_kernel_root(&v, 0x5000);
	cr_assert_eq(v.kernel_load, 0x5000);
}

/* INVPCID would fault in the hypervisor on an address that is not canonical; INVLPG does not. */
Test(mm_pcid, addresses_that_are_not_canonical)
{
	static const u64 addresses[] = { 0x0000800000000000, 0x8000000000000000, 0xffff7fffffffffff,
					 0x7fffffffffffffff };

	start(PCID_BY_INVPCID);
	for (u32 i = 0; i < ARRAY_SIZE(addresses); i++) {
		mmuext(0, PV_MMUEXT_INVLPG_LOCAL, addresses[i], 0);
		mmuext(0, PV_MMUEXT_INVLPG_ALL, addresses[i], 0);
	}
	check();
	machine_kill(d);
}
