/* Two CPUs at once; see race.h. */
#include "race.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

#include <seam/cpu.h>
#include <seam/directmap.h>

#include "fake_guest.h"
#include "fake_memory.h"
#include "fake_points.h"
#include "simtlb.h"

static struct {
	bool is_on;
	sem_t baton[2];
	bool is_done[2]; /* its hypercall is over: it runs its guest */
	u64 state;
	u32 (*choose)(u32 cpu, enum fake_point point);
	/* a call of one CPU that the other has not answered */
	struct {
		void (*fn)(void *arg);
		void *arg;
		bool is_there;
	} call[2]; /* by who is to answer */
} race;

static _Thread_local u32 thread_cpu;
static struct driver second; /* what CPU 1's calls need: their own buffer */
static void (*watch_before)(enum fake_point point, void *what);

static void pass_to(u32 cpu)
{
	u32 me = cpu_id();

	sem_post(&race.baton[cpu]);
	while (sem_wait(&race.baton[me]) != 0) {
	}
}

/* Answer the other CPU's call, as this CPU. */
static void answer(u32 cpu)
{
	if (race.call[cpu].is_there) {
		race.call[cpu].fn(race.call[cpu].arg);
		race.call[cpu].is_there = false;
	}
}

static u32 next_cpu(u32 me, enum fake_point point)
{
	if (race.choose != NULL) {
		return race.choose(me, point);
	}
	race.state = race.state * 6364136223846793005UL + 1442695040888963407UL;
	return (race.state >> 40) % 3 == 0 ? !me : me;
}

static void at_point(enum fake_point point, void *what)
{
	u32 me = cpu_id();

	if (watch_before != NULL) {
		watch_before(point, what);
	}
	if (!race.is_on) {
		return;
	}
	if (me != thread_cpu) {
		return; /* in the place of the other, whose guest runs */
	}
	if (point == FAKE_POINT_STORE && (u8 *)what >= fake_memory &&
	    (u8 *)what < fake_memory + frame_count * PAGE_SIZE) {
		simtlb_note_store(me, what);
	} else if (point == FAKE_POINT_RMW || point == FAKE_POINT_LOCK) {
		simtlb_drain(me);
	}
	if (!race.is_done[!me] && next_cpu(me, point) != me) {
		pass_to(!me);
	}
}

/* Spinning: answer, and let the other go on, for it has what is waited for. */
void cpu_serve(void)
{
	u32 me = cpu_id();

	if (!race.is_on) {
		return;
	}
	answer(me);
	if (!race.is_done[!me]) {
		pass_to(!me);
	}
}

/* A call to the other CPU: at once if it runs its guest, else when it comes to answer. */
static void call_other(u64 mask, void (*fn)(void *arg), void *arg)
{
	u32 me = cpu_id(), other = !me;

	if (!(mask & (1UL << other))) {
		return;
	}
	if (!race.is_on || race.is_done[other]) {
		machine_be(other);
		fn(arg);
		machine_be(me);
		return;
	}
	race.call[other].fn = fn;
	race.call[other].arg = arg;
	race.call[other].is_there = true;
	while (race.call[other].is_there) {
		cpu_serve();
	}
}

struct thread {
	struct race_side *side;
	u32 locks_left;
};

static void end_side(u32 me)
{
	answer(me);
	simtlb_drain(me);
	race.is_done[me] = true;
}

static void *run_second(void *arg)
{
	struct thread *t = arg;

	while (sem_wait(&race.baton[1]) != 0) {
	}
	thread_cpu = 1;
	machine_be(1);
	driver_call(&second, t->side->ops, t->side->n, &t->side->result);
	end_side(1);
	t->locks_left = fake_locks_held;
	sem_post(&race.baton[0]);
	return NULL;
}

