/*
 * `parley run`: from a configuration, or from one kernel on the command line,
 * to an exit status. run_options.c reads the command line, launch.c prepares, qemu.c starts,
 * session.c stays with the machine.
 */
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "detach.h"
#include "launch.h"
#include "qemu.h"
#include "run_options.h"
#include "session.h"
#include "text.h"

/* The configuration of one domain that the options describe. */
static void make_config(struct run *run)
{
	run->config.domains = malloc(sizeof(run->domain));
	if (!run->config.domains) {
		abort();
	}
	run->config.domains[0] = run->domain;
	run->config.domain_count = 1;
	run->domain.kernel = NULL;
	run->domain.ramdisk = NULL;
}

static int get_config(struct run *run)
{
	struct problem problem;

	if (run->config_path && run->domain_option) {
		return verb_misuse("run",
				   "--%s describes a domain, and %s does too (use one of them)",
				   run->domain_option, run->config_path);
	}
	if (!run->config_path && !run->domain.kernel && run->qemu.stay && !run->domain_option) {
		return 0;
	}
	if (!run->config_path && !run->domain.kernel) {
		return verb_misuse("run", "a configuration or --kernel FILE is needed");
	}
	if (!run->config_path) {
		make_config(run);
		return 0;
	}
	if (config_load(&run->config, run->config_path, &problem)) {
		return verb_fail("run", "%s", problem.text);
	}
	return 0;
}

static unsigned int choose_cpus(const struct run *run)
{
	long host = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int most = host > 0 && host < CONFIG_CPUS_MAX ? (unsigned int)host :
								 CONFIG_CPUS_MAX;

	if (run->cpus) {
		return run->cpus;
	}
	if (run->qemu.stay && !run->qemu.icount && !run->config.machine_cpus) {
		return most;
	}
	/* A count that hangs on the host would make counted runs differ. */
	return config_count_cpus(&run->config, run->qemu.icount ? 1 : most);
}

/* Loads the kernels and decides what machine there will be. */
static int prepare(struct run *run)
{
	struct problem problem;

	if (run->machine_memory) {
		run->config.machine_memory = run->machine_memory;
	}
	run->qemu.cpus = choose_cpus(run);
	if (run->qemu.icount) {
		config_repeat_uuids(&run->config);
	}
	if (config_check_cpus(&run->config, run->qemu.cpus, &problem) ||
	    qemu_find_hypervisor(run->hypervisor, run->hypervisor_path, &problem) ||
	    launch_prepare(&run->launch, &run->config, &problem)) {
		return verb_fail("run", "%s", problem.text);
	}
	if (launch_check_memory(&run->launch, &run->config, &problem)) {
		if (run->machine_memory) {
			problem_prefix(&problem, "--machine-memory: ");
		} else {
			config_blame_machine(&run->config, "memory", &problem);
		}
		return verb_fail("run", "%s", problem.text);
	}
	run->qemu.hypervisor = run->hypervisor_path;
	run->qemu.extra = run->extra;
	run->qemu.memory = launch_measure_memory(&run->launch, &run->config);
	if (run->qemu.stay && !run->config.machine_memory) {
		run->qemu.memory += LAUNCH_MEMORY_STAY;
	}
	return 0;
}

static int open_log(const struct run *run, int *fd)
{
	*fd = STDERR_FILENO;
	if (!run->log_path) {
		return 0;
	}
	*fd = open(run->log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
	if (*fd < 0) {
		return verb_fail("run", "--log: %s: %s", run->log_path, strerror(errno));
	}
	return 0;
}

/* What the machine is called if nobody says: as its configuration's file, or its only domain. */
static void make_machine_name(const struct run *run, char name[RUNTIME_NAME_MAX])
{
	const char *slash = run->config_path ? strrchr(run->config_path, '/') : NULL;
	const char *file = slash ? slash + 1 : run->config_path;
	const char *dot = file ? strrchr(file, '.') : NULL;

	snprintf(name, RUNTIME_NAME_MAX, "%.*s", dot ? (int)(dot - file) : RUNTIME_NAME_MAX - 1,
		 file                     ? file :
		 run->config.domain_count ? run->config.domains[0].name :
					    "machine");
	if (!text_is_name(name)) {
		snprintf(name, RUNTIME_NAME_MAX, "machine-%u", (unsigned int)getpid());
	}
}

/* A machine that cannot be reached is still one that runs, unless its name was asked for. */
static int open_socket(struct run *run, struct problem *problem)
{
	char name[RUNTIME_NAME_MAX];

	make_machine_name(run, name);
	if (!runtime_listen(&run->socket, run->machine ? run->machine : name, run->machine,
			    problem)) {
		return 0;
	}
	if (run->machine || run->qemu.stay || run->detached) {
		return -1;
	}
	fprintf(stderr, "parley: other verbs cannot reach this machine: %s\n", problem->text);
	return 0;
}

static int start_and_stay(struct run *run)
{
	struct session_options session = {
		.config = &run->config,
		.timeout = run->timeout,
		.summary = run->summary_path,
		.stats = run->stats || run->stats_json,
		.stats_json = run->stats_json,
		.socket = &run->socket,
		.names_lines = run->detached,
		.is_counted = run->qemu.icount,
	};
	struct machine machine;
	struct problem problem;
	int status = open_log(run, &session.log_fd);

	if (status) {
		return status;
	}
	if (open_socket(run, &problem)) {
		return verb_fail("run", "%s", problem.text);
	}
	run->detach.ready_fd = -1;
	if (run->detached) {
		status = detach_fork(&run->detach, run->socket.name);
		if (status != DETACH_BACKGROUND) {
			return status;
		}
	}
	session.detach = run->detached ? &run->detach : NULL;
	run->qemu.bundle_fd = launch_open_bundle(&run->launch, &problem);
	if (run->qemu.bundle_fd < 0 || qemu_start(&machine, &run->qemu, &problem)) {
		runtime_close(&run->socket);
		return verb_fail("run", "%s", problem.text);
	}
	/* From here the bundle is the machine's; its copies here are not needed. */
	close(run->qemu.bundle_fd);
	launch_free(&run->launch);
	if (run->qemu.gdb) {
		fprintf(stderr, "parley: the machine waits: gdb -ex 'target remote :1234'\n");
	}
	return session_run(&machine, &session);
}

int verb_run(int argc, char **argv)
{
	static struct run run;
	int status;

	config_domain_init(&run.domain);
	strcpy(run.domain.name, "guest");
	status = run_read_options(&run, argc, argv);
	if (!status && !run.is_done) {
		status = get_config(&run);
		if (!status) {
			status = prepare(&run);
		}
		if (!status) {
			status = start_and_stay(&run);
		}
	}
	launch_free(&run.launch);
	config_free(&run.config);
	free(run.domain.kernel);
	free(run.domain.ramdisk);
	free(run.extra);
	return status;
}
