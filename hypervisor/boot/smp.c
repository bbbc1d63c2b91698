/*
 * Starting the other CPUs, one at a time, by the INIT and start-up messages of
 * the local APIC. Each comes through trampoline.S and entry32.S to
 * smp_ap_main(), on its own stack.
 */
#include "boot/smp.h"

#include <seam/cpu.h>
#include <seam/directmap.h>

#include "cpu/features.h"
#include "cpu/insn.h"
#include "cpu/ipi.h"
#include "cpu/percpu.h"
#include "cpu/tables.h"
#include "domain/sched.h"
#include "domain/timer.h"
#include "drivers/acpi.h"
#include "drivers/lapic.h"
#include "drivers/tsc.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/paging.h"

#define INIT_WAIT_NS    10000000UL
#define STARTUP_WAIT_NS 200000UL
#define ANSWER_WAIT_NS  1000000000UL

/* trampoline.S, entry32.S */
extern const char trampoline_start[], trampoline_end[];
extern u64 boot_l4[512];

/* For entry32.S: the stack of the CPU that is being started, and where it goes. */
extern u64 smp_ap_stack;
void noreturn_fn smp_ap_main(void);

u64 smp_ap_stack;
static u32 online_count = 1; /* CPUs that reached smp_ap_main(), and the boot CPU */
static u32 scheduling_count; /* CPUs that left it */
static bool released;
static u64 boot_cpu_tsc;

void smp_ap_main(void)
{
	features_init_cpu();
	paging_load();
	tables_load();
	lapic_init_cpu();
	ipi_init_cpu();
	tsc_check_cpu(READ_ONCE(boot_cpu_tsc));
	__atomic_fetch_add(&online_count, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&released, __ATOMIC_ACQUIRE)) {
		cpu_serve();
	}
	timer_init_cpu();
	sched_init_cpu();
	__atomic_fetch_add(&scheduling_count, 1, __ATOMIC_SEQ_CST);
	sched_start();
}

static void wait_ns(u64 ns)
{
	u64 end = time_now_ns() + ns;

	while (time_now_ns() < end) {
		cpu_relax();
	}
}

/* Wait until a CPU has come, at most this long. */
static bool wait_online(u32 count, u64 ns)
{
	u64 end = time_now_ns() + ns;

	while (__atomic_load_n(&online_count, __ATOMIC_ACQUIRE) < count) {
		if (time_now_ns() >= end) {
			return false;
		}
		WRITE_ONCE(boot_cpu_tsc, cpu_read_tsc());
		cpu_relax();
	}
	return true;
}

static bool start_cpu(u32 cpu, u32 apic_id, maddr_t trampoline)
{
	u8 page = (u8)(trampoline.v >> PAGE_SHIFT);

	cpu_apic_id[cpu] = apic_id;
	smp_ap_stack = (u64)percpu_info(cpu);
	lapic_send_init(apic_id);
	wait_ns(INIT_WAIT_NS);
	lapic_send_startup(apic_id, page);
	if (!wait_online(cpu + 1, STARTUP_WAIT_NS)) {
		lapic_send_startup(apic_id, page);
	}
	if (wait_online(cpu + 1, ANSWER_WAIT_NS)) {
		return true;
	}
	lapic_send_init(apic_id); /* should it still be on its way, stop it */
	wait_ns(INIT_WAIT_NS);
	return false;
}

static void prepare_trampoline(maddr_t trampoline)
{
	memcpy(maddr_to_virt(trampoline), trampoline_start,
	       (size_t)(trampoline_end - trampoline_start));
	/* The CPUs arrive with the boot tables; these must know what their code touches. */
	paging_install_hv_slots(boot_l4);
}

void smp_start(maddr_t trampoline)
{
	u32 boot_cpu = lapic_id();

	cpu_apic_id[0] = boot_cpu;
	if (trampoline.v == 0) {
		log_error("cpu: no memory below 1 MiB to start others in");
		return;
	}
	prepare_trampoline(trampoline);
	for (u32 i = 0; i < acpi_info.cpu_count && cpu_count < HV_MAX_CPUS; i++) {
		u32 apic_id = acpi_info.cpu_apic_ids[i];

		if (apic_id == boot_cpu) {
			continue;
		}
		if (percpu_init(cpu_count) != 0) {
			log_error("cpu: no memory for another CPU");
			break;
		}
		if (start_cpu(cpu_count, apic_id, trampoline)) {
			cpu_count++;
		} else {
			log_error("cpu: the CPU with APIC id %u does not start", apic_id);
			percpu_fini(cpu_count);
		}
	}
	log_info("cpu: %u running", cpu_count);
}

void smp_release(void)
{
	__atomic_store_n(&released, true, __ATOMIC_RELEASE);
	while (__atomic_load_n(&scheduling_count, __ATOMIC_ACQUIRE) + 1 < cpu_count) {
		cpu_serve();
	}
}
