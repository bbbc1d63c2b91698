/* tools/parley/config.c and what it uses: good files are taken, bad ones named to the line. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parley/config.h"
#include "parley/jsonplace.h"
#include "parley/text.h"

static struct problem problem;

static int parse(struct config *config, const char *text)
{
	problem.text[0] = '\0';
	return config_parse(config, text, strlen(text), "dir/c.json", &problem);
}

Test(config, takes_every_field)
{
	static const char text[] =
		"{\"domains\": [{\"name\": \"debian\","
		"\"uuid\": \"0d0fa2ce-7a3f-4c1b-9f5e-3c6b8f2a1d47\","
		"\"kernel\": \"vmlinuz\", \"ramdisk\": \"/abs/initrd\","
		"\"cmdline\": \"console=hvc0 x=\\u00e9\", \"memory\": \"1G\", \"vcpus\": 4,"
		"\"weight\": 512, \"cap\": 150, \"affinity\": \"0xf000000000000001\","
		"\"control\": true}],"
		"\"machine\": {\"cpus\": 2, \"memory\": \"2048M\"}}";
	const struct config_domain *domain;
	struct config config;
	char uuid[UUID_STR_LEN];

	cr_assert_eq(parse(&config, text), 0, "%s", problem.text);
	domain = &config.domains[0];
	uuid_unparse_lower(domain->uuid, uuid);
	cr_assert_eq(config.domain_count, 1);
	cr_assert_str_eq(domain->name, "debian");
	cr_assert_str_eq(uuid, "0d0fa2ce-7a3f-4c1b-9f5e-3c6b8f2a1d47");
	cr_assert_str_eq(domain->kernel, "dir/vmlinuz");
	cr_assert_str_eq(domain->ramdisk, "/abs/initrd");
	cr_assert_str_eq(domain->cmdline, "console=hvc0 x=\xc3\xa9");
	cr_assert_eq(domain->memory, 1ULL << 30);
	cr_assert_eq(domain->vcpus, 4);
	cr_assert_eq(domain->weight, 512);
	cr_assert_eq(domain->cap, 150);
	cr_assert_eq(domain->affinity, 0xf000000000000001);
	cr_assert(domain->control);
	cr_assert_eq(config.machine_cpus, 2);
	cr_assert_eq(config.machine_memory, 2ULL << 30);
	config_free(&config);
}

Test(config, fills_in_defaults)
{
	const struct config_domain *domain;
	struct config config;

	cr_assert_eq(parse(&config, "{\"domains\": [{\"name\": \"a\", \"kernel\": \"k\"},"
				    "{\"name\": \"b\", \"kernel\": \"k\"}]}"),
		     0, "%s", problem.text);
	domain = &config.domains[0];
	cr_assert(!uuid_is_null(domain->uuid));
	cr_assert_neq(uuid_compare(domain->uuid, config.domains[1].uuid), 0);
	cr_assert_null(domain->ramdisk);
	cr_assert_str_eq(domain->cmdline, "");
	cr_assert_eq(domain->memory, 512ULL << 20);
	cr_assert_eq(domain->vcpus, 1);
	cr_assert_eq(domain->weight, 256);
	cr_assert_eq(domain->cap, 0);
	cr_assert_eq(domain->affinity, 0);
	cr_assert(!domain->control);
	cr_assert_eq(config.machine_cpus, 0);
	cr_assert_eq(config_count_cpus(&config, 8), 1);
	config_free(&config);
}

/* One domain on lines of their own: the field under test is on line 4. */
#define FIELD(text) "{\n \"domains\": [\n  {\"name\": \"a\", \"kernel\": \"k\",\n" text "}\n ]\n}\n"
#define AT_FIELD    "dir/c.json:4: domains[0]."

