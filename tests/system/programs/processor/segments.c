/* Segment bases and descriptors: FS and GS, the LDT, thread-local descriptors in the GDT. */
#include <asm/ldt.h>
#include <asm/prctl.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "processor.h"

static uint64_t read_gs(void)
{
	uint64_t value;

	__asm__ volatile("mov %%gs:0, %0" : "=r"(value));
	return value;
}

static uint32_t read_gs32(void)
{
	uint32_t value;

	__asm__ volatile("movl %%gs:0, %0" : "=r"(value));
	return value;
}

static void load_gs(uint16_t selector)
{
	__asm__ volatile("mov %w0, %%gs" : : "r"((uint32_t)selector) : "memory");
}

static void use_one_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	CHECK(sched_setaffinity(0, sizeof(set), &set) == 0);
}

/* Two processes on one CPU keep a GS base each, above and below 4 GiB. */
void processor_bases(void)
{
	static uint64_t mine[2];
	pid_t child;
	uint64_t base;
	int status;

	use_one_cpu();
	mine[0] = 0x1111;
	child = fork();
	if (child == 0) {
		mine[0] = 0x2222;
	}
	CHECK(syscall(SYS_arch_prctl, ARCH_SET_GS, &mine[0]) == 0);
	for (int i = 0; i < 1000; i++) {
		sched_yield();
		CHECK(read_gs() == (child == 0 ? 0x2222 : 0x1111));
		CHECK(syscall(SYS_arch_prctl, ARCH_GET_GS, &base) == 0);
		CHECK(base == (uint64_t)&mine[0]);
	}
	CHECK(syscall(SYS_arch_prctl, ARCH_SET_GS, 0x800000000000UL) == -1);
	if (child == 0) {
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static long modify_ldt(struct user_desc *desc)
{
	return syscall(SYS_modify_ldt, 0x11, desc, sizeof(*desc));
}

static void read_gs_only(void)
{
	(void)read_gs32();
}

static void load_gs_of_ldt(void)
{
	load_gs(15 << 3 | 7);
}

/* An LDT of many pages; the entry taken away while its selector is loaded. */
void processor_ldt(void)
{
	uint32_t *page = processor_low_page();
	struct user_desc desc = {
		.base_addr = (uint32_t)(uintptr_t)page, .limit = 4095, .seg_32bit = 1, .useable = 1
	};

	use_one_cpu();
	*page = 0xabcd1234;
	for (unsigned int entry = 0; entry < 1500; entry += 15) {
		desc.entry_number = entry;
		CHECK(modify_ldt(&desc) == 0);
	}
	for (unsigned int entry = 0; entry < 1500; entry += 15) {
		load_gs(entry << 3 | 7);
		CHECK(read_gs32() == 0xabcd1234);
	}
	for (int i = 0; i < 50; i++) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			CHECK(read_gs32() == 0xabcd1234);
			_exit(0);
		}
		CHECK(waitpid(child, &status, 0) == child && status == 0);
		CHECK(read_gs32() == 0xabcd1234);
	}
	load_gs_of_ldt();
	memset(&desc, 0, sizeof(desc));
	desc.entry_number = 15;
	desc.read_exec_only = 1;
	desc.seg_not_present = 1;
	CHECK(modify_ldt(&desc) == 0);
	for (int i = 0; i < 20; i++) {
		usleep(1000);
	}
	(void)processor_signal_of(read_gs_only); /* the old descriptor may still be loaded */
	CHECK(processor_signal_of(load_gs_of_ldt) != 0);
	load_gs(0);
}

/* set_thread_area exists for 32-bit calls only. */
static long set_thread_area(struct user_desc *desc)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(243), "b"(desc)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
}

void processor_tls(void)
{
	char *page = processor_low_page();
	struct user_desc *desc = (struct user_desc *)(page + 64);

	use_one_cpu();
	*(uint32_t *)page = 0x5678;
	desc->entry_number = -1;
	desc->base_addr = (uint32_t)(uintptr_t)page;
	desc->limit = 4095;
	desc->seg_32bit = 1;
	desc->useable = 1;
	CHECK(set_thread_area(desc) == 0);
	load_gs(desc->entry_number << 3 | 3);
	for (int i = 0; i < 100; i++) {
		CHECK(read_gs32() == 0x5678);
		sched_yield();
		usleep(100);
	}
	load_gs(0);
}
