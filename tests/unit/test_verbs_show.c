/* The verbs that show something, against a fake hypervisor: ls, top, oops. See test_verbs.c. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <parley/sched.h>

#include "parley/verbs.h"
#include "verb_fixture.h"

TestSuite(verbs_show, .timeout = 60);

/* ---- ls ---- */

Test(verbs_show, ls_prints_a_table)
{
	fake_machine_start(&machine, "m");
	end_domain(1, PV_CONTROL_STATE_crashed, PV_SHUTDOWN_crash, "bad \033[2J fault");
	expect(verb_ls, "ls", 0,
	       "  ID  NAME  STATE        VCPUS    MEMORY  CPU TIME\n"
	       "   1  one   running        1/2       16M       1.2s\n",
	       "");
	cr_assert_null(strstr(fake_run(verb_ls, "ls")->out, "two"));
	expect(verb_ls, "ls --all", 0,
	       "   2  two   crashed        1/2       16M       1.2s  bad ?[2J fault\n", "");
	end();
}

static json_t *load(const char *text)
{
	json_error_t error;
	json_t *root = json_loads(text, 0, &error);

	cr_assert_not_null(root, "%s: %s", error.text, text);
	return root;
}

static json_int_t get_int(const json_t *object, const char *key)
{
	cr_assert(json_is_integer(json_object_get(object, key)), "%s", key);
	return json_integer_value(json_object_get(object, key));
}

Test(verbs_show, ls_prints_json)
{
	json_t *root;
	const json_t *list;
	const json_t *domain;

	fake_machine_start(&machine, "m");
	end_domain(1, PV_CONTROL_STATE_shutdown, PV_SHUTDOWN_reboot, "");
	root = load(expect(verb_ls, "ls --json", 0, "", "")->out);
	list = json_object_get(root, "domains");
	cr_assert_eq(json_array_size(list), 1);
	domain = json_array_get(list, 0);
	cr_assert_str_eq(json_string_value(json_object_get(domain, "name")), "one");
	cr_assert_str_eq(json_string_value(json_object_get(domain, "state")), "running");
	cr_assert_str_eq(json_string_value(json_object_get(domain, "affinity")), "0x1");
	cr_assert_eq(get_int(domain, "id"), 1);
	cr_assert_eq(get_int(domain, "memory"), 16 << 20);
	cr_assert_eq(get_int(domain, "cpu_time_ns"), 1234567890);
	cr_assert_eq(get_int(json_object_get(root, "machine"), "memory_free"), 4 << 20);
	json_decref(root);
	root = load(expect(verb_ls, "ls --json --all", 0, "", "")->out);
	domain = json_array_get(json_object_get(root, "domains"), 1);
	cr_assert_str_eq(json_string_value(json_object_get(domain, "state")), "shutdown");
	cr_assert_str_eq(json_string_value(json_object_get(domain, "reason")), "reboot");
	json_decref(root);
	end();
}

/* More domains than an answer holds. */
Test(verbs_show, ls_lists_many_domains)
{
	json_t *root;

	fake_machine_start(&machine, "m");
	for (uint32_t i = 2; i < FAKE_DOMAINS_MAX; i++) {
		machine.state->domains[i] = machine.state->domains[0];
		machine.state->domains[i].domid = (uint16_t)(i + 1);
	}
	machine.state->domain_count = FAKE_DOMAINS_MAX;
	root = load(expect(verb_ls, "ls --json", 0, "", "")->out);
	cr_assert_eq(json_array_size(json_object_get(root, "domains")), FAKE_DOMAINS_MAX);
	json_decref(root);
	machine.state->domain_count = 2;
	end();
}

/* ---- top, oops, stop ---- */

Test(verbs_show, top_computes_rates)
{
	const json_t *domain;
	json_t *root;
	pid_t child;
	int out = memfd_create("out", 0);
	char text[4096];
	ssize_t got;

	fake_machine_start(&machine, "m");
	child = fake_spawn(verb_top, "top --once --json --interval 0.5", -1, out, STDERR_FILENO);
	usleep(250000);
	/* The fake's clock goes on by a second a look. */
	machine.state->domains[1].cpu_time_ns += 500000000;
	machine.state->domains[1].hypercalls += 1000;
	machine.state->domains[1].events += 30;
	cr_assert_eq(exit_status(child), 0);
	got = pread(out, text, sizeof(text) - 1, 0);
	text[got] = '\0';
	root = load(text);
	domain = json_array_get(json_object_get(root, "domains"), 0);
	cr_assert_str_eq(json_string_value(json_object_get(domain, "name")), "two",
			 "the busiest is first");
	cr_assert_float_eq(json_real_value(json_object_get(domain, "cpu_percent")), 50, 0.01);
	cr_assert_float_eq(json_real_value(json_object_get(domain, "hypercalls_per_s")), 1000, 0.1);
	cr_assert_float_eq(json_real_value(json_object_get(domain, "events_per_s")), 30, 0.1);
	json_decref(root);
	expect(verb_top, "top --once --interval 0.1", 0, "CPU%", "");
	end();
}

Test(verbs_show, oops_prints_a_report)
{
	fake_machine_start(&machine, "m");
	expect(verb_oops, "oops one", 1, "", "one has not crashed (it is running)");
	end_domain(1, PV_CONTROL_STATE_crashed, PV_SHUTDOWN_crash, "");
	cr_assert_str_eq(expect(verb_oops, "oops two", 0, "", "")->out,
			 "one: killed\nRIP 0x1?[2J\n"
			 "what it wrote before: parley console two --earlier\n");
	end();
}

/* An address in a function is named once; others, and longer or shorter words, are not. */
Test(verbs_show, oops_names_addresses)
{
	char command[160];
	char file[] = "/tmp/parley-symbols-XXXXXX";
	int fd = mkstemp(file);
	const char *out;

	cr_assert_eq(dprintf(fd, "ffffffff80100000 T first\nffffffff80100100 t second\n"), 51);
	close(fd);
	fake_oops = "d2v0 two: says it crashed\n"
		    "rip e033:ffffffff80100104 rsp ffffffff80100104\n"
		    "  0000000000000000 ffffffff801000ff fffffff80100000 ffffffff801000001\n";
	fake_machine_start(&machine, "m");
	end_domain(1, PV_CONTROL_STATE_crashed, PV_SHUTDOWN_crash, "");
	snprintf(command, sizeof(command), "oops two --symbols %s", file);
	out = expect(verb_oops, command, 0, "second+0x4", "")->out;
	cr_assert_not_null(strstr(out, "\n  ffffffff80100104  rip    second+0x4\n"
				       "  ffffffff801000ff  stack  first+0xff\n"));
	cr_assert_not_null(strstr(out, "\nwhat it means:\nThe kernel said so itself"));
	cr_assert_null(strstr(strstr(out, "names, by"), "0000000000000000"));
	expect(verb_oops, "oops two", 0, "",
	       "there are no symbols, so no names (give them by --symbols");
	snprintf(command, sizeof(command), "oops two --symbols %s.none", file);
	expect(verb_oops, command, 1, "", "no symbols to be read");
	unlink(file);
	end();
}
