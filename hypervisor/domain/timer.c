/*
 * Timers: a pairing heap per CPU, whose nodes are the timers themselves, so
 * setting one needs no memory. A node's children are a list through .next; .prev
 * of the first leads to the parent. The earliest is the root.
 *
 * The APIC timer is only moved to an earlier time as long as the CPU has something to
 * run. Where the earliest timer goes or is put off, the interrupt comes all the same and
 * sets the next: guests put their timers off far more often than these expire. A CPU
 * that waits is not woken for that (timer_wait).
 */
#include "domain/timer.h"

#include <seam/cpu.h>

#include "drivers/lapic.h"
#include "drivers/tsc.h"
#include "lib/lock.h"
#include "mm/layout.h"

static struct timer_heap {
	struct spinlock lock; /* everything here, and the timers on the heap */
	struct timer *root;
	struct timer *running; /* its fire is being called, without the lock */
	u64 programmed_ns;     /* when the interrupt will come; UINT64_MAX: never */
} aligned_to(64) heaps[HV_MAX_CPUS];

u64 time_now_ns(void)
{
	return scale_to_ns(tsc_scale, cpu_read_tsc() - tsc_start);
}

/* Make one heap of two; both are roots, either may be NULL. */
static struct timer *heap_merge(struct timer *a, struct timer *b)
{
	struct timer *earlier, *later;

	if (a == NULL || b == NULL) {
		return a == NULL ? b : a;
	}
	earlier = a->deadline_ns <= b->deadline_ns ? a : b;
	later = earlier == a ? b : a;
	later->prev = earlier;
	later->next = earlier->child;
	if (later->next != NULL) {
		later->next->prev = later;
	}
	earlier->child = later;
	return earlier;
}

/*
 * Make one heap of a list of siblings: merge them in pairs from left to right,
 * then the pairs from right to left. The first pass builds its list of pairs
 * backwards, through .next.
 */
static struct timer *heap_merge_siblings(struct timer *first)
{
	struct timer *pairs = NULL;
	struct timer *root = NULL;

	while (first != NULL) {
		struct timer *second = first->next;
		struct timer *rest = second == NULL ? NULL : second->next;
		struct timer *pair = heap_merge(first, second);

		pair->next = pairs;
		pairs = pair;
		first = rest;
	}
	while (pairs != NULL) {
		struct timer *next = pairs->next;

		root = heap_merge(root, pairs);
		pairs = next;
	}
	if (root != NULL) {
		root->prev = NULL;
		root->next = NULL;
	}
	return root;
}

static void heap_insert(struct timer_heap *heap, struct timer *t)
{
	t->child = NULL;
	t->next = NULL;
	t->prev = NULL;
	heap->root = heap_merge(heap->root, t);
	WRITE_ONCE(t->is_set, true);
}

/* Take a timer that is no root out of its list of siblings. */
static void heap_cut(struct timer *t)
{
	if (t->prev->child == t) {
		t->prev->child = t->next;
	} else {
		t->prev->next = t->next;
	}
	if (t->next != NULL) {
		t->next->prev = t->prev;
	}
}

static void heap_remove(struct timer_heap *heap, struct timer *t)
{
	struct timer *children = heap_merge_siblings(t->child);

	if (heap->root == t) {
		heap->root = children;
	} else {
		heap_cut(t);
		heap->root = heap_merge(heap->root, children);
	}
	WRITE_ONCE(t->is_set, false);
}

/* Let the interrupt come in time for the root. */
static void heap_program(struct timer_heap *heap)
{
	u64 wanted = heap->root == NULL ? UINT64_MAX : heap->root->deadline_ns;

	if (wanted < heap->programmed_ns) {
		heap->programmed_ns = wanted;
		lapic_timer_set(wanted);
	}
}

void timer_wait(void)
{
	struct timer_heap *heap = &heaps[cpu_id()];
	u64 wanted;

	spin_lock(&heap->lock);
	wanted = heap->root == NULL ? UINT64_MAX : heap->root->deadline_ns;
	if (wanted != heap->programmed_ns) {
		heap->programmed_ns = wanted;
		lapic_timer_set(wanted);
	}
	spin_unlock(&heap->lock);
}

