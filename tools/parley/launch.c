/*
 * Everything that can be wrong with a configuration beyond its text is found
 * here, before a machine starts.
 */
#include "launch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "text.h"

/* What the hypervisor takes beyond the domains: itself, its heap, and tables by frame. */
#define HEADROOM_FIXED     (96ULL << 20)
#define HEADROOM_DOMAIN    (4ULL << 20)
#define HEADROOM_PER_BYTES 32U

/* The least that is left for the hypervisor itself, however small the domains. */
#define MACHINE_LEAST (32ULL << 20)

/* Page tables, p2m, start information: what a domain needs beside its kernel and ramdisk. */
#define DOMAIN_OVERHEAD (1ULL << 20)

static void fill_record(struct pv_bundle_domain *record, const struct config_domain *domain)
{
	memcpy(record->uuid, domain->uuid, sizeof(record->uuid));
	memcpy(record->name, domain->name, sizeof(record->name));
	memcpy(record->cmdline, domain->cmdline, sizeof(record->cmdline));
	record->memory_pages = domain->memory / 4096;
	record->vcpu_count = domain->vcpus;
	record->flags = (domain->control ? PV_BUNDLE_DOMAIN_CONTROL : 0) |
			(domain->once ? PV_BUNDLE_DOMAIN_ONCE : 0);
	record->weight = domain->weight;
	record->cap = domain->cap;
	record->affinity = domain->affinity;
}

static int check_fit(const struct config_domain *domain, const struct kernel_info *info,
		     uint64_t ramdisk_size, struct problem *problem)
{
	uint64_t needed = ramdisk_size + DOMAIN_OVERHEAD;
	char text[TEXT_SIZE_MAX];

	needed = info->memory_needed > UINT64_MAX - needed ? UINT64_MAX :
							     info->memory_needed + needed;
	if (needed <= domain->memory) {
		return 0;
	}
	return problem_set(problem, "%s is too little: the kernel and ramdisk alone need %llu MiB",
			   text_from_size(domain->memory, text),
			   (unsigned long long)((needed + (1 << 20) - 1) >> 20));
}

/* An earlier domain with the same path, whose image is then shared; or "index" itself. */
static size_t find_same_path(const struct config *config, size_t index, bool is_kernel)
{
	const struct config_domain *domains = config->domains;
	const char *path = is_kernel ? domains[index].kernel : domains[index].ramdisk;

	for (size_t i = 0; i < index; i++) {
		const char *other = is_kernel ? domains[i].kernel : domains[i].ramdisk;

		if (other && !strcmp(other, path)) {
			return i;
		}
	}
	return index;
}

static int prepare_kernel(struct launch *launch, const struct config *config, size_t index,
			  struct problem *problem)
{
	const char *path = config->domains[index].kernel;
	size_t same = find_same_path(config, index, true);
	struct blob image;

	if (same != index) {
		launch->kernels[index] = launch->kernels[same];
		launch->bundle.uses[index].kernel = launch->bundle.uses[same].kernel;
		return 0;
	}
	if (kernel_load(path, &image, &launch->kernels[index], problem)) {
		problem_prefix(problem, "%s: ", path);
		return config_blame_domain(config, index, "kernel", problem);
	}
	launch->bundle.uses[index].kernel = bundlefile_add_image(&launch->bundle, &image);
	return 0;
}

static int prepare_ramdisk(struct launch *launch, const struct config *config, size_t index,
			   struct problem *problem)
{
	const char *path = config->domains[index].ramdisk;
	struct blob image;
	size_t same;

	if (!path) {
		return 0;
	}
	same = find_same_path(config, index, false);
	if (same != index) {
		launch->bundle.uses[index].ramdisk = launch->bundle.uses[same].ramdisk;
		return 0;
	}
	if (blob_read_file(&image, path, BUNDLEFILE_SIZE_MAX, problem)) {
		problem_prefix(problem, "%s: ", path);
		return config_blame_domain(config, index, "ramdisk", problem);
	}
	launch->bundle.uses[index].ramdisk = bundlefile_add_image(&launch->bundle, &image);
	return 0;
}

static int prepare_domain(struct launch *launch, const struct config *config, size_t index,
			  struct problem *problem)
{
	const struct config_domain *domain = &config->domains[index];

	fill_record(&launch->bundle.records[index], domain);
	if (prepare_kernel(launch, config, index, problem) ||
	    prepare_ramdisk(launch, config, index, problem)) {
		return -1;
	}
	if (check_fit(domain, &launch->kernels[index], launch_get_ramdisk_size(launch, index),
		      problem)) {
		return config_blame_domain(config, index, "memory", problem);
	}
	return 0;
}

uint64_t launch_get_kernel_size(const struct launch *launch, size_t index)
{
	return bundlefile_get_size(&launch->bundle, launch->bundle.uses[index].kernel);
}

uint64_t launch_get_ramdisk_size(const struct launch *launch, size_t index)
{
	return bundlefile_get_size(&launch->bundle, launch->bundle.uses[index].ramdisk);
}

int launch_prepare(struct launch *launch, const struct config *config, struct problem *problem)
{
	bundlefile_init(&launch->bundle, (uint32_t)config->domain_count);
	launch->kernels = calloc(config->domain_count, sizeof(*launch->kernels));
	if (!launch->kernels) {
		abort();
	}
	for (size_t i = 0; i < config->domain_count; i++) {
		if (prepare_domain(launch, config, i, problem)) {
			launch_free(launch);
			return -1;
		}
	}
	if (bundlefile_layout(&launch->bundle, problem)) {
		launch_free(launch);
		return -1;
	}
	return 0;
}

uint64_t launch_measure_memory(const struct launch *launch, const struct config *config)
{
	uint64_t sum = launch->bundle.header.total_size;

	if (config->machine_memory) {
		return config->machine_memory;
	}
	for (size_t i = 0; i < config->domain_count; i++) {
		sum += config->domains[i].memory + HEADROOM_DOMAIN;
	}
	sum += HEADROOM_FIXED + sum / HEADROOM_PER_BYTES;
	return (sum + (1 << 20) - 1) & ~((1ULL << 20) - 1);
}

int launch_check_memory(const struct launch *launch, const struct config *config,
			struct problem *problem)
{
	struct config automatic = *config;
	uint64_t least = MACHINE_LEAST;

	for (size_t i = 0; i < config->domain_count; i++) {
		least += config->domains[i].memory;
	}
	if (!config->machine_memory || config->machine_memory >= least) {
		return 0;
	}
	automatic.machine_memory = 0;
	problem_set(problem,
		    "%llu MiB cannot hold domains of %llu MiB and the hypervisor (write \"%lluM\" "
		    "or leave it out)",
		    (unsigned long long)(config->machine_memory >> 20),
		    (unsigned long long)((least - MACHINE_LEAST) >> 20),
		    (unsigned long long)(launch_measure_memory(launch, &automatic) >> 20));
	return -1;
}

int launch_open_bundle(const struct launch *launch, struct problem *problem)
{
	int fd = memfd_create("launch.bundle", 0);

	if (fd < 0) {
		return problem_set(problem, "cannot make a file in memory: %s", strerror(errno));
	}
	if (bundlefile_write(&launch->bundle, fd, problem)) {
		close(fd);
		return -1;
	}
	return fd;
}

void launch_free(struct launch *launch)
{
	bundlefile_free(&launch->bundle);
	free(launch->kernels);
	launch->kernels = NULL;
}