static const struct {
	const char *text;
	const char *message;
} mistakes[] = {
	{ "", "dir/c.json:1: not valid JSON: '[' or '{' expected near end of file" },
	{ "{\n\"domains\": [,]}", "dir/c.json:2: not valid JSON: unexpected token near ','" },
	{ "{\"a\": 1,\n \"a\": 2}",
	  "dir/c.json:2: not valid JSON: duplicate object key near '\"a\"'" },
	{ "[]", "dir/c.json:1: an array where an object with \"domains\" is needed" },
	{ "\n{}", "dir/c.json:2: \"domains\" is missing" },
	{ "{\"domains\": []}", "dir/c.json:1: domains: an array of 1 to 128 domains is needed" },
	{ "{\"domains\": 5}", "dir/c.json:1: domains: an array of 1 to 128 domains is needed" },
	{ "{\n\"domain\": []}", "dir/c.json:2: domain: unknown key (did you mean \"domains\"?)" },
	{ "{\n\n\"zebra\": []}",
	  "dir/c.json:3: zebra: unknown key (there are \"domains\", \"machine\")" },
	{ "{\"domains\": [\n5]}", "dir/c.json:2: domains[0]: a number where an object is needed" },
	{ "{\"domains\": [\n{\"name\": \"a\"}]}",
	  "dir/c.json:2: domains[0]: \"kernel\" is missing" },
	{ "{\"domains\": [\n{\"kernel\": \"a\"}]}",
	  "dir/c.json:2: domains[0]: \"name\" is missing" },
	{ FIELD("\"memroy\": \"1G\""), AT_FIELD "memroy: unknown key (did you mean \"memory\"?)" },
	{ FIELD("\"disk\": []"),
	  AT_FIELD "disk: unknown key (there are \"name\", \"kernel\", \"uuid\", \"ramdisk\", "
		   "\"cmdline\", \"memory\", \"vcpus\", \"weight\", \"cap\", \"affinity\", "
		   "\"control\", \"once\")" },
	{ FIELD("\"memory\": 512"),
	  AT_FIELD "memory: a number has no unit (write a string such as \"512M\")" },
	{ FIELD("\"memory\": true"),
	  AT_FIELD "memory: a boolean where a string is needed (such as \"512M\")" },
	{ FIELD("\"memory\": \"lots\""),
	  AT_FIELD "memory: \"lots\" is not a size (write a number and a unit, such as \"512M\" "
		   "or \"1G\")" },
	{ FIELD("\"memory\": \"512\""),
	  AT_FIELD "memory: \"512\" has no unit (write \"512M\" for mebibytes, or K, G)" },
	{ FIELD("\"memory\": \"6K\""), AT_FIELD "memory: \"6K\" is not a multiple of 4K" },
	{ FIELD("\"memory\": \"64K\""), AT_FIELD "memory: \"64K\" is too little (at least 1M)" },
	{ FIELD("\"memory\": \"0M\""), AT_FIELD "memory: \"0M\" is out of range (from 4K to 64T)" },
	{ FIELD("\"memory\": \"99999999T\""),
	  AT_FIELD "memory: \"99999999T\" is out of range (from 4K to 64T)" },
	{ FIELD("\"vcpus\": 0"), AT_FIELD "vcpus: 0 is out of range (from 1 to 32)" },
	{ FIELD("\"vcpus\": 33"), AT_FIELD "vcpus: 33 is out of range (from 1 to 32)" },
	{ FIELD("\"vcpus\": -1"), AT_FIELD "vcpus: -1 is out of range (from 1 to 32)" },
	{ FIELD("\"vcpus\": 1.5"),
	  AT_FIELD "vcpus: a number where a whole number from 1 to 32 is needed" },
	{ FIELD("\"vcpus\": \"2\""),
	  AT_FIELD "vcpus: a string where a whole number from 1 to 32 is needed" },
	{ FIELD("\"weight\": 65536"), AT_FIELD "weight: 65536 is out of range (from 1 to 65535)" },
	{ FIELD("\"cap\": 101"),
	  AT_FIELD "cap: 101 per cent is more than 1 vCPU can use (at most 100)" },
	{ FIELD("\"affinity\": 3"),
	  AT_FIELD "affinity: a number where a string is needed (such as \"0x3\")" },
	{ FIELD("\"affinity\": \"0-1\""),
	  AT_FIELD "affinity: \"0-1\" is not a mask of up to 64 CPUs (write hexadecimal, such as "
		   "\"0x3\" for CPUs 0 and 1)" },
	{ FIELD("\"affinity\": \"0x0\""),
	  AT_FIELD "affinity: the mask is empty (leave the field out for all CPUs)" },
	{ FIELD("\"affinity\": \"10000000000000000\""),
	  AT_FIELD "affinity: \"10000000000000000\" is not a mask of up to 64 CPUs (write "
		   "hexadecimal, such as \"0x3\" for CPUs 0 and 1)" },
	{ FIELD("\"control\": 1"), AT_FIELD "control: a number where true or false is needed" },
	{ FIELD("\"uuid\": \"12\""),
	  AT_FIELD "uuid: \"12\" is not a UUID (make one by `uuidgen`, or leave the field out)" },
	{ FIELD("\"ramdisk\": \"\""), AT_FIELD "ramdisk: empty where a path is needed" },
	{ FIELD("\"ramdisk\": null"),
	  AT_FIELD "ramdisk: null where a string is needed (such as \"initrd.img\")" },
	{ "{\"domains\": [{\"kernel\": \"k\",\n\"name\": \"a b\"}]}",
	  "dir/c.json:2: domains[0].name: \"a b\" is not a name (1 to 63 letters, digits, '.', "
	  "'_', '-')" },
	{ "{\"domains\": [{\"name\": \"a\", \"kernel\": \"k\"},\n"
	  "{\"kernel\": \"k\",\n\"name\": \"a\"}]}",
	  "dir/c.json:3: domains[1].name: \"a\" is also the name of domains[0] (give each its own)" },
	{ "{\"domains\": [{\"name\": \"a\", \"kernel\": \"k\",\n"
	  "\"uuid\": \"0d0fa2ce-7a3f-4c1b-9f5e-3c6b8f2a1d47\"}, {\"name\": \"b\", \"kernel\": \"k\",\n"
	  "\"uuid\": \"0D0FA2CE-7a3f-4c1b-9f5e-3c6b8f2a1d47\"}]}",
	  "dir/c.json:3: domains[1].uuid: also the uuid of domains[0] (leave it out to have one "
	  "made)" },
	{ "{\"machine\": {\n\"cpus\": 65}, \"domains\": [{\"name\": \"a\", \"kernel\": \"k\"}]}",
	  "dir/c.json:2: machine.cpus: 65 is out of range (from 1 to 64)" },
	{ "{\"machine\":\n{\"cpu\": 1}, \"domains\": [{\"name\": \"a\", \"kernel\": \"k\"}]}",
	  "dir/c.json:2: machine.cpu: unknown key (did you mean \"cpus\"?)" },
	{ "{\"machine\": [], \"domains\": [{\"name\": \"a\", \"kernel\": \"k\"}]}",
	  "dir/c.json:1: machine: an array where an object is needed" },
	{ "{\"machine\": {\"cpus\": 2}, \"domains\": [{\"name\": \"a\", \"kernel\": \"k\",\n"
	  "\"affinity\": \"4\"}]}",
	  "dir/c.json:2: domains[0].affinity: 0x4 names none of the machine's CPUs 0 to 1 (change "
	  "the mask, or machine.cpus or --cpus)" },
};

