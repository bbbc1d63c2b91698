/*
 * Oops: the text that a failure leaves behind. Nothing here may depend on more
 * of the hypervisor working than it must: the first CPU that comes wins, stops
 * the others by NMI and no longer waits for the log lock; memory is read with
 * the loads that may fault; a failure within an oops only stops.
 */
#include "cpu/oops.h"

#include <stdarg.h>

#include <seam/cpu.h>
#include <seam/guest_copy.h>

#include "cpu/insn.h"
#include "cpu/symbols.h"
#include "domain/domain.h"
#include "drivers/acpi.h"
#include "drivers/lapic.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "mm/guest.h"

#define LINE_MAX          200  /* of a report */
#define STACK_SCAN_WORDS  1536 /* the main stack */
#define STACK_PRINT_MAX   32
#define GUEST_STACK_WORDS 16
#define GUEST_CODE_BYTES  32

static bool oops_running; /* some CPU is in oops_fatal() */
static void (*last_words)(void);
static struct log_limit guest_limit;
static struct log_limit nmi_limit;

void oops_set_last_words(void (*fn)(void))
{
	last_words = fn;
}

/* Where a report goes: the log, a text that is kept, or both. */
struct report {
	bool logged;
	struct text *kept; /* may be NULL */
};

static const struct report to_log = { .logged = true };

