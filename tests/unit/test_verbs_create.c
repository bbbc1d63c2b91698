/* The verb create, against a fake hypervisor: what it hands over, and what it says when that fails. See test_verbs.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <parley/elfnote.h>
#include <parley/errno.h>
#include <parley/sched.h>

#include "image_maker.h"
#include "parley/verbs.h"
#include "verb_fixture.h"

TestSuite(verbs_create, .timeout = 60);

static const uint32_t pv_notes[] = { PV_ELFNOTE_GUEST_OS, PV_ELFNOTE_ENTRY, PV_ELFNOTE_VIRT_BASE,
				     0 };
static uint8_t kernel[IMAGE_MAKER_ROOM];
static size_t kernel_size;

/* A configuration with "count" domains n0, n1, ... of one kernel; in the machine's folder. */
static const char *write_config(unsigned int count)
{
	static char words[128];
	char path[96];
	FILE *file;

	kernel_size = image_make_elf(kernel, pv_notes);
	snprintf(path, sizeof(path), "%s/kernel", machine.folder);
	file = fopen(path, "w");
	fwrite(kernel, 1, kernel_size, file);
	fclose(file);
	snprintf(path, sizeof(path), "%s/config.json", machine.folder);
	file = fopen(path, "w");
	fputs("{ \"domains\": [", file);
	for (unsigned int i = 0; i < count; i++) {
		fprintf(file, "%s{ \"name\": \"n%u\", \"kernel\": \"kernel\", \"memory\": \"16M\"",
			i ? "," : "", i);
		fprintf(file, ", \"cmdline\": \"a b\", \"weight\": %u", 100 + i);
		fprintf(file, ", \"uuid\": \"0d0fa2ce-7a3f-4c1b-9f5e-3c6b8f2a%04x\" }", i);
	}
	fputs("] }\n", file);
	fclose(file);
	snprintf(words, sizeof(words), "create %s", path);
	return words;
}

static void remove_config(void)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/config.json", machine.folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/kernel", machine.folder);
	unlink(path);
}

Test(verbs_create, create_hands_over_a_domain)
{
	const struct pv_control_create *create;
	char words[160];

	fake_machine_start(&machine, "m");
	expect(verb_create, write_config(1), 0, "n0: domain 3\n", "");
	create = &find_request(PV_CONTROLOP_create)->create;
	cr_assert_str_eq(create->name, "n0");
	cr_assert_str_eq(create->cmdline, "a b");
	cr_assert_eq(create->memory_pages, 4096);
	cr_assert_eq(create->vcpu_count, 1);
	cr_assert_eq(create->weight, 100);
	cr_assert_eq(create->flags, 0);
	cr_assert_eq(create->kernel, 1);
	cr_assert_eq(create->ramdisk, PV_CONTROL_IMAGE_NONE);
	cr_assert_eq(create->uuid[0], 0x0d);
	cr_assert_eq(machine.state->images[0].size, kernel_size);
	cr_assert_leq(machine.state->images[0].written, kernel_size);
	cr_assert_eq(memcmp(machine.state->images[0].bytes, kernel, kernel_size), 0);
	expect(verb_create, write_config(1), 1, "",
	       "config.json:1: domains[0].name: a domain \"n0\" lives already");
	expect(verb_destroy, "destroy n0", 0, "", "");
	snprintf(words, sizeof(words), "%s --paused --json", write_config(1));
	expect(verb_create, words, 0, "\"id\": 4", "");
	cr_assert_eq(find_request(PV_CONTROLOP_create)->create.flags, PV_CONTROL_FLAG_paused);
	remove_config();
	end();
}

Test(verbs_create, create_sends_a_kernel_once_for_many_domains)
{
	fake_machine_start(&machine, "m");
	expect(verb_create, write_config(40), 0, "n39: domain 42\n", "");
	cr_assert_eq(machine.state->image_count, 1);
	cr_assert_eq(memcmp(machine.state->images[0].bytes, kernel, kernel_size), 0);
	cr_assert_eq(machine.state->domain_count, 42);
	remove_config();
	end();
}

Test(verbs_create, create_says_what_failed)
{
	fake_machine_start(&machine, "m");
	machine.state->results[PV_CONTROLOP_create] = -PV_ENOMEM;
	expect(verb_create, write_config(2), 1, "",
	       "cannot create n0: the machine has too little memory left");
	expect(verb_create, "create /nonexistent.json", 2, "", "/nonexistent.json");
	machine.state->results[PV_CONTROLOP_image_write] = -PV_EINVAL;
	machine.state->results[PV_CONTROLOP_create] = 0;
	remove_config();
	end();
}
