/*
 * `parley create`: starts the domains of a configuration on a machine that runs. Kernels and
 * ramdisks are read and unpacked here, by whoever may read them, and handed to the run process
 * as files in memory; it sends them to the hypervisor unless that has them already.
 */
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client.h"
#include "config.h"
#include "domains.h"
#include "launch.h"
#include "text.h"

#define PROGRESS_DELAY 2000  /* milliseconds; a transfer longer than this is shown */
#define IMAGE_PATIENCE 90000 /* milliseconds without any progress */

static const char create_help[] =
	"usage: parley create CONFIG.json [OPTION...]\n"
	"\n"
	"Starts the domains of a configuration, as `parley run` takes it, on a machine that runs\n"
	"already. What it says of the machine does not count.\n"
	"\n"
	"  --paused        they run only after `parley unpause`\n"
	"  --once          they are not started again when they ask for a reboot\n"
	"  --json          print their numbers as JSON\n" CLIENT_HELP_OPTIONS "\n"
	"Exit status: 0 all were started, 1 failed, 2 usage or configuration.\n";

struct create {
	struct client client;
	uint32_t flags;
	struct config config;
	struct launch launch;
	uint32_t *images; /* the hypervisor's numbers, by the bundle's */
	int64_t started;
	bool has_progress; /* a line of it stands on the terminal */
};

/* ---- images ---- */

static void show_progress(struct create *create, const struct link_progress *progress)
{
	if (!isatty(STDERR_FILENO) ||
	    client_get_milliseconds() < create->started + PROGRESS_DELAY) {
		return;
	}
	fprintf(stderr, "\rparley create: %3llu%% of an image of %llu KiB is with the hypervisor",
		(unsigned long long)(progress->done * 100 / progress->total),
		(unsigned long long)(progress->total >> 10));
	create->has_progress = true;
}

static void end_progress(struct create *create)
{
	if (create->has_progress) {
		fputs("\r\033[K", stderr);
	}
	create->has_progress = false;
}

/* A sealed file in memory with these bytes; -1 with a problem. */
static int make_file(const struct blob *bytes, struct problem *problem)
{
	int fd = memfd_create("image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t done = 0;
	ssize_t wrote = 1;

	while (fd >= 0 && done < bytes->size && wrote > 0) {
		wrote = write(fd, bytes->data + done, bytes->size - done);
		done += wrote > 0 ? (size_t)wrote : 0;
	}
	if (fd >= 0 && done == bytes->size &&
	    !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)) {
		return fd;
	}
	problem_set(problem, "cannot make a file in memory: %s", strerror(errno));
	if (fd >= 0) {
		close(fd);
	}
	return -1;
}

static int take_problem(const struct link_frame *frame, struct problem *problem)
{
	size_t head = sizeof(struct link_problem);

	return problem_set(problem, "%.*s", (int)(frame->header.length - head),
			   (const char *)frame->payload + head);
}

/* The number of the image that was asked for last. */
static int wait_for_image(struct create *create, uint32_t *number, struct problem *problem)
{
	struct link_progress progress;
	struct link_ready ready;
	struct link_frame frame;
	int got;

	while ((got = link_next(&create->client.link, &frame, IMAGE_PATIENCE, problem)) > 0) {
		if (frame.header.type == LINK_READY && frame.header.length == sizeof(ready)) {
			memcpy(&ready, frame.payload, sizeof(ready));
			*number = ready.image;
			return 0;
		}
		if (frame.header.type == LINK_PROGRESS && frame.header.length == sizeof(progress)) {
			memcpy(&progress, frame.payload, sizeof(progress));
			show_progress(create, &progress);
		}
		if (frame.header.type == LINK_PROBLEM) {
			return take_problem(&frame, problem);
		}
	}
	return got == 0 ? problem_set(problem, "the machine does not take the image") : -1;
}

static int send_image(struct create *create, uint32_t index, struct problem *problem)
{
	static const uuid_t space;
	const struct blob *bytes = &create->launch.bundle.images[index].bytes;
	struct link_image image = { .sequence = ++create->client.link.sequence,
				    .size = bytes->size };
	int fd = make_file(bytes, problem);
	int result;

	if (fd < 0) {
		return -1;
	}
	/* A name-based UUID is a digest that a library we have anyway can make. */
	uuid_generate_sha1(image.key, space, (const char *)bytes->data, bytes->size);
	result = link_send(&create->client.link, LINK_IMAGE, 0, &image, sizeof(image), fd, problem);
	close(fd);
	if (result) {
		return -1;
	}
	result = wait_for_image(create, &create->images[index], problem);
	end_progress(create);
	return result;
}

static int send_images(struct create *create, struct problem *problem)
{
	uint32_t count = create->launch.bundle.image_count;

	create->images = calloc(count + 1, sizeof(*create->images));
	if (!create->images) {
		abort();
	}
	for (uint32_t i = 0; i < count; i++) {
		if (send_image(create, i, problem)) {
			return -1;
		}
	}
	return 0;
}

/* ---- domains ---- */