static printf_like(2, 3) void say(const struct report *to, const char *fmt, ...)
{
	char line[LINE_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (to->logged) {
		log_info("%s", line);
	}
	if (to->kept != NULL) {
		text_add(to->kept, "%s\n", line);
	}
}

#define VECTOR_PF 14U

static const char *vector_name(u32 vector)
{
	static const char *const names[] = {
		"divide error",
		"debug",
		"NMI",
		"breakpoint",
		"overflow",
		"bound range",
		"invalid opcode",
		"no FPU",
		"double fault",
		"9",
		"invalid TSS",
		"segment not present",
		"stack segment",
		"general protection",
		"page fault",
		"15",
		"x87 error",
		"alignment",
		"machine check",
		"SIMD error",
	};

	return vector < ARRAY_SIZE(names) ? names[vector] : "other";
}

/* Bits of a page fault's error code; Intel SDM vol. 3, 4.7. */
static void print_vector(const struct report *to, u32 vector, u32 code)
{
	if (vector == VECTOR_PF) {
		say(to, "vector %u (page fault), error code 0x%x: %s, %s%s", vector, code,
		    code & 16 ? "fetch" :
		    code & 2  ? "write" :
				"read",
		    code & 1 ? "not allowed there" : "not mapped",
		    code & 8 ? ", reserved bits set" : "");
	} else if (vector != 0 || code != 0) {
		say(to, "vector %u (%s), error code 0x%x", vector, vector_name(vector), code);
	} else {
		say(to, "vector 0, error code 0x0");
	}
}

static void print_registers(const struct report *to, const struct cpu_regs *r)
{
	say(to, "rip %04lx:%016lx  rsp %04lx:%016lx  rflags %08lx", r->cs, r->rip, r->ss, r->rsp,
	    r->rflags);
	say(to, "rax %016lx  rbx %016lx  rcx %016lx", r->rax, r->rbx, r->rcx);
	say(to, "rdx %016lx  rsi %016lx  rdi %016lx", r->rdx, r->rsi, r->rdi);
	say(to, "rbp %016lx  r8  %016lx  r9  %016lx", r->rbp, r->r8, r->r9);
	say(to, "r10 %016lx  r11 %016lx  r12 %016lx", r->r10, r->r11, r->r12);
	say(to, "r13 %016lx  r14 %016lx  r15 %016lx", r->r13, r->r14, r->r15);
	print_vector(to, r->vector, r->error_code);
}

static void print_code_address(const char *what, u64 address)
{
	u64 offset = 0;
	const char *name = symbol_name(address, &offset);

	if (name != NULL) {
		log_info("%s %016lx %s+0x%lx", what, address, name, offset);
	} else {
		log_info("%s %016lx", what, address);
	}
}

/* Every word of the stack that could be a return address. Old ones are among them. */
static void print_stack_calls(u64 rsp)
{
	u64 stack_end = (rsp | (CPU_STACK_SIZE - 1)) + 1 - sizeof(struct cpu_info);
	u32 printed = 0;

	rsp &= ~7UL;
	for (u32 i = 0; i < STACK_SCAN_WORDS && printed < STACK_PRINT_MAX; i++, rsp += 8) {
		int failed = 0;
		u64 word;

		if (rsp < HV_VIRT_START || rsp >= stack_end) {
			return;
		}
		word = guest_load8(rsp, &failed); /* may be the guard page */
		if (failed) {
			return;
		}
		if (symbol_is_code(word)) {
			print_code_address("  ", word);
			printed++;
		}
	}
}

/* True if this runs on a CPU's own stack, so that cpu_info() is to be trusted. */
static bool on_cpu_stack(void)
{
	u64 here = (u64)__builtin_frame_address(0);

	return here >= PERCPU_VIRT_START && here < PERCPU_VIRT_START + HV_MAX_CPUS * PERCPU_STRIDE;
}

static void print_place(void)
{
	const struct vcpu *v;

	if (!on_cpu_stack()) {
		log_info("during boot  cr2 %016lx  cr3 %016lx", cr2_read(), cr3_read());
		return;
	}
	log_info("CPU %u  cr2 %016lx  cr3 %016lx", cpu_id(), cr2_read(), cr3_read());
	v = current_vcpu();
	if (v == NULL) {
		log_info("no vCPU");
	} else {
		log_info("vCPU d%uv%u %s", v->domain->id, v->id, v->domain->name);
	}
}

void oops_fatal(const struct cpu_regs *regs, const char *why)
{
	if (__atomic_exchange_n(&oops_running, true, __ATOMIC_SEQ_CST)) {
		cpu_stop();
	}
	lapic_send_nmi_others();
	log_bust_lock();
	log_error("hypervisor oops: %s", why);
	print_place();
	if (regs != NULL) {
		print_code_address("at", regs->rip);
	}
	if (regs != NULL && regs->cs != 0) { /* else from panic(): only the place */
		print_registers(&to_log, regs);
	}
	log_info("stack:");
	print_stack_calls(regs == NULL || regs_are_guest(regs) ? (u64)__builtin_frame_address(0) :
								 regs->rsp);
	if (last_words == NULL) {
		log_info("stopped.");
		cpu_stop();
	}
	last_words();
	acpi_poweroff();
}

void panic(const char *fmt, ...)
{
	struct cpu_regs regs = {
		.rip = (u64)__builtin_return_address(0),
		.rsp = (u64)__builtin_frame_address(0),
	};
	char why[LINE_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	oops_fatal(&regs, why);
}

/*
 * It may have come while this CPU held the log lock, which log_line() waits
 * for only so long; that is why it is limited.
 */
void oops_nmi(const struct cpu_regs *regs)
{
	u32 dropped;

	if (__atomic_load_n(&oops_running, __ATOMIC_SEQ_CST)) {
		cpu_stop();
	}
	if (log_limit_allows(&nmi_limit, &dropped)) {
		log_warn("NMI on CPU %u at %04lx:%016lx", cpu_id(), regs->cs, regs->rip);
	}
}

static void print_guest_code(const struct report *to, u64 rip)
{
	char line[GUEST_CODE_BYTES * 3 + 1];
	u8 code[GUEST_CODE_BYTES];
	size_t at = 0;

	if (guest_read(code, rip, sizeof(code)) != 0) {
		say(to, "code: cannot be read");
		return;
	}
	for (u32 i = 0; i < sizeof(code); i++) {
		at += string_format(line + at, sizeof(line) - at, " %02x", code[i]);
	}
	say(to, "code:%s", line);
}

static void print_guest_stack(const struct report *to, u64 rsp)
{
	u64 words[4];

	say(to, "stack:");
	for (u32 i = 0; i < GUEST_STACK_WORDS; i += ARRAY_SIZE(words)) {
		if (guest_read_at(words, rsp, i / ARRAY_SIZE(words), sizeof(words)) != 0) {
			say(to, "  (from here on it cannot be read)");
			return;
		}
		say(to, "  %016lx %016lx %016lx %016lx", words[0], words[1], words[2], words[3]);
	}
}

void oops_guest(struct vcpu *v, const struct cpu_regs *regs, const char *why, struct text *kept)
{
	struct report to = { .kept = kept };
	u32 dropped;

	to.logged = log_limit_allows(&guest_limit, &dropped);
	if (to.logged) {
		log_error("guest oops: d%uv%u %s: %s", v->domain->id, v->id, v->domain->name, why);
	}
	text_add(kept, "d%uv%u %s: %s\n", v->domain->id, v->id, v->domain->name, why);
	say(&to, "%s mode  cr2 %016lx  kernel cr3 %016lx  user cr3 %016lx",
	    v->mode == VCPU_MODE_KERNEL ? "kernel" : "user", v->cr2, v->kernel_cr3, v->user_cr3);
	print_registers(&to, regs);
	if (v == current_vcpu()) {
		print_guest_code(&to, regs->rip);
		print_guest_stack(&to, regs->rsp);
	}
}
