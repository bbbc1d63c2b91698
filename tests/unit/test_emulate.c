/* pv/emulate.c, msr.c, io.c, debugreg.c: what privileged instructions do to a guest. */
#include <criterion/criterion.h>
#include <parley/errno.h>
#include <seam/cpu.h>
#include <seam/guest_cpu.h>

#include "cpu/features.h"
#include "fake_guest.h"
#include "pv/debugreg.h"
#include "pv/emulate.h"
#include "pv/msr.h"

#define CODE 0xffffffff81000000UL

struct cpu_features cpu_features;
static u32 blocks, flushes;

void sched_block(void)
{
	blocks++;
}

void tlb_flush_local(void)
{
	flushes++;
}

static struct pv_trap_info traps[256];
static struct pv_vcpu_info info;
static struct domain domain;
static struct vcpu vcpu;
static struct cpu_regs regs;
static u8 code[64];

static void setup(void)
{
	vcpu = (struct vcpu){
		.info = &info, .mode = VCPU_MODE_KERNEL, .traps = traps, .domain = &domain
	};
	domain.vcpu_count = 1;
	domain.vcpus[0] = &vcpu;
	fake_cpu_info.current = &vcpu;
	fake_guest_cpu = (struct fake_guest_cpu){ .xcr0_mask = 7 };
	traps[13].address = CODE;
	fake_guest_reset();
	fake_guest_map(CODE, code, sizeof(code));
}

/* Run one instruction: whether it was carried out, RIP included. */
static bool run(const char *bytes, size_t size)
{
	enum emulate_result result;

	for (size_t i = 0; i < sizeof(code); i++) {
		code[i] = i < size ? (u8)bytes[i] : 0xcc;
	}
	regs.rip = CODE;
	result = pv_emulate_privileged(&vcpu, &regs);
	cr_assert_eq(regs.rip, CODE + (result == EMULATE_DONE ? size : 0));
	return result == EMULATE_DONE;
}

#define RUN(bytes) run(bytes, sizeof(bytes) - 1)

TestSuite(emulate, .init = setup);

Test(emulate, cli_needs_iopl_and_changes_nothing)
{
	cr_assert_not(RUN("\xfa"));
	vcpu.iopl = 1;
	regs.rflags = 0x202;
	cr_assert(RUN("\xfa"));
	cr_assert(RUN("\xfb"));
	cr_assert_eq(regs.rflags, 0x202);
	cr_assert_eq(info.evtchn_upcall_mask, 0);
	vcpu.mode = VCPU_MODE_USER;
	cr_assert_not(RUN("\xfa"));
	vcpu.iopl = 3;
	cr_assert(RUN("\xfa"));
}

Test(emulate, a_kernel_whose_frames_show_an_iopl_needs_none)
{
	vcpu.shows_iopl = 1;
	cr_assert(RUN("\xfa"));
	cr_assert(RUN("\xe6\x80"));
	vcpu.mode = VCPU_MODE_USER;
	vcpu.iopl = 2;
	cr_assert_not(RUN("\xfa"));
	vcpu.iopl = 3;
	cr_assert(RUN("\xfa"));
}

Test(emulate, ports)
{
	regs.rax = 0x1122334455667788;
	regs.rdx = 0xcfc;
	cr_assert_not(RUN("\xec"));
	vcpu.iopl = 1;
	cr_assert(RUN("\xec"));
	cr_assert_eq(regs.rax, 0x11223344556677ff);
	cr_assert(RUN("\x66\xed"));
	cr_assert_eq(regs.rax, 0x112233445566ffff);
	cr_assert(RUN("\xed"));
	cr_assert_eq(regs.rax, 0xffffffff);
	cr_assert(RUN("\xe4\x42"));
	cr_assert_eq(regs.rax & 0xff, 0);
	cr_assert(RUN("\xe4\x61"));
	cr_assert_eq(regs.rax & 0xff, 0x20);
	cr_assert(RUN("\xe6\x80"));
	cr_assert(RUN("\xee"));
	cr_assert_not(RUN("\x6c")); /* insb */
	vcpu.mode = VCPU_MODE_USER;
	cr_assert_not(RUN("\xec"));
}