/* Before a long transfer: what would be refused after it. */
static int check_names(const struct create *create, const struct domains *domains,
		       struct problem *problem)
{
	for (size_t i = 0; i < create->config.domain_count; i++) {
		const char *name = create->config.domains[i].name;

		for (size_t j = 0; j < domains->count; j++) {
			if (!strcmp(domains->items[j].name, name) &&
			    !domains_has_ended(&domains->items[j])) {
				problem_set(problem,
					    "a domain \"%s\" lives already (give this one another "
					    "name, or end that by `parley destroy %s`)",
					    name, name);
				return config_blame_domain(&create->config, i, "name", problem);
			}
		}
	}
	return config_check_cpus(&create->config, domains->machine.cpus, problem);
}

static uint32_t get_image(const struct create *create, uint32_t index)
{
	return index == BUNDLEFILE_NO_IMAGE ? PV_CONTROL_IMAGE_NONE : create->images[index];
}

static void fill_in(const struct create *create, size_t index, struct pv_control_create *what)
{
	const struct config_domain *domain = &create->config.domains[index];
	const struct bundlefile_use *use = &create->launch.bundle.uses[index];

	*what = (struct pv_control_create){
		.memory_pages = domain->memory / 4096,
		.vcpu_count = domain->vcpus,
		.flags = create->flags | (domain->control ? PV_CONTROL_FLAG_control : 0) |
			 (domain->once ? PV_CONTROL_FLAG_once : 0),
		.kernel = get_image(create, use->kernel),
		.ramdisk = get_image(create, use->ramdisk),
		.weight = domain->weight,
		.cap = domain->cap,
		.affinity = domain->affinity,
	};
	memcpy(what->uuid, domain->uuid, sizeof(what->uuid));
	memcpy(what->name, domain->name, sizeof(what->name));
	memcpy(what->cmdline, domain->cmdline, sizeof(what->cmdline));
}

static int create_domain(struct create *create, size_t index, json_t *made, struct problem *problem)
{
	const char *name = create->config.domains[index].name;
	struct pv_control_create what;
	int result;

	fill_in(create, index, &what);
	result = link_call(&create->client.link, PV_CONTROLOP_create, &what, sizeof(what), problem);
	if (result < 0) {
		return domains_explain(name, "create", result, problem);
	}
	link_tell_kernel(&create->client.link, create->config.domains[index].uuid,
			 create->config.domains[index].kernel);
	if (!create->client.as_json) {
		printf("%s: domain %u\n", name, what.domid);
	}
	json_array_append_new(made, json_pack("{s:s, s:i}", "name", name, "id", (int)what.domid));
	return 0;
}

static int create_all(struct create *create)
{
	json_t *made = json_array();
	struct problem problem;
	int status = 0;

	for (size_t i = 0; i < create->config.domain_count && !status; i++) {
		if (create_domain(create, i, made, &problem)) {
			status = client_fail(&create->client, &problem);
		}
	}
	if (create->client.as_json) {
		client_print_json(json_pack("{s:O}", "domains", made));
	}
	json_decref(made);
	return status;
}

static int run_connected(struct create *create, const struct domains *domains)
{
	struct problem problem;

	create->started = client_get_milliseconds();
	if (check_names(create, domains, &problem) || send_images(create, &problem)) {
		return client_fail(&create->client, &problem);
	}
	return create_all(create);
}

static int run(struct create *create)
{
	struct domains domains;
	int status = client_list(&create->client, &domains);

	if (!status) {
		status = run_connected(create, &domains);
		domains_free(&domains);
		link_close(&create->client.link);
		free(create->images);
	}
	return status;
}

enum { OPT_PAUSED = CLIENT_OPTION, OPT_ONCE };

static int take_option(void *context, int option, const char *text, struct problem *problem)
{
	struct create *create = context;

	(void)text;
	(void)problem;
	create->flags |= option == OPT_PAUSED ? PV_CONTROL_FLAG_paused : PV_CONTROL_FLAG_once;
	return 0;
}

int verb_create(int argc, char **argv)
{
	static const struct option options[] = { { "paused", no_argument, NULL, OPT_PAUSED },
						 { "once", no_argument, NULL, OPT_ONCE },
						 CLIENT_OPTION_JSON,
						 CLIENT_OPTIONS };
	static struct create create = {
		.client = { .verb = "create", .help = create_help, .take_option = take_option }
	};
	struct problem problem;
	int status;

	create.client.context = &create;
	status = client_read_options(&create.client, argc, argv, options);
	if (status != CLIENT_GO) {
		return status;
	}
	if (optind + 1 != argc) {
		return verb_misuse("create", "one configuration is needed");
	}
	if (config_load(&create.config, argv[optind], &problem)) {
		return verb_fail("create", "%s", problem.text);
	}
	if (launch_prepare(&create.launch, &create.config, &problem)) {
		config_free(&create.config);
		return verb_fail("create", "%s", problem.text);
	}
	status = run(&create);
	launch_free(&create.launch);
	config_free(&create.config);
	return status;
}