/* Lock the heap that t is on, and return its CPU. Which one that is changes only under its lock. */
static u32 lock_heap_of(const struct timer *t)
{
	for (;;) {
		u32 cpu = READ_ONCE(t->cpu);

		spin_lock(&heaps[cpu].lock);
		if (READ_ONCE(t->cpu) == cpu) {
			return cpu;
		}
		spin_unlock(&heaps[cpu].lock);
	}
}

/* Take t off its heap and put it on none, of CPU `to`; that heap's lock is held on return. */
static void timer_move(struct timer *t, u32 to)
{
	u32 from = lock_heap_of(t);

	while (t->is_set || from != to) {
		if (t->is_set) {
			heap_remove(&heaps[from], t);
		}
		if (from == to) {
			return;
		}
		WRITE_ONCE(t->cpu, to);
		spin_unlock(&heaps[from].lock);
		from = lock_heap_of(t);
	}
}

void timer_init_cpu(void)
{
	heaps[cpu_id()].programmed_ns = UINT64_MAX;
}

void timer_init(struct timer *t, void (*fire)(void *arg), void *arg)
{
	*t = (struct timer){ .fire = fire, .arg = arg };
}

void timer_set(struct timer *t, u64 deadline_ns)
{
	u32 cpu = cpu_id();

	timer_move(t, cpu);
	t->deadline_ns = deadline_ns;
	heap_insert(&heaps[cpu], t);
	if (deadline_ns <= time_now_ns()) {
		cpu_info()->work |= CPU_WORK_TIMER;
	} else {
		heap_program(&heaps[cpu]);
	}
	spin_unlock(&heaps[cpu].lock);
}

/* Take t off its heap; the CPU where it fired last. */
static u32 take_off(struct timer *t)
{
	u32 from = lock_heap_of(t);
	u32 fired_cpu;

	if (t->is_set) {
		heap_remove(&heaps[from], t);
	}
	fired_cpu = t->fired_cpu;
	spin_unlock(&heaps[from].lock);
	return fired_cpu;
}

static bool is_being_fired(const struct timer *t, u32 cpu)
{
	return __atomic_load_n(&heaps[cpu].running, __ATOMIC_ACQUIRE) == t;
}

void timer_stop(struct timer *t)
{
	for (;;) {
		u32 fired_cpu = take_off(t);

		if (fired_cpu == cpu_id() || !is_being_fired(t, fired_cpu)) {
			return;
		}
		while (is_being_fired(t, fired_cpu)) {
			cpu_serve();
		}
		/* Its fire may have set it again. */
	}
}

/* Call fire of a timer that is due. Its memory may be gone as soon as `running` is cleared. */
static void run_one(struct timer_heap *heap, struct timer *t)
{
	void (*fire)(void *arg) = t->fire;
	void *arg = t->arg;

	heap_remove(heap, t);
	t->fired_cpu = cpu_id();
	WRITE_ONCE(heap->running, t);
	spin_unlock(&heap->lock);
	fire(arg);
	__atomic_store_n(&heap->running, NULL, __ATOMIC_RELEASE);
	spin_lock(&heap->lock);
}

/*
 * What is due at the time of the call; what falls due or is set for the past
 * while it runs gets another call, so that this one ends.
 */
void timer_run(void)
{
	struct timer_heap *heap = &heaps[cpu_id()];
	bool interrupted = (cpu_info()->work & CPU_WORK_TIMER) != 0;
	u64 now = time_now_ns();
	u64 programmed_ns;

	cpu_info()->work &= ~CPU_WORK_TIMER;
	spin_lock(&heap->lock);
	/* The interrupt may also have come early: its count was cut short. */
	programmed_ns = interrupted || now >= heap->programmed_ns ? UINT64_MAX :
								    heap->programmed_ns;
	heap->programmed_ns = 0; /* what fire functions set is programmed once, below */
	while (heap->root != NULL && heap->root->deadline_ns <= now) {
		run_one(heap, heap->root);
	}
	heap->programmed_ns = programmed_ns;
	heap_program(heap);
	spin_unlock(&heap->lock);
}