Test(emulate, control_registers)
{
	cr_assert(RUN("\x0f\x20\xc0"));
	cr_assert_eq(regs.rax, 0x80050033);
	regs.rax |= 8;
	cr_assert(RUN("\x0f\x22\xc0"));
	cr_assert(vcpu.ts && fake_guest_cpu.ts);
	cr_assert(RUN("\x44\x0f\x20\xc0") == false); /* cr8 */
	cr_assert(RUN("\x0f\x06"));
	cr_assert(!vcpu.ts && !fake_guest_cpu.ts);
	regs.rax = 0x10033;
	cr_assert_not(RUN("\x0f\x22\xc0"));
	vcpu.cr2 = 0x1234;
	cr_assert(RUN("\x41\x0f\x20\xd7")); /* mov r15, cr2 */
	cr_assert_eq(regs.r15, 0x1234);
	vcpu.kernel_cr3 = 0x5000;
	cr_assert(RUN("\x0f\x20\xd8"));
	cr_assert_eq(regs.rax, 0x5000);
	cr_assert_not(RUN("\x0f\x22\xd8"));
	regs.rax = ~0UL;
	cr_assert(RUN("\x0f\x22\xe0"));
	cr_assert(RUN("\x0f\x20\xe3"));
	cr_assert_eq(regs.rbx, 0x660 | PV_CR4_GUEST);
	cr_assert_eq(fake_guest_cpu.cr4, PV_CR4_LIVE);
}

Test(emulate, user_mode_has_none_of_it)
{
	static const char *const forms[] = { "\x0f\x20\xc0", "\x0f\x22\xc0", "\x0f\x06", "\x0f\x30",
					     "\x0f\x32",     "\x0f\x01\xd1", "\x0f\x09", "\x0f\x31",
					     "\xf4",         "\x0f\x23\xc0" };

	vcpu.mode = VCPU_MODE_USER;
	vcpu.iopl = 3;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		cr_assert_not(run(forms[i], strlen(forms[i])), "form %zu", i);
	}
}

Test(emulate, xsetbv)
{
	static const struct {
		u64 value;
		bool valid;
	} masks[] = { { 1, true },  { 3, true },  { 7, true },      { 5, false },
		      { 0, false }, { 2, false }, { 0x1ff, false }, { 0x8000000000000003, false } };

	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		regs.rcx = 0;
		regs.rax = (u32)masks[i].value;
		regs.rdx = masks[i].value >> 32;
		cr_assert_eq(RUN("\x0f\x01\xd1"), masks[i].valid, "mask %zu", i);
		if (masks[i].valid) {
			cr_assert_eq(vcpu.xcr0, masks[i].value);
			cr_assert_eq(fake_guest_cpu.xcr0, masks[i].value);
		}
	}
	regs.rcx = 1;
	regs.rax = 3;
	regs.rdx = 0;
	cr_assert_not(RUN("\x0f\x01\xd1"));
}

Test(emulate, segment_base_msrs)
{
	regs.rcx = 0xc0000101;
	regs.rax = 0xdeadbeef81234567; /* the upper half does not count */
	regs.rdx = 0xffff8880;
	cr_assert(RUN("\x0f\x30"));
	cr_assert_eq(fake_guest_cpu.gs_base_kernel, 0xffff888081234567);
	regs.rax = regs.rdx = ~0UL;
	cr_assert(RUN("\x0f\x32"));
	cr_assert_eq(regs.rax, 0x81234567);
	cr_assert_eq(regs.rdx, 0xffff8880);
	regs.rdx = 0x8000;
	for (u32 msr = 0xc0000100; msr <= 0xc0000102; msr++) {
		regs.rcx = msr;
		cr_assert_not(RUN("\x0f\x30"), "not canonical");
	}
}

Test(emulate, msr_policy)
{
	u64 value;

	cr_assert_eq(pv_msr_read(&vcpu, 0x277, &value), 0);
	cr_assert_eq(value, 0x0000050100070406);
	cr_assert_eq(pv_msr_read(&vcpu, 0x1b, &value), 0);
	cr_assert_eq(value, 0xfee00900);
	fake_guest_cpu.efer = 0x1d01;
	cr_assert_eq(pv_msr_read(&vcpu, 0xc0000080, &value), 0);
	cr_assert_eq(value, 0xd01, "SVME is not seen");
	cr_assert_eq(pv_msr_write(&vcpu, 0xc0000080, value), 0);
	cr_assert_eq(pv_msr_write(&vcpu, 0xc0000080, value ^ 0x800), -PV_EINVAL);
	cr_assert_eq(pv_msr_write(&vcpu, 0x277, 0x0007040600070406), -PV_EINVAL);
	cr_assert_eq(pv_msr_read(&vcpu, 0x48, &value), -PV_EINVAL);
	traps[13].address = 0;
	cr_assert_eq(pv_msr_read(&vcpu, 0x48, &value), 0);
	cr_assert_eq(value, 0);
	cr_assert_eq(pv_msr_write(&vcpu, 0x48, 0), -PV_EINVAL);
	cr_assert_eq(pv_msr_write(&vcpu, 0xc0000103, 5), 0);
	cr_assert_eq(fake_guest_cpu.tsc_aux, 5);
	cr_assert_eq(pv_msr_write(&vcpu, 0xc0000103, 1UL << 32), -PV_EINVAL);
}

