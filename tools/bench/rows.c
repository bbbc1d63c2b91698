/* The tables; see rows.h. The bars are those that the project has set itself. */
#include "bench/rows.h"

#include <stddef.h>

const struct bench_row bench_rows_linux[] = {
	{ "getppid", "getppid", 500 },
	{ "pipe", "write and read a byte, one process", 3000 },
	{ "signal", "signal raise and handle", 5600 },
	{ "mmap-1", "mmap and munmap of a page", 12300 },
	{ "mmap-64-touch", "mmap, touch 64 pages, munmap", 400000 },
	{ "mprotect-touch", "mprotect twice and touch", 7500 },
	{ "ping-pong", "pipe ping-pong, two processes", 16000 },
	{ "fork", "fork, exit, wait", 220000 },
	{ "fork-exec", "fork, exec, exit, wait", 1000000 },
	{ "nanosleep", "nanosleep of 1 ns", 97000 },
	{ NULL, NULL, 0 },
};

const struct bench_row bench_rows_guest[] = {
	{ "hypercall-null", "null hypercall", 80 },
	{ "hypercall-unknown", "unknown hypercall", 0 },
	{ "syscall", "system call, user to kernel and back", 90 },
	{ "page-fault", "page fault from user, and back", 200 },
	{ "mmu-update-1", "mmu_update of one entry", 350 },
	{ "mmu-update-512", "mmu_update, each in 512", 180 },
	{ "update-va", "update_va_mapping", 300 },
	{ "update-va-flush", "update_va_mapping, flush of a page", 0 },
	{ "ptwr", "page-table write by a store", 600 },
	{ "pin-full", "pin/unpin an L1, an entry", 90 },
	{ "pin-empty", "pin/unpin an L1, an empty entry", 4 },
	{ "new-base", "new base pointer", 180 },
	{ "new-user-base", "new user base pointer", 0 },
	{ "multicall-1", "multicall of one call", 0 },
	{ "multicall-8", "multicall of eight calls", 0 },
	{ "multicall-further", "multicall, each further call", 60 },
	{ "grant-map", "grant map and unmap", 900 },
	{ "grant-map-16", "grant map and unmap, each of 16", 0 },
	{ "grant-copy-64", "grant copy of 64 bytes", 800 + 8 },
	/* 512 of them are the bytes' own: one for each 8 by REP MOVSQ. */
	{ "grant-copy-4096", "grant copy of 4 KiB", 800 + 512 },
	{ "event-self", "event to oneself, upcall, return", 250 },
	{ "event-pending", "event that is pending already", 0 },
	{ "read-msr", "RDMSR, emulated", 450 },
	{ "write-msr", "WRMSR, emulated", 450 },
	{ "read-cr0", "MOV from CR0, emulated", 450 },
	{ "stack-switch", "stack_switch", 0 },
	{ "segment-base", "set_segment_base", 0 },
	{ "set-timer", "set_singleshot_timer", 0 },
	{ "flush-local", "TLB flush, local", 0 },
	{ "invlpg-local", "flush of a page, local", 0 },
	{ NULL, NULL, 0 },
};

const struct bench_row bench_rows_longest[] = {
	{ "pin", "pin a level-2 table, in runs", 0 },
	{ "unpin", "unpin it", 0 },
	{ "updates", "mmu_update of 16,384 entries", 0 },
	{ "batch", "multicall of 256 memory_op", 0 },
	{ "copies", "grant copy of 256 pages", 0 },
	{ "image-new", "make an image of 1 GiB", 0 },
	{ "image-write", "write 64 KiB of an image", 0 },
	{ "image-free", "free an image of 8 MiB", 0 },
	{ "create", "create, 256 MiB and 32 vCPUs", 0 },
	{ "destroy", "destroy that", 0 },
	{ "destroy-full", "destroy, all ports and grants used", 0 },
	{ NULL, NULL, 0 },
};

const struct bench_row bench_rows_idle[] = {
	{ "sleep-2", "sleep of 2 s", 0 },
	{ "sleep-20", "sleep of 20 s", 0 },
	{ NULL, NULL, 0 },
};

const struct bench_row bench_rows_idle_linux[] = {
	{ "idle", "a second", 0 },
	{ NULL, NULL, 0 },
};
