/*
 * Everything that can be wrong with a configuration beyond its text is found
 * here, before a machine starts.
 */
#include "launch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "text.h"

/* What the hypervisor takes beyond the domains: itself, its heap, and tables by frame. */
#define HEADROOM_FIXED	   (96ULL << 20)
#define HEADROOM_DOMAIN	   (4ULL << 20)
#define HEADROOM_PER_BYTES 32U

/* Page tables, p2m, start information: what a domain needs beside its kernel and ramdisk. */
#define DOMAIN_OVERHEAD (1ULL << 20)

static void fill_record(struct pv_bundle_domain *record, const struct config_domain *domain)
{
	memcpy(record->uuid, domain->uuid, sizeof(record->uuid));
	memcpy(record->name, domain->name, sizeof(record->name));
	memcpy(record->cmdline, domain->cmdline, sizeof(record->cmdline));
	record->memory_pages = domain->memory / 4096;
	record->vcpu_count = domain->vcpus;
	record->flags = domain->control ? PV_BUNDLE_DOMAIN_CONTROL : 0;
	record->weight = domain->weight;
	record->cap = domain->cap;
	record->affinity = domain->affinity;
}

static int check_fit(const struct config_domain *domain, const struct kernel_info *info,
		     const struct blob *ramdisk, struct problem *problem)
{
	uint64_t needed = ramdisk->size + DOMAIN_OVERHEAD;
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

static int prepare_domain(struct launch *launch, const struct config *config, size_t index,
			  struct problem *problem)
{
	const struct config_domain *domain = &config->domains[index];
	struct blob *ramdisk = &launch->bundle.ramdisks[index];
	struct kernel_info *info = &launch->kernels[index];

	fill_record(&launch->bundle.records[index], domain);
	if (kernel_load(domain->kernel, &launch->bundle.kernels[index], info, problem)) {
		problem_prefix(problem, "%s: ", domain->kernel);
		return config_blame_domain(config, index, "kernel", problem);
	}
	if (domain->ramdisk &&
	    blob_read_file(ramdisk, domain->ramdisk, BUNDLEFILE_SIZE_MAX, problem)) {
		problem_prefix(problem, "%s: ", domain->ramdisk);
		return config_blame_domain(config, index, "ramdisk", problem);
	}
	if (check_fit(domain, info, ramdisk, problem)) {
		return config_blame_domain(config, index, "memory", problem);
	}
	return 0;
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