Test(emulate, every_msr_is_answered)
{
	static const u32 starts[] = { 0, 0xc0000000, 0xc0010000, 0xc0011000 };
	u64 value;

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		for (u32 n = 0; n < 0x2000; n++) {
			int err = pv_msr_read(&vcpu, starts[i] + n, &value);

			cr_assert(err == 0 || err == -PV_EINVAL);
			err = pv_msr_write(&vcpu, starts[i] + n, ~0UL);
			cr_assert(err == -PV_EINVAL || starts[i] + n - 0xc0000100 < 3);
		}
	}
}

Test(emulate, halt_blocks_unless_an_event_waits)
{
	info.evtchn_upcall_mask = 1;
	cr_assert(RUN("\xf4"));
	cr_assert_eq(info.evtchn_upcall_mask, 0);
	cr_assert_eq(blocks, 1);
	info.evtchn_upcall_pending = 1;
	cr_assert(RUN("\xf4"));
	cr_assert_eq(blocks, 1);
	info.evtchn_upcall_pending = 0;
}

Test(emulate, others)
{
	cr_assert(RUN("\x0f\x08"));
	cr_assert(RUN("\x0f\x09"));
	cr_assert(RUN("\x0f\x01\x38"));
	cr_assert_eq(flushes, 1);
	regs.rax = 0xb;
	cr_assert(RUN("\x0f\x01\xf0")); /* lmsw ax */
	cr_assert(vcpu.ts);
	regs.rax = 0xf;
	cr_assert_not(RUN("\x0f\x01\xf0"));
	cr_assert_not(RUN("\x0f\x33"));     /* rdpmc */
	cr_assert_not(RUN("\x0f\x01\x10")); /* lgdt */
	cr_assert_not(RUN("\x0f\x01\xf8")); /* swapgs */
	cr_assert_not(RUN("\xf0\xfa"));     /* lock cli */
	fake_tsc = 0x100000002;
	cr_assert(RUN("\x0f\x31"));
	cr_assert_eq(regs.rax, 2);
	cr_assert_eq(regs.rdx, 1);
}

Test(emulate, forced_cpuid)
{
	static const char bytes[] = "\x0f\x0bxen\x0f\xa2";

	for (size_t i = 0; i < 7; i++) {
		code[i] = (u8)bytes[i];
	}
	regs.rip = CODE;
	regs.rax = 0x40000000;
	cr_assert(pv_emulate_forced_cpuid(&vcpu, &regs));
	cr_assert_eq(regs.rip, CODE + 7);
	cr_assert_eq(regs.rbx, 0x566e6558);
	regs.rip = CODE;
	code[6] = 0xa3;
	cr_assert_not(pv_emulate_forced_cpuid(&vcpu, &regs));
	regs.rip = CODE + sizeof(code) - 3;
	cr_assert_not(pv_emulate_forced_cpuid(&vcpu, &regs));
}

Test(emulate, int_n)
{
	code[0] = 0xcd;
	code[1] = 0x80;
	regs.rip = CODE;
	cr_assert_eq(pv_decode_int_n(&vcpu, &regs), 0x80);
	code[0] = 0x0f;
	cr_assert_eq(pv_decode_int_n(&vcpu, &regs), -1);
	regs.rip = CODE + sizeof(code) - 1;
	cr_assert_eq(pv_decode_int_n(&vcpu, &regs), -1);
}

Test(emulate, debug_registers)
{
	u64 value;

	cr_assert_eq(debugreg_read(&vcpu, 6, &value), 0);
	cr_assert_eq(value, 0xffff0ff0);
	cr_assert_eq(debugreg_read(&vcpu, 7, &value), 0);
	cr_assert_eq(value, 0x400);
	cr_assert_eq(debugreg_write(&vcpu, 4, 0), -PV_EINVAL);
	cr_assert_eq(debugreg_write(&vcpu, 0, 0xffff830000000000), -PV_EPERM);
	cr_assert_eq(debugreg_write(&vcpu, 0, 0x800000000000), -PV_EPERM);
	cr_assert_eq(debugreg_write(&vcpu, 0, 0x1000), 0);
	cr_assert_eq(fake_guest_cpu.dr[0], 0, "not loaded before one is on");
	cr_assert_eq(debugreg_write(&vcpu, 7, 0x2000), -PV_EPERM, "general detect");
	cr_assert_eq(debugreg_write(&vcpu, 7, ~0xffff2000UL & ~0UL), 0);
	cr_assert_eq(vcpu.debugreg[7], 0x7ff, "no reserved bits");
	cr_assert_eq(fake_guest_cpu.dr[0], 0x1000);
	cr_assert_eq(fake_guest_cpu.dr[7], 0x7ff);
	cr_assert_eq(debugreg_write(&vcpu, 1, 0x2000), 0);
	cr_assert_eq(fake_guest_cpu.dr[1], 0x2000);
	debugreg_switch(&vcpu, NULL);
	cr_assert_eq(fake_guest_cpu.dr[7], 0x400);
}

