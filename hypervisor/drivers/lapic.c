/*
 * Local APIC. The register numbers are byte offsets of the xAPIC; as x2APIC
 * register r is MSR 0x800 + r / 16. Two things differ between the modes: the
 * command register (two writes with a wait, or one), and where an APIC id
 * stands.
 */
#include "drivers/lapic.h"

#include <seam/cpu.h>

#include "cpu/features.h"
#include "cpu/insn.h"
#include "cpu/vectors.h"
#include "domain/timer.h"
#include "drivers/acpi.h"
#include "drivers/tsc.h"
#include "lib/log.h"
#include "mm/paging.h"

#define APIC_BASE_X2APIC (1UL << 10)
#define APIC_BASE_ENABLE (1UL << 11)

#define REG_ID            0x020
#define REG_VERSION       0x030
#define REG_TPR           0x080
#define REG_EOI           0x0b0
#define REG_SPURIOUS      0x0f0
#define REG_ERROR         0x280
#define REG_LVT_CMCI      0x2f0
#define REG_ICR           0x300
#define REG_ICR_HIGH      0x310
#define REG_LVT_TIMER     0x320
#define REG_LVT_THERMAL   0x330
#define REG_LVT_PERF      0x340
#define REG_LVT_LINT0     0x350
#define REG_LVT_LINT1     0x360
#define REG_LVT_ERROR     0x370
#define REG_TIMER_INITIAL 0x380
#define REG_TIMER_CURRENT 0x390
#define REG_TIMER_DIVIDE  0x3e0

#define SPURIOUS_ENABLE     (1U << 8)
#define LVT_MASKED          (1U << 16)
#define LVT_NMI             (4U << 8)
#define LVT_EXTINT          (7U << 8)
#define LVT_TSC_DEADLINE    (2U << 17)
#define TIMER_DIVIDE_BY_1   0xbU
#define TIMER_DIVIDE_BY_128 0xaU

#define ICR_FIXED        (0U << 8)
#define ICR_NMI          (4U << 8)
#define ICR_INIT         (5U << 8)
#define ICR_STARTUP      (6U << 8)
#define ICR_PENDING      (1U << 12)
#define ICR_ASSERT       (1U << 14)
#define ICR_ALL_BUT_SELF (3U << 18)

#define MSR_X2APIC       0x800U
#define MSR_X2APIC_ICR   0x830U
#define MSR_TSC_DEADLINE 0x6e0U

#define NS_PER_SECOND 1000000000UL
#define FARTHEST_NS   (1000 * NS_PER_SECOND)
#define MEASURE_NS    10000000U
#define SAMPLES       5
#define WAIT_TRIES    1000000U

static volatile u8 *lapic_base; /* NULL: x2APIC */
static u64 timer_hz;
static bool counts_slowly[HV_MAX_CPUS]; /* its timer is divided by 128 */
static bool is_on;                      /* on the boot CPU: commands may be sent */

static u32 reg_read(u32 reg)
{
	if (lapic_base == NULL) {
		return (u32)msr_read(MSR_X2APIC + reg / 16);
	}
	return *(volatile u32 *)(lapic_base + reg);
}

static void reg_write(u32 reg, u32 value)
{
	if (lapic_base == NULL) {
		msr_write(MSR_X2APIC + reg / 16, value);
	} else {
		*(volatile u32 *)(lapic_base + reg) = value;
	}
}

void lapic_init(void)
{
	bool x2apic = (msr_read(MSR_APIC_BASE) & APIC_BASE_X2APIC) != 0;

	if (!x2apic) {
		lapic_base = paging_map_mmio(acpi_info.lapic_address, PAGE_SIZE);
		if (lapic_base == NULL) {
			panic("lapic: no memory to map it");
		}
	}
	log_info("lapic: %s", x2apic ? "x2APIC" : "xAPIC");
}

