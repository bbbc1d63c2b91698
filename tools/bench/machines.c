/* Starting the machines; see machines.h. */
#include "bench/machines.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_S 900
#define PATH_ROOM 4200

const char *const machine_names[MACHINES] = { "parley", "xen", "bare" };
const char *const workload_names[WORKLOADS] = { "guest", "linux", "longest", "idle", "idle-linux" };

/* A command line that grows. */
struct command {
	char *words[64]; /* NULL-terminated */
	size_t count;
};

__attribute__((format(printf, 2, 3))) static void add(struct command *c, const char *format, ...)
{
	va_list args;

	if (c->count + 1 >= sizeof(c->words) / sizeof(c->words[0])) {
		abort();
	}
	va_start(args, format);
	if (vasprintf(&c->words[c->count++], format, args) < 0) {
		abort();
	}
	va_end(args);
}

static void add_all(struct command *c, const char *const *words)
{
	for (; *words != NULL; words++) {
		add(c, "%s", *words);
	}
}

static void command_free(struct command *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free(c->words[i]);
	}
}

/* The kernel's console is given by `console=`; the arguments are for the program in the ramdisk. */
static char *linux_cmdline(const char *console, enum workload workload, bool marked)
{
	char *text;

	if (asprintf(&text, "console=%s quiet%s%s", console, marked ? " bench.args=--mark" : "",
		     workload == WORKLOAD_IDLE_LINUX ? ",--only,idle" : "") < 0) {
		abort();
	}
	return text;
}

static void add_plugin(struct command *c, enum workload workload, const struct machine_files *files,
		       const char *events)
{
	add(c, "%s/profile.so,out=%s,marks=on%s", files->build, events,
	    workload == WORKLOAD_LONGEST ? ",longest=on" : "");
}

/* A domain with the right of control, and its own image for those that it makes. */
static void add_controller(struct command *c, const struct machine_files *files)
{
	char path[PATH_ROOM], guest[PATH_ROOM], *absolute;
	FILE *f;

	snprintf(guest, sizeof(guest), "%s/guests/stretches.elf", files->build);
	snprintf(path, sizeof(path), "%s/bench/longest.json", files->build);
	absolute = realpath(guest, NULL);
	f = fopen(path, "w");
	if (f == NULL || absolute == NULL) {
		perror(f == NULL ? path : guest);
		exit(2);
	}
	fprintf(f,
		"{ \"machine\": { \"cpus\": 1, \"memory\": \"1500M\" },\n"
		"  \"domains\": [ { \"name\": \"stretches\", \"kernel\": \"%s\",\n"
		"    \"ramdisk\": \"%s\", \"memory\": \"16M\", \"control\": true } ] }\n",
		absolute, absolute);
	fclose(f);
	free(absolute);
	add(c, "%s", path);
}

static void add_domain(struct command *c, enum workload workload, const struct machine_files *files,
		       const char *events)
{
	char *cmdline = linux_cmdline("hvc0", workload, events != NULL);

	if (workload == WORKLOAD_LONGEST) {
		add_controller(c, files);
	} else if (workload == WORKLOAD_GUEST || workload == WORKLOAD_IDLE) {
		add(c, "--kernel");
		add(c, "%s/guests/%s.elf", files->build,
		    workload == WORKLOAD_GUEST ? "bench" : "stretches");
		add_all(c, (const char *const[]){ "--memory", "64M", NULL });
		add(c, "--cmdline");
		add(c, "%s", workload == WORKLOAD_IDLE ? "idle" : events != NULL ? "mark" : "");
	} else {
		add(c, "--kernel");
		add(c, "%s/vmlinuz", files->cache);
		add(c, "--ramdisk");
		add(c, "%s/bench/initrd.cpio.gz", files->build);
		add_all(c, (const char *const[]){ "--memory", "512M", NULL });
		add(c, "--cmdline");
		add(c, "%s", cmdline);
	}
	free(cmdline);
}