#define DR7_IO_0     0x20000UL  /* breakpoint 0: on I/O, one byte */
#define DR7_IO_1     0xe00000UL /* breakpoint 1: on I/O, four bytes */
#define DR7_STORES_2 0x1000000UL

Test(emulate, breakpoints_on_io_need_cr4_and_never_reach_the_processor)
{
	u64 value;

	cr_assert_eq(debugreg_write(&vcpu, 7, DR7_IO_0 | 1), -PV_EPERM, "on");
	cr_assert_eq(debugreg_write(&vcpu, 7, DR7_IO_0), 0, "not on");
	vcpu.cr4 = PV_CR4_DE;
	cr_assert_eq(debugreg_write(&vcpu, 0, 0x80), 0);
	cr_assert_eq(debugreg_write(&vcpu, 2, 0x1000), 0);
	cr_assert_eq(debugreg_write(&vcpu, 7, DR7_IO_0 | DR7_STORES_2 | 0x21), 0);
	cr_assert_eq(debugreg_read(&vcpu, 7, &value), 0);
	cr_assert_eq(value, DR7_IO_0 | DR7_STORES_2 | 0x421);
	cr_assert_eq(fake_guest_cpu.dr[7], DR7_STORES_2 | 0x420);
	cr_assert_eq(fake_guest_cpu.dr[2], 0x1000);
	fake_guest_cpu.dr[7] = 0;
	debugreg_switch(NULL, &vcpu);
	cr_assert_eq(fake_guest_cpu.dr[7], DR7_STORES_2 | 0x420);
	vcpu.cr4 = 0;
	cr_assert_eq(debugreg_write(&vcpu, 7, DR7_IO_0 | 1), -PV_EPERM);
	cr_assert_eq(debugreg_read(&vcpu, 7, &value), 0);
	cr_assert_eq(value, DR7_IO_0 | DR7_STORES_2 | 0x421, "a refused value changes nothing");
}

Test(emulate, breakpoints_on_io_are_met_by_port)
{
	vcpu.cr4 = PV_CR4_DE;
	vcpu.iopl = 1;
	cr_assert_eq(debugreg_write(&vcpu, 0, 0x80), 0);
	cr_assert_eq(debugreg_write(&vcpu, 1, 0xcfd), 0, "read as 0xcfc");
	cr_assert_eq(debugreg_write(&vcpu, 7, DR7_IO_0 | DR7_IO_1 | 5), 0);
	cr_assert_eq(debugreg_io_hits(&vcpu, 0x7f, 1), 0);
	cr_assert_eq(debugreg_io_hits(&vcpu, 0x7f, 2), 1);
	cr_assert_eq(debugreg_io_hits(&vcpu, 0x81, 4), 0);
	cr_assert_eq(debugreg_io_hits(&vcpu, 0xcfb, 1), 0);
	cr_assert_eq(debugreg_io_hits(&vcpu, 0xcff, 1), 2);
	cr_assert_eq(debugreg_io_hits(&vcpu, 0xd00, 1), 0);
	cr_assert_eq(debugreg_io_hits(&vcpu, 0xffff, 4), 0);
	cr_assert(RUN("\xe6\x81"));
	cr_assert_eq(vcpu.debugreg[6] & 0xf, 0);
	code[0] = 0xe6;
	code[1] = 0x80;
	regs.rip = CODE;
	cr_assert_eq(pv_emulate_privileged(&vcpu, &regs), EMULATE_BREAK);
	cr_assert_eq(regs.rip, CODE + 2, "behind it");
	cr_assert_eq(vcpu.debugreg[6], 0xffff0ff1);
	vcpu.cr4 = 0;
	cr_assert(RUN("\xe6\x80"), "without effect");
}

/* Bits of DR6 stay until the guest clears them. */
Test(emulate, reasons_of_debug_traps_add_up)
{
	debugreg_met(&vcpu, DR6_BS);
	debugreg_met(&vcpu, 2 | 0xffff0ff0);
	cr_assert_eq(vcpu.debugreg[6], 0xffff4ff2);
	cr_assert_eq(debugreg_write(&vcpu, 6, 0), 0);
	cr_assert_eq(vcpu.debugreg[6], 0xffff0ff0);
}