static void resolve(struct driver *w, const struct race_side *side, struct driver *into)
{
	struct model_who who;

	if (!driver_who(w, into == &second, &who)) {
		return;
	}
	for (u32 i = 0; i < side->n; i++) {
		into->at[i].frame = driver_frame(w, who, side->ops[i].frame);
		into->at[i].to = driver_frame(w, who, side->ops[i].to);
		into->at[i].entry = driver_entry(w, who, &side->ops[i]);
	}
}

static u32 run_both(struct driver *w, struct race_side sides[2])
{
	struct thread t = { .side = &sides[1] };
	pthread_t thread;

	memset(race.is_done, 0, sizeof(race.is_done));
	sem_init(&race.baton[0], 0, 0);
	sem_init(&race.baton[1], 0, 0);
	machine_be(0);
	pthread_create(&thread, NULL, run_second, &t);
	race.is_on = true;
	driver_call(w, sides[0].ops, sides[0].n, &sides[0].result);
	end_side(0);
	if (!race.is_done[1]) {
		sem_post(&race.baton[1]);
		while (sem_wait(&race.baton[0]) != 0) {
		}
	}
	race.is_on = false;
	pthread_join(thread, NULL);
	return t.locks_left;
}

/* ---- one after the other ---- */

static const char *follow(struct driver *w, const struct race_side *side, u32 cpu)
{
	struct model_who who;

	if (!driver_who(w, cpu, &who)) {
		return NULL;
	}
	if (cpu == 1) {
		memcpy(&w->buffer, &second.buffer, sizeof(w->buffer));
		memcpy(w->at, second.at, sizeof(w->at));
	}
	return driver_model(w, who, side->ops, side->n, &side->result);
}

static const char *in_order(struct driver *w, struct race_side sides[2], u32 first)
{
	static struct driver saved;
	const char *why;

	memcpy(&saved.buffer, &w->buffer, sizeof(w->buffer));
	memcpy(saved.at, w->at, sizeof(w->at));
	for (u32 i = 0; i < 2; i++) {
		memcpy(&w->buffer, &saved.buffer, sizeof(w->buffer));
		memcpy(w->at, saved.at, sizeof(w->at));
		why = follow(w, &sides[first ^ i], first ^ i);
		if (why != NULL) {
			break;
		}
	}
	memcpy(&w->buffer, &saved.buffer, sizeof(w->buffer));
	memcpy(w->at, saved.at, sizeof(w->at));
	return why != NULL ? why : driver_compare(w, DRIVER_ADOPT_ALL);
}

static const char *explain(struct driver *w, struct race_side sides[2])
{
	static struct model before;
	static u64 slots[MODEL_DOMAINS][OP_OWN_FRAMES];
	const char *why;

	memcpy(&before, &w->model, sizeof(before));
	memcpy(slots, w->slot, sizeof(slots));
	why = in_order(w, sides, 0);
	if (why != NULL) {
		memcpy(&w->model, &before, sizeof(before));
		memcpy(w->slot, slots, sizeof(slots));
		why = in_order(w, sides, 1);
	}
	return why;
}

const char *race_run(struct driver *w, struct race_side sides[2], u64 seed,
		     u32 (*choose)(u32 cpu, enum fake_point point))
{
	const char *why;
	u32 locks;

	race.state = seed;
	race.choose = choose;
	memcpy(second.domain, w->domain, sizeof(w->domain));
	resolve(w, &sides[0], w);
	resolve(w, &sides[1], &second);
	w->attack_count = 0;
	w->is_racing = second.is_racing = true;
	locks = run_both(w, sides);
	w->is_racing = false;
	machine_be(0);
	why = locks != 0 ? "CPU 1 still holds a lock" : machine_check();
	if (why == NULL) {
		why = simtlb_check();
	}
	return why != NULL ? why : explain(w, sides);
}

void race_begin(struct driver *w)
{
	fake_guest_map_here(&second.buffer, sizeof(second.buffer));
	watch_before = fake_point_hook;
	fake_point_hook = at_point;
	machine_ipi = call_other;
}
