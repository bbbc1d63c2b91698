/* The simulated TLBs; what they are for is in simtlb.h. */
#include "simtlb.h"

#include <string.h>

#include <seam/cpu.h>
#include <seam/directmap.h>

#include "fake_points.h"
#include "fake_tlb.h"
#include "machine.h"
#include "model.h"

#define STORES 64

struct tlb {
	u16 domain; /* whose translations these are */
	bool reads[MODEL_FRAMES];
	bool writes[MODEL_FRAMES];
	bool walks[MODEL_FRAMES][5]; /* by level */
};

static struct tlb tlbs[MACHINE_CPUS];
static const char *wrong; /* seen in the middle of an operation */

static struct {
	u64 *word;
	u64 old;
} stores[MACHINE_CPUS][STORES];
static u32 store_count[MACHINE_CPUS];

bool (*simtlb_attack)(u64 frame, u32 *index, u64 *value);

/* ---- stores on their way ---- */

void simtlb_note_store(u32 cpu, u64 *word)
{
	if (store_count[cpu] < STORES) {
		stores[cpu][store_count[cpu]].word = word;
		stores[cpu][store_count[cpu]].old = *word;
		store_count[cpu]++;
	}
}

void simtlb_drain(u32 cpu)
{
	store_count[cpu] = 0;
}

/* ---- growing ---- */

static void hold_entry(struct tlb *t, u32 level, u64 e, bool *grew)
{
	u64 f = pte_mfn(e).v;

	if (!(e & PTE_PRESENT)) {
		return;
	}
	if (f >= MODEL_FRAMES) {
		wrong = "a CPU may walk to where no memory is";
		return;
	}
	if (level == 1) {
		t->reads[f] = true;
		t->writes[f] |= (e & PTE_WRITE) != 0;
	} else if (!t->walks[f][level - 1]) {
		t->walks[f][level - 1] = true;
		*grew = true;
	}
}

/* Old values, too, of what other CPUs have stored but perhaps not shown. */
static void hold_hidden(struct tlb *t, u32 cpu, u64 *word, u32 level, bool *grew)
{
	for (u32 other = 0; other < MACHINE_CPUS; other++) {
		for (u32 i = 0; other != cpu && i < store_count[other]; i++) {
			if (stores[other][i].word == word) {
				hold_entry(t, level, stores[other][i].old, grew);
			}
		}
	}
}

static void hold_table(struct tlb *t, u32 cpu, u64 f, u32 level, bool *grew)
{
	u64 *table = mfn_to_virt(mfn(f));

	for (u32 i = 0; i < PTE_TABLE_ENTRIES; i++) {
		if (level == 4 && i >= HV_L4_FIRST_SLOT && i <= HV_L4_LAST_SLOT) {
			continue;
		}
		hold_entry(t, level, table[i], grew);
		hold_hidden(t, cpu, &table[i], level, grew);
	}
}

/* Everything that the CPU can reach now is held from now on. */
static void grow(u32 cpu)
{
	struct tlb *t = &tlbs[cpu];
	const struct vcpu *v = machine_running(cpu);
	bool grew = false;

	if (v == NULL || machine_cr3(cpu) == 0) {
		return;
	}
	t->domain = v->domain->id;
	t->walks[machine_cr3(cpu) >> PAGE_SHIFT][4] = true;
	if (v->user_cr3 != 0) {
		t->walks[v->user_cr3 >> PAGE_SHIFT][4] = true;
	}
	for (u32 level = 4; level >= 1; level--) {
		for (u64 f = 0; f < MODEL_FRAMES; f++) {
			if (t->walks[f][level]) {
				hold_table(t, cpu, f, level, &grew);
			}
		}
	}
}

/* ---- flushing ---- */

static bool is_in_other_use(const struct frame *f)
{
	return f->type_refs != 0 && f->type != FRAME_NONE && f->type != FRAME_WRITABLE;
}

static void attack(const struct tlb *t)
{
	for (u64 f = 0; simtlb_attack != NULL && f < MODEL_FRAMES; f++) {
		u32 index;
		u64 value;

		if (t->writes[f] && frame_at(mfn(f))->owner == t->domain &&
		    is_in_other_use(frame_at(mfn(f))) && simtlb_attack(f, &index, &value)) {
			machine_poke(mfn(f), index, value);
		}
	}
}

/* Only a flush of everything counts: no tag and no change of half may be depended on. */
static void flushed(u32 cpu, const struct fake_tlb_event *what)
{
	if (what->kind != FAKE_TLB_ALL) {
		return;
	}
	simtlb_drain(cpu); /* CR4 and CR3 are written serializing */
	attack(&tlbs[cpu]);
	memset(&tlbs[cpu], 0, sizeof(tlbs[cpu]));
	grow(cpu);
}

/* ---- judging ---- */

/* Another domain's frame, which that one has granted, and keeps pinned for as long as this lasts. */
static bool is_granted(const struct tlb *t, u64 f)
{
	return frame_at(mfn(f))->owner < FRAME_OWNER_FREE &&
	       machine_is_pinned(f, t->domain, t->writes[f]);
}

static const char *judge_owner(const struct tlb *t, u64 f)
{
	bool maps = t->reads[f] || t->writes[f], walks = false;

	for (u32 level = 1; level <= 4; level++) {
		walks |= t->walks[f][level];
	}
	if (frame_at(mfn(f))->owner == t->domain || !(maps || walks)) {
		return NULL;
	}
	return walks || !is_granted(t, f) ?
		       "a CPU may hold a translation to a frame that is not its domain's any more" :
		       NULL;
}

static const char *judge_frame(const struct tlb *t, u64 f)
{
	const struct frame *frame = frame_at(mfn(f));

	for (u32 level = 1; level <= 4; level++) {
		if (t->walks[f][level] && frame->type != level) {
			return "a CPU may walk through a frame that is no such table any more";
		}
	}
	if (t->writes[f] && is_in_other_use(frame)) {
		return "a CPU may write to a table or to descriptors";
	}
	return judge_owner(t, f);
}

/* Whenever the allocator is at work: nothing that is free or the hypervisor's may be held. */
static void at_point(enum fake_point point, void *what)
{
	if (point != FAKE_POINT_LOCKED || machine_is_domain_lock(what)) {
		return;
	}
	for (u32 cpu = 0; cpu < MACHINE_CPUS; cpu++) {
		for (u64 f = 0; wrong == NULL && f < MODEL_FRAMES; f++) {
			wrong = judge_owner(&tlbs[cpu], f);
		}
	}
}

const char *simtlb_check(void)
{
	for (u32 cpu = 0; cpu < MACHINE_CPUS; cpu++) {
		for (u64 f = 0; wrong == NULL && f < MODEL_FRAMES; f++) {
			wrong = judge_frame(&tlbs[cpu], f);
		}
	}
	for (u32 cpu = 0; wrong == NULL && cpu < MACHINE_CPUS; cpu++) {
		grow(cpu);
	}
	for (u32 cpu = 0; cpu < MACHINE_CPUS; cpu++) {
		for (u64 f = 0; wrong == NULL && f < MODEL_FRAMES; f++) {
			wrong = judge_frame(&tlbs[cpu], f);
		}
	}
	return wrong;
}

void simtlb_begin(void)
{
	memset(tlbs, 0, sizeof(tlbs));
	memset(store_count, 0, sizeof(store_count));
	wrong = NULL;
	fake_tlb_watch = flushed;
	fake_point_hook = at_point;
}
