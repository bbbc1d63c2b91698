/*
 * Measuring the TSC. A reference counter is read between two reads of the TSC,
 * at the start and at the end of some milliseconds; the pair that lies closest
 * together out of a few is kept. How wide those pairs are, and the step of the
 * reference, bound the error, and within it the roundest frequency is taken:
 * so an emulator that counts 1 ns an instruction has exactly 1 GHz.
 */
#include "drivers/tsc.h"

#include <seam/cpu.h>

#include "drivers/hpet.h"
#include "drivers/pmtimer.h"
#include "drivers/port_io.h"
#include "lib/log.h"

#define MEASURE_MS     10U
#define SAMPLES        5
#define WAIT_TICKS_MAX (1ULL << 34) /* seconds of TSC, whatever its rate */
#define ERROR_PPM_MAX  200U
#define FS_PER_MS      1000000000000ULL
#define FS_PER_S       1000000000000000ULL

u64 tsc_hz;
u32 tsc_khz;
struct time_scale tsc_scale;
u64 tsc_start;

struct reference {
	const char *name;
	u32 (*read)(void);
	u64 hz; /* ticks a second, if period_fs is 0 */
	u64 period_fs;
	u32 mask; /* of the counter's bits */
};

struct sample {
	u64 tsc; /* in the middle of the read */
	u64 width;
	u32 ticks;
};

static struct sample take_sample(const struct reference *ref)
{
	struct sample best = { .width = UINT64_MAX };

	for (int i = 0; i < SAMPLES; i++) {
		u64 before = cpu_read_tsc();
		u32 ticks = ref->read();
		u64 width = cpu_read_tsc() - before;

		if (width < best.width) {
			best = (struct sample){ before + width / 2, width, ticks };
		}
	}
	return best;
}

/* TSC ticks a second from `ticks` of the reference. */
static u64 frequency(const struct reference *ref, u64 tsc, u64 ticks)
{
	if (ref->period_fs != 0) {
		return mul_div_u64(tsc, FS_PER_S, ticks * ref->period_fs);
	}
	return mul_div_u64(tsc, ref->hz, ticks);
}

static u64 ticks_in(const struct reference *ref, u32 ms)
{
	if (ref->period_fs != 0) {
		return ms * FS_PER_MS / ref->period_fs;
	}
	return ref->hz * ms / 1000;
}

static void measure(const struct reference *ref)
{
	u64 wanted = ticks_in(ref, MEASURE_MS);
	struct sample start = take_sample(ref);
	struct sample end;
	u64 tsc, ticks, step, error;

	while (((ref->read() - start.ticks) & ref->mask) < wanted) {
		if (cpu_read_tsc() - start.tsc > WAIT_TICKS_MAX) {
			panic("tsc: the %s stands still", ref->name);
		}
		cpu_relax();
	}
	end = take_sample(ref);
	tsc = end.tsc - start.tsc;
	ticks = (end.ticks - start.ticks) & ref->mask;
	tsc_hz = frequency(ref, tsc, ticks);
	step = tsc / ticks + 1;
	error = mul_div_u64(tsc_hz, (start.width + end.width) / 2 + step, tsc);
	tsc_hz = scale_roundest(tsc_hz, MIN(error, tsc_hz / 1000000 * ERROR_PPM_MAX));
}

#define PIT_HZ       1193182U
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND  0x43
#define PIT_GATE     0x61

/* Channel 2 counts down 65536 steps over and over (mode 2), its gate on, the speaker off. */
static void pit_init(void)
{
	port_write8(PIT_GATE, (u8)((port_read8(PIT_GATE) & ~2) | 1));
	port_write8(PIT_COMMAND, 0xb4);
	port_write8(PIT_CHANNEL2, 0);
	port_write8(PIT_CHANNEL2, 0);
}

/* Counting up, as the others do. */
static u32 pit_read(void)
{
	u32 low, high;

	port_write8(PIT_COMMAND, 0x80); /* latch channel 2 */
	low = port_read8(PIT_CHANNEL2);
	high = port_read8(PIT_CHANNEL2);
	return 0U - (low | high << 8);
}

static struct reference choose_reference(void)
{
	if (hpet_init()) {
		return (struct reference){
			.name = "HPET",
			.read = hpet_read,
			.period_fs = hpet_period_fs(),
			.mask = UINT32_MAX,
		};
	}
	if (pmtimer_init()) {
		return (struct reference){
			.name = "ACPI PM timer",
			.read = pmtimer_read,
			.hz = PMTIMER_HZ,
			.mask = 0xffffff,
		};
	}
	pit_init();
	return (struct reference){
		.name = "PIT",
		.read = pit_read,
		.hz = PIT_HZ,
		.mask = 0xffff,
	};
}

void tsc_init(void)
{
	struct reference ref = choose_reference();

	measure(&ref);
	if (tsc_hz < 1000000) {
		panic("tsc: %lu Hz by %s is not possible", tsc_hz, ref.name);
	}
	tsc_khz = (u32)((tsc_hz + 500) / 1000);
	tsc_scale = scale_from_hz(tsc_hz);
	tsc_start = cpu_read_tsc();
	log_info("tsc: %u.%03u MHz by %s", tsc_khz / 1000, tsc_khz % 1000, ref.name);
}

u64 tsc_at_ns(u64 ns)
{
	u64 ticks;

	/* Beyond 36 years at 16 GHz nothing matters; and the product must fit. */
	if (ns >= UINT64_MAX / 16) {
		return UINT64_MAX;
	}
	ticks = mul_div_u64(ns, tsc_hz, 1000000000);
	while (scale_to_ns(tsc_scale, ticks) < ns) {
		ticks += 1 + (ns - scale_to_ns(tsc_scale, ticks)) / 2;
	}
	return tsc_start + ticks;
}

void tsc_check_cpu(u64 boot_cpu_tsc)
{
	u64 here = cpu_read_tsc();

	if (here < boot_cpu_tsc) {
		log_warn("tsc: CPU %u is %lu ticks behind the boot CPU", cpu_id(),
			 boot_cpu_tsc - here);
	}
}