Test(config, names_file_line_and_field)
{
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct config config;

		cr_assert_neq(parse(&config, mistakes[i].text), 0, "accepted: %s",
			      mistakes[i].text);
		cr_expect_str_eq(problem.text, mistakes[i].message);
		cr_assert_null(config.domains);
	}
}

Test(config, bounds_the_command_line)
{
	struct config config;
	char text[2048];
	char line[1100];

	memset(line, 'x', sizeof(line));
	line[1023] = '\0';
	snprintf(text, sizeof(text),
		 "{\"domains\":[{\"name\":\"a\",\"kernel\":\"k\",\"cmdline\":\"%s\"}]}", line);
	cr_assert_eq(parse(&config, text), 0, "%s", problem.text);
	config_free(&config);
	line[1023] = 'x';
	line[1024] = '\0';
	snprintf(text, sizeof(text),
		 "{\"domains\":[{\"name\":\"a\",\"kernel\":\"k\",\"cmdline\":\"%s\"}]}", line);
	cr_assert_neq(parse(&config, text), 0);
	cr_assert_str_eq(problem.text,
			 "dir/c.json:1: domains[0].cmdline: 1024 bytes long (at most 1023)");
}

Test(config, says_that_the_file_is_missing)
{
	struct config config;

	cr_assert_neq(config_load(&config, "/nonexistent/c.json", &problem), 0);
	cr_assert_str_eq(problem.text,
			 "/nonexistent/c.json: cannot open: No such file or directory");
	cr_assert_neq(config_load(&config, "/", &problem), 0);
	cr_assert_str_eq(problem.text, "/: cannot read: Is a directory");
}