static void parley_command(struct command *c, enum workload workload,
			   const struct machine_files *files, const char *events)
{
	add(c, "%s/parley", files->build);
	add(c, "run");
	add(c, "--icount");
	add(c, "--log");
	add(c, "%s/bench/hypervisor.log", files->build);
	add(c, "--qemu-arg");
	add(c, "-cpu");
	add(c, "--qemu-arg");
	add(c, "%s", files->cpu);
	if (events != NULL) {
		add(c, "--qemu-arg");
		add(c, "-plugin");
		add(c, "--qemu-arg");
		add_plugin(c, workload, files, events);
	}
	add_domain(c, workload, files, events);
}

/* As `parley run --icount` has it: nothing of the host's time reaches the machine. */
static void qemu_command(struct command *c, const struct machine_files *files, const char *events)
{
	static const char *const words[] = { "qemu-system-x86_64",
					     "-nodefaults",
					     "-no-user-config",
					     "-no-reboot",
					     "-display",
					     "none",
					     "-monitor",
					     "none",
					     "-machine",
					     "q35",
					     "-accel",
					     "tcg",
					     "-smp",
					     "1",
					     "-serial",
					     "stdio",
					     "-icount",
					     "shift=0,sleep=off",
					     "-rtc",
					     "base=2026-01-01T00:00:00,clock=vm",
					     "-seed",
					     "1",
					     NULL };

	add_all(c, words);
	add(c, "-cpu");
	add(c, "%s", files->cpu);
	if (events != NULL) {
		add(c, "-plugin");
		add_plugin(c, WORKLOAD_LINUX, files, events);
	}
}

static void xen_command(struct command *c, enum workload workload,
			const struct machine_files *files, const char *events)
{
	char *cmdline = linux_cmdline("hvc0", workload, events != NULL);

	qemu_command(c, files, events);
	add_all(c, (const char *const[]){ "-m", "1G", "-append", NULL });
	add(c, "com1=115200,8n1 console=com1 dom0_max_vcpus=1 dom0_mem=512M");
	add(c, "-kernel");
	add(c, "%s/xen-4.17", files->cache);
	add(c, "-initrd");
	if (workload == WORKLOAD_GUEST) {
		add(c, "%s/guests/bench.elf bench%s", files->build, events != NULL ? " mark" : "");
	} else {
		add(c, "%s/vmlinuz %s,%s/bench/initrd.cpio.gz", files->cache, cmdline,
		    files->build);
	}
	free(cmdline);
}

static void bare_command(struct command *c, const struct machine_files *files, const char *events)
{
	char *cmdline = linux_cmdline("ttyS0", WORKLOAD_LINUX, events != NULL);

	qemu_command(c, files, events);
	add_all(c, (const char *const[]){ "-m", "512M", "-append", NULL });
	add(c, "%s", cmdline);
	add(c, "-kernel");
	add(c, "%s/vmlinuz", files->cache);
	add(c, "-initrd");
	add(c, "%s/bench/initrd.cpio.gz", files->build);
	free(cmdline);
}

int machine_run(enum machine machine, enum workload workload, const struct machine_files *files,
		const char *events, struct figures *figures)
{
	/* Xen does not turn the machine off when its initial domain ends. */
	static const char *const ends[] = { "bench: end,", "Hardware Dom0 halted", NULL };
	struct command c = { 0 };
	struct run_lines lines;
	char log[4096];
	int rc;

	switch (machine) {
	case MACHINE_PARLEY:
		parley_command(&c, workload, files, events);
		break;
	case MACHINE_XEN:
		xen_command(&c, workload, files, events);
		break;
	default:
		bare_command(&c, files, events);
		break;
	}
	snprintf(log, sizeof(log), "%s/bench/%s-%s%s.log", files->build, machine_names[machine],
		 workload_names[workload], events != NULL ? "-events" : "");
	rc = run_program(c.words, machine == MACHINE_PARLEY ? NULL : ends, TIMEOUT_S, log, &lines);
	if (rc == 0) {
		figures_parse(figures, &lines);
	}
	if (rc == 0 && figures->count == 0) {
		fprintf(stderr, "bench: no figures from %s, see %s\n", machine_names[machine], log);
		rc = -1;
	}
	run_lines_free(&lines);
	command_free(&c);
	return rc;
}
