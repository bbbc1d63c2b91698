/*
 * `parley bundle`: the launch bundle as a file, for a machine that parley does
 * not start itself, and a look into one.
 */
#include "verbs.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <uuid/uuid.h>

#include "blob.h"
#include "bundlefile.h"
#include "config.h"
#include "launch.h"
#include "output.h"
#include "text.h"

static const char bundle_help[] =
	"usage: parley bundle CONFIG.json -o FILE\n"
	"       parley bundle --show FILE [--json]\n"
	"\n"
	"Makes a launch bundle: the domains and their images in one file, which the\n"
	"hypervisor takes as its only multiboot module. With --show checks one and prints\n"
	"what is in it.\n"
	"\n"
	"  -o, --output FILE  where to write\n"
	"      --show FILE    check and print\n"
	"      --json         print as JSON\n"
	"\n"
	"Exit status: 0 done, 2 usage, configuration, or a bundle that is damaged.\n";

static int make_bundle(const char *config_path, const char *path)
{
	struct config config;
	struct launch launch;
	struct output output;
	struct problem problem;
	int result = -1;

	if (config_load(&config, config_path, &problem)) {
		return verb_fail("bundle", "%s", problem.text);
	}
	if (launch_prepare(&launch, &config, &problem)) {
		config_free(&config);
		return verb_fail("bundle", "%s", problem.text);
	}
	if (!output_open(&output, path, &problem)) {
		result = bundlefile_write(&launch.bundle, output.fd, &problem);
		if (result) {
			problem_prefix(&problem, "%s: ", path);
			output_abandon(&output);
		} else {
			result = output_commit(&output, &problem);
		}
	}
	launch_free(&launch);
	config_free(&config);
	return result ? verb_fail("bundle", "%s", problem.text) : 0;
}

static json_t *describe_record(const struct pv_bundle_domain *record)
{
	char uuid[UUID_STR_LEN];
	char affinity[24];

	uuid_unparse_lower(record->uuid, uuid);
	snprintf(affinity, sizeof(affinity), "0x%llx", (unsigned long long)record->affinity);
	return json_pack("{s:s, s:s, s:s, s:I, s:i, s:b, s:I, s:I, s:I, s:I, s:i, s:i, s:s}",
			 "name", record->name, "uuid", uuid, "cmdline", record->cmdline, "memory",
			 (json_int_t)record->memory_pages * 4096, "vcpus", (int)record->vcpu_count,
			 "control", (record->flags & PV_BUNDLE_DOMAIN_CONTROL) != 0,
			 "kernel_offset", (json_int_t)record->kernel_offset, "kernel_size",
			 (json_int_t)record->kernel_size, "ramdisk_offset",
			 (json_int_t)record->ramdisk_offset, "ramdisk_size",
			 (json_int_t)record->ramdisk_size, "weight", (int)record->weight, "cap",
			 (int)record->cap, "affinity", affinity);
}

static void show_json(const struct blob *file, const struct pv_bundle_header *header)
{
	json_t *domains = json_array();
	json_t *root;

	for (uint32_t i = 0; i < header->domain_count; i++) {
		struct pv_bundle_domain record = bundlefile_get_record(file->data, i);

		json_array_append_new(domains, describe_record(&record));
	}
	root = json_pack("{s:i, s:I, s:o}", "version", (int)header->version, "size",
			 (json_int_t)file->size, "domains", domains);
	json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
}

static void show_text(const struct blob *file, const struct pv_bundle_header *header)
{
	printf("launch bundle, version %u, %zu KiB, %u domain%s\n", header->version,
	       file->size >> 10, header->domain_count, header->domain_count == 1 ? "" : "s");
	for (uint32_t i = 0; i < header->domain_count; i++) {
		struct pv_bundle_domain record = bundlefile_get_record(file->data, i);
		char memory[TEXT_SIZE_MAX];
		char uuid[UUID_STR_LEN];

		uuid_unparse_lower(record.uuid, uuid);
		printf("%s: %s, %s, %u vCPU%s%s\n", record.name, uuid,
		       text_from_size(record.memory_pages * 4096, memory), record.vcpu_count,
		       record.vcpu_count == 1 ? "" : "s",
		       record.flags & PV_BUNDLE_DOMAIN_CONTROL ? ", control" : "");
		printf("  kernel  %llu bytes at 0x%llx\n", (unsigned long long)record.kernel_size,
		       (unsigned long long)record.kernel_offset);
		if (record.ramdisk_size) {
			printf("  ramdisk %llu bytes at 0x%llx\n",
			       (unsigned long long)record.ramdisk_size,
			       (unsigned long long)record.ramdisk_offset);
		}
		if (record.cmdline[0]) {
			printf("  cmdline %s\n", record.cmdline);
		}
	}
}

static int show_bundle(const char *path, bool as_json)
{
	struct pv_bundle_header header;
	struct problem problem;
	struct blob file;

	if (blob_read_file(&file, path, BUNDLEFILE_SIZE_MAX, &problem)) {
		return verb_fail("bundle", "%s: %s", path, problem.text);
	}
	if (bundlefile_verify(file.data, file.size, &problem)) {
		blob_free(&file);
		return verb_fail("bundle", "%s: %s", path, problem.text);
	}
	memcpy(&header, file.data, sizeof(header));
	if (as_json) {
		show_json(&file, &header);
	} else {
		show_text(&file, &header);
	}
	blob_free(&file);
	return 0;
}

int verb_bundle(int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "show", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	const char *output = NULL;
	const char *shown = NULL;
	bool as_json = false;
	int option;

	while ((option = getopt_long(argc, argv, "o:hV", options, NULL)) != -1) {
		switch (option) {
		case 'o':
			output = optarg;
			break;
		case 's':
			shown = optarg;
			break;
		case 'j':
			as_json = true;
			break;
		case 'h':
			fputs(bundle_help, stdout);
			return 0;
		case 'V':
			return verb_print_version();
		default:
			return verb_point_to_help("bundle");
		}
	}
	if (shown && !output && optind == argc) {
		return show_bundle(shown, as_json);
	}
	if (shown || as_json || !output || optind + 1 != argc) {
		return verb_misuse("bundle", "CONFIG.json and -o FILE are needed, or --show FILE");
	}
	return make_bundle(argv[optind], output);
}