/* A good file with bytes changed is either taken or named; it never does worse. */
Test(config, survives_mutation)
{
	static const char good[] = FIELD("\"memory\": \"1G\", \"cmdline\": \"a \\\"b\\\" {[\"");
	char text[sizeof(good)];
	struct config config;

	srand(5);
	for (int round = 0; round < 20000; round++) {
		memcpy(text, good, sizeof(good));
		for (int i = 0; i < 1 + rand() % 3; i++) {
			text[(size_t)rand() % (sizeof(good) - 1)] =
				rand() % 2 ? "{}[]\",:\\ \n0a"[rand() % 12] : (char)rand();
		}
		if (!config_parse(&config, text, sizeof(good) - 1, "c", &problem)) {
			config_free(&config);
		}
	}
}

Test(jsonplace, finds_lines_past_brackets_in_strings)
{
	static const char text[] = "{\n\"a\": \"}]\\\"{\",\n\"b\": [1,\n{\"c\":\n2}]\n}";
	struct jsonplace_step a[] = { { "a", 0 } };
	struct jsonplace_step c[] = { { "b", 0 }, { NULL, 1 }, { "c", 0 } };
	struct jsonplace_step nothing[] = { { "b", 0 }, { NULL, 1 }, { "d", 0 } };

	cr_assert_eq(jsonplace_find_line(text, a, 0), 1);
	cr_assert_eq(jsonplace_find_line(text, a, 1), 2);
	cr_assert_eq(jsonplace_find_line(text, c, 1), 3);
	cr_assert_eq(jsonplace_find_line(text, c, 2), 4);
	cr_assert_eq(jsonplace_find_line(text, c, 3), 4);
	cr_assert_eq(jsonplace_find_line(text, nothing, 3), 4);
	cr_assert_eq(jsonplace_find_line("", a, 1), 1);
}

Test(text, reads_and_writes_sizes)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} sizes[] = {
		{ "4K", 4096 },    { "512M", 512 << 20 }, { "512MiB", 512 << 20 },
		{ "1g", 1 << 30 }, { "64T", 1ULL << 46 },
	};
	static const char *const bad[] = { "",
					   "M",
					   "1MB",
					   "-1M",
					   " 1M",
					   "1 M",
					   "1.5G",
					   "1MM",
					   "0x1M",
					   "1P",
					   "5K",
					   "65T",
					   "99999999999999999999M" };
	char buffer[TEXT_SIZE_MAX];
	uint64_t bytes;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		cr_assert_eq(text_to_size(sizes[i].text, &bytes, &problem), 0);
		cr_assert_eq(bytes, sizes[i].bytes);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_assert_neq(text_to_size(bad[i], &bytes, &problem), 0, "%s", bad[i]);
	}
	cr_assert_str_eq(text_from_size(512 << 20, buffer), "512M");
	cr_assert_str_eq(text_from_size(1536 << 20, buffer), "1536M");
	cr_assert_str_eq(text_from_size(1ULL << 40, buffer), "1T");
	cr_assert_str_eq(text_from_size(20 << 10, buffer), "20K");
}

Test(text, proposes_near_names_only)
{
	static const char *const names[] = { "memory", "vcpus", "cap", NULL };

	cr_assert_str_eq(text_find_nearest("memroy", names), "memory");
	cr_assert_str_eq(text_find_nearest("vcpu", names), "vcpus");
	cr_assert_null(text_find_nearest("disk", names));
	cr_assert_null(text_find_nearest("cub", names), "half of it is wrong");
	cr_assert_null(text_find_nearest("", names));
	cr_assert_null(text_find_nearest("a name that is longer than any of them is", names));
}

Test(text, knows_names)
{
	cr_assert(text_is_name("a"));
	cr_assert(text_is_name("Debian-12_x.y"));
	cr_assert(!text_is_name(""));
	cr_assert(!text_is_name("a/b"));
	cr_assert(!text_is_name("\xc3\xa9"));
	cr_assert(
		!text_is_name("0123456789012345678901234567890123456789012345678901234567890123"));
	cr_assert(text_is_name("012345678901234567890123456789012345678901234567890123456789012"));
}