/* A CPU must be in the same mode as the first, for the registers are reached in one way. */
static void enable_in_mode(void)
{
	u64 base = msr_read(MSR_APIC_BASE);

	if (!(base & APIC_BASE_ENABLE)) {
		base |= APIC_BASE_ENABLE;
		msr_write(MSR_APIC_BASE, base);
	}
	if (lapic_base == NULL && !(base & APIC_BASE_X2APIC)) {
		msr_write(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
	}
}

void lapic_init_cpu(void)
{
	u32 lvt_max;

	enable_in_mode();
	lvt_max = (reg_read(REG_VERSION) >> 16) & 0xff;
	reg_write(REG_TPR, 0);
	reg_write(REG_SPURIOUS, SPURIOUS_ENABLE | CPU_VECTOR_SPURIOUS);
	reg_write(REG_LVT_TIMER, LVT_MASKED | CPU_VECTOR_TIMER);
	/*
	 * The mode stays what a PC's firmware set: QEMU withdraws a request that an 8259
	 * makes through this pin only while it is ExtINT.
	 */
	reg_write(REG_LVT_LINT0, LVT_MASKED | LVT_EXTINT);
	reg_write(REG_LVT_LINT1, LVT_NMI);
	reg_write(REG_LVT_ERROR, LVT_MASKED);
	if (lvt_max >= 4) {
		reg_write(REG_LVT_PERF, LVT_MASKED);
	}
	if (lvt_max >= 5) {
		reg_write(REG_LVT_THERMAL, LVT_MASKED);
	}
	if (lvt_max >= 6) {
		reg_write(REG_LVT_CMCI, LVT_MASKED);
	}
	reg_write(REG_ERROR, 0);
	is_on = true;
	if (cpu_features.tsc_deadline) {
		reg_write(REG_LVT_TIMER, LVT_TSC_DEADLINE | CPU_VECTOR_TIMER);
		__asm__ volatile("mfence" ::: "memory");
	} else {
		reg_write(REG_TIMER_DIVIDE, TIMER_DIVIDE_BY_1);
		reg_write(REG_TIMER_INITIAL, 0);
		reg_write(REG_LVT_TIMER, CPU_VECTOR_TIMER);
	}
}

u32 lapic_id(void)
{
	return lapic_base == NULL ? reg_read(REG_ID) : reg_read(REG_ID) >> 24;
}

void lapic_eoi(void)
{
	reg_write(REG_EOI, 0);
}

static void icr_wait(void)
{
	for (u32 i = 0; i < WAIT_TRIES && (reg_read(REG_ICR) & ICR_PENDING); i++) {
		cpu_relax();
	}
}

/* What was written to memory before must be seen by the CPU that gets the interrupt. */
static void icr_send(u32 apic_id, u32 command)
{
	if (lapic_base == NULL) {
		__asm__ volatile("mfence; lfence" ::: "memory");
		msr_write(MSR_X2APIC_ICR, (u64)apic_id << 32 | command);
		return;
	}
	icr_wait();
	reg_write(REG_ICR_HIGH, apic_id << 24);
	reg_write(REG_ICR, command);
	icr_wait();
}

void lapic_send_ipi(u32 apic_id, u8 vector)
{
	icr_send(apic_id, ICR_FIXED | ICR_ASSERT | vector);
}

void lapic_send_nmi(u32 apic_id)
{
	icr_send(apic_id, ICR_NMI | ICR_ASSERT);
}

void lapic_send_init(u32 apic_id)
{
	icr_send(apic_id, ICR_INIT | ICR_ASSERT);
}

void lapic_send_startup(u32 apic_id, u8 page)
{
	icr_send(apic_id, ICR_STARTUP | ICR_ASSERT | page);
}

void lapic_send_nmi_others(void)
{
	if (is_on) {
		icr_send(0, ICR_NMI | ICR_ASSERT | ICR_ALL_BUT_SELF);
	}
}

/* The TSC and the timer's count at one moment: the pair of reads that lay closest together. */
struct sample {
	u64 tsc;
	u64 width;
	u32 count;
};

static struct sample take_sample(void)
{
	struct sample best = { .width = UINT64_MAX };

	for (int i = 0; i < SAMPLES; i++) {
		u64 before = cpu_read_tsc();
		u32 count = reg_read(REG_TIMER_CURRENT);
		u64 width = cpu_read_tsc() - before;

		if (width < best.width) {
			best = (struct sample){ before + width / 2, width, count };
		}
	}
	return best;
}

/* Count down from the top for some milliseconds by the TSC. */
void lapic_timer_init(void)
{
	struct sample start, end;

	if (cpu_features.tsc_deadline) {
		log_info("lapic: timer by TSC deadline");
		return;
	}
	reg_write(REG_LVT_TIMER, LVT_MASKED | CPU_VECTOR_TIMER);
	reg_write(REG_TIMER_INITIAL, UINT32_MAX);
	start = take_sample();
	while (scale_to_ns(tsc_scale, cpu_read_tsc() - start.tsc) < MEASURE_NS) {
		cpu_relax();
	}
	end = take_sample();
	reg_write(REG_TIMER_INITIAL, 0);
	reg_write(REG_LVT_TIMER, CPU_VECTOR_TIMER);
	timer_hz = mul_div_u64(start.count - end.count, tsc_hz, end.tsc - start.tsc);
	timer_hz = scale_roundest(timer_hz, timer_hz / 10000);
	if (timer_hz == 0) {
		panic("lapic: the timer does not count");
	}
	log_info("lapic: timer at %lu kHz", timer_hz / 1000);
}

/* The count is written next, which starts the timer anew. */
static void count_slowly(bool slowly)
{
	if (counts_slowly[cpu_id()] != slowly) {
		counts_slowly[cpu_id()] = slowly;
		reg_write(REG_TIMER_DIVIDE, slowly ? TIMER_DIVIDE_BY_128 : TIMER_DIVIDE_BY_1);
	}
}

/*
 * Far ahead the timer counts slowly, or a CPU with nothing to do would wake every few
 * seconds because the count has 32 bits only. Where it has to be cut all the same, the
 * interrupt that comes too early sets the timer again.
 */
static void set_one_shot(u64 ns)
{
	u64 now = time_now_ns();
	u64 delta = ns > now ? ns - now : 0;
	bool slowly = delta >= NS_PER_SECOND;
	u64 count;

	if (ns == UINT64_MAX) {
		reg_write(REG_TIMER_INITIAL, 0);
		return;
	}
	count = mul_div_u64(MIN(delta, FARTHEST_NS), timer_hz, NS_PER_SECOND);
	count_slowly(slowly);
	reg_write(REG_TIMER_INITIAL, (u32)MIN((slowly ? count / 128 : count) + 1, UINT32_MAX));
}

void lapic_timer_set(u64 ns)
{
	if (cpu_features.tsc_deadline) {
		msr_write(MSR_TSC_DEADLINE, ns == UINT64_MAX ? 0 : tsc_at_ns(ns));
	} else {
		set_one_shot(ns);
	}
}
