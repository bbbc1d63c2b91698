/* Time and deadlines; see timer.h. */
#include "timer.h"

#include "cpu.h"
#include "events.h"
#include "hypercall.h"
#include "power.h"
#include "start.h"

#define NS_PER_SECOND 1000000000ul

static unsigned event_count[KIT_MAX_VCPUS];

static void timer_fired(unsigned port, void *arg)
{
	(void)port;
	(void)arg;
	event_count[cpu_current()->id]++;
}

void timer_init(void)
{
	timer_init_cpu();
}

void timer_init_cpu(void)
{
	unsigned id = cpu_current()->id;
	int port;

	hypercall_vcpu_op(PV_VCPUOP_stop_periodic_timer, id, NULL);
	port = events_bind_virq(PV_VIRQ_TIMER, id, timer_fired, NULL);
	if (port < 0) {
		power_panic("timer of vCPU %u: %d", id, port);
	}
}

/* Ticks since the stamp, scaled by a shift and a 32.32 fixed-point factor. */
static uint64_t scale_ticks(uint64_t ticks, uint32_t mul, int8_t shift)
{
	ticks = shift >= 0 ? ticks << shift : ticks >> -shift;
	return (uint64_t)((unsigned __int128)ticks * mul >> 32);
}

uint64_t timer_now_ns(void)
{
	volatile struct pv_vcpu_time_info *time = &cpu_current()->info->time;
	uint32_t version;
	uint64_t now;

	/* The version is odd during an update and changes with each one. */
	do {
		version = time->version;
		cpu_barrier();
		now = time->system_time + scale_ticks(cpu_read_tsc() - time->tsc_timestamp,
						      time->tsc_to_system_mul, time->tsc_shift);
		cpu_barrier();
	} while ((version & 1) != 0 || version != time->version);
	return now;
}

uint64_t timer_wall_ns(void)
{
	volatile struct pv_shared_info *shared = shared_info;
	uint32_t version;
	uint64_t boot;

	do {
		version = shared->wc_version;
		cpu_barrier();
		boot = ((uint64_t)shared->wc_sec_hi << 32 | shared->wc_sec) * NS_PER_SECOND +
		       shared->wc_nsec;
		cpu_barrier();
	} while ((version & 1) != 0 || version != shared->wc_version);
	return boot + timer_now_ns();
}

void timer_set_deadline(uint64_t deadline)
{
	struct pv_vcpu_set_singleshot_timer timer = { .timeout_abs_ns = deadline };
	long rc = hypercall_vcpu_op(PV_VCPUOP_set_singleshot_timer, cpu_current()->id, &timer);

	if (rc != 0) {
		power_panic("set_singleshot_timer: %ld", rc);
	}
}

void timer_sleep_ns(uint64_t ns)
{
	uint64_t deadline = timer_now_ns() + ns;
	bool enabled = events_disable();

	while (timer_now_ns() < deadline) {
		timer_set_deadline(deadline);
		events_wait();
	}
	events_restore(enabled);
}

unsigned timer_event_count(void)
{
	return __atomic_load_n(&event_count[cpu_current()->id], __ATOMIC_RELAXED);
}
