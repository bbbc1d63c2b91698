/*
 * The verbs that talk to a running machine, against a fake hypervisor: what they send, print and
 * return, and what they say when something is wrong.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <parley/elfnote.h>
#include <parley/errno.h>
#include <parley/sched.h>

#include "fake_session.h"
#include "image_maker.h"
#include "parley/verbs.h"

TestSuite(verbs, .timeout = 60);

static struct fake_machine machine;

/* Runs a verb and expects its status, and texts within what it wrote. */
static struct fake_result *expect(fake_verb_fn *verb, const char *words, int status,
				  const char *out, const char *err)
{
	struct fake_result *result = fake_run(verb, words);

	cr_assert_eq(result->status, status, "%s: status %d: %s%s", words, result->status,
		     result->out, result->err);
	cr_assert_not_null(strstr(result->out, out), "%s: \"%s\" is not in \"%s\"", words, out,
			   result->out);
	cr_assert_not_null(strstr(result->err, err), "%s: \"%s\" is not in \"%s\"", words, err,
			   result->err);
	return result;
}

/* All that live, or were only said to have ended, power off. */
static void end(void)
{
	machine.state->domains[0].state = PV_CONTROL_STATE_running;
	machine.state->domains[1].state = PV_CONTROL_STATE_running;
	cr_assert_eq(fake_machine_end(&machine), 0);
}

static const struct fake_request *find_request(uint32_t op)
{
	const struct fake_request *request = fake_find_request(&machine, op);

	cr_assert_not_null(request);
	return request;
}

static void end_domain(size_t index, uint8_t state, uint8_t reason, const char *text)
{
	struct pv_control_domain *domain = &machine.state->domains[index];

	domain->state = state;
	domain->reason = reason;
	snprintf(domain->text, sizeof(domain->text), "%s", text);
}

static void expect_file(int fd, const char *text)
{
	char got[4096];
	ssize_t size = pread(fd, got, sizeof(got) - 1, 0);

	got[size > 0 ? size : 0] = '\0';
	cr_assert_str_eq(got, text);
}

/* ---- ls ---- */

Test(verbs, ls_prints_a_table)
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

Test(verbs, ls_prints_json)
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
Test(verbs, ls_lists_many_domains)
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

/* ---- one thing to each domain ---- */

Test(verbs, name_domains_by_name_and_number)
{
	fake_machine_start(&machine, "m");
	expect(verb_pause, "pause two", 0, "", "");
	cr_assert_eq(find_request(PV_CONTROLOP_pause)->size, sizeof(struct pv_control_domain_id));
	cr_assert_eq(find_request(PV_CONTROLOP_pause)->id.domid, 2);
	expect(verb_pause, "pause 1", 0, "", "");
	cr_assert_eq(find_request(PV_CONTROLOP_pause)->id.domid, 1);
	expect(verb_unpause, "unpause one two", 0, "", "");
	cr_assert_eq(fake_count_requests(&machine, PV_CONTROLOP_unpause), 2);
	expect(verb_destroy, "destroy two", 0, "", "");
	cr_assert_eq(find_request(PV_CONTROLOP_destroy)->id.domid, 2);
	end();
}

Test(verbs, say_which_domains_there_are)
{
	fake_machine_start(&machine, "m");
	expect(verb_pause, "pause debain", 1, "",
	       "parley pause: no domain \"debain\"; there are: one, two\n");
	expect(verb_pause, "pause 7 two", 1, "", "no domain \"7\"; there are: one, two\n");
	cr_assert_eq(fake_count_requests(&machine, PV_CONTROLOP_pause), 1, "two was paused");
	machine.state->domain_count = 0;
	expect(verb_destroy, "destroy one", 1, "", "no domain is running (start one by");
	machine.state->domain_count = 2;
	end();
}

Test(verbs, say_what_state_a_domain_is_in)
{
	fake_machine_start(&machine, "m");
	expect(verb_unpause, "unpause one", 1, "", "one is not paused (it is running)\n");
	end_domain(1, PV_CONTROL_STATE_shutdown, PV_SHUTDOWN_poweroff, "");
	fake_machine_say_state(&machine, 2, "two", PV_DOMAIN_STATE_SHUTDOWN, PV_SHUTDOWN_poweroff);
	expect(verb_pause, "pause two", 1, "",
	       "two has ended (powered off) and cannot be paused (start it anew by");
	expect(verb_destroy, "destroy two", 0, "", "");
	cr_assert_eq(machine.state->domain_count, 1, "it is forgotten");
	end_domain(0, PV_CONTROL_STATE_paused, 0, "");
	expect(verb_shutdown, "shutdown one", 1, "", "one is paused and cannot hear the request");
	expect(verb_stop, "stop", 1, "", "one is paused and cannot power off");
	end();
}

Test(verbs, explain_errors_of_the_hypervisor)
{
	fake_machine_start(&machine, "m");
	machine.state->results[PV_CONTROLOP_pause] = -PV_ESRCH;
	expect(verb_pause, "pause one", 1, "", "cannot pause one: it has just ended");
	machine.state->results[PV_CONTROLOP_pause] = -PV_EBUSY;
	expect(verb_pause, "pause one", 1, "", "busy with another operation");
	machine.state->results[PV_CONTROLOP_pause] = -PV_EXDEV;
	expect(verb_pause, "pause one", 1, "", "error 18 of the hypervisor");
	machine.state->results[PV_CONTROLOP_list] = -PV_ENOSYS;
	expect(verb_ls, "ls", 1, "",
	       "cannot list the domains: this hypervisor does not offer that");
	end();
}

Test(verbs, check_their_usage)
{
	char folder[] = "/tmp/parley-test-XXXXXX";

	setenv("PARLEY_RUNTIME_DIR", mkdtemp(folder), 1);
	expect(verb_pause, "pause", 2, "", "`parley pause --help`");
	expect(verb_pause, "pause --loud one", 2, "", "--help");
	expect(verb_mem_set, "mem-set one", 2, "", "a domain and a size are needed");
	expect(verb_mem_set, "mem-set one 7", 2, "", "\"7\" has no unit");
	expect(verb_vcpu_set, "vcpu-set one 0", 2, "", "not a number from 1 to 32");
	expect(verb_sched, "sched --weight 3", 2, "", "which domain's?");
	expect(verb_sched, "sched one --affinity 3-1", 2, "", "is not a list of CPUs");
	expect(verb_top, "top --interval 0", 2, "", "not a number of seconds");
	expect(verb_console, "console", 2, "", "one domain's name or number is needed");
	expect(verb_console, "console one --escape xy", 2, "", "is not a control key");
	expect(verb_create, "create", 2, "", "one configuration is needed");
	expect(verb_shutdown, "shutdown one --wait=x", 2, "", "--wait: \"x\" is not a number");
	expect(verb_ls, "ls", 1, "",
	       "parley ls: no machine is running (start one by `parley run`)");
	expect(verb_ls, "ls --machine x", 1, "", "no machine \"x\" is running (start one by");
	rmdir(folder);
}

Test(verbs, print_help)
{
	static fake_verb_fn *const all[] = { verb_ls,      verb_create,   verb_pause,  verb_unpause,
					     verb_destroy, verb_shutdown, verb_reboot, verb_console,
					     verb_mem_set, verb_vcpu_set, verb_sched,  verb_top,
					     verb_oops,    verb_stop };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct fake_result *result = fake_run(all[i], "x --help");

		cr_assert_eq(result->status, 0);
		cr_assert_eq(strncmp(result->out, "usage: parley ", 14), 0);
		cr_assert_not_null(strstr(result->out, "Exit status: 0"));
	}
}

/* ---- shutdown ---- */

Test(verbs, shutdown_and_reboot_ask_the_guest)
{
	fake_machine_start(&machine, "m");
	expect(verb_shutdown, "shutdown two", 0, "", "");
	cr_assert_eq(find_request(PV_CONTROLOP_shutdown)->shutdown.domid, 2);
	cr_assert_eq(find_request(PV_CONTROLOP_shutdown)->shutdown.reason, PV_SHUTDOWN_poweroff);
	expect(verb_shutdown, "shutdown --reboot one", 0, "", "");
	cr_assert_eq(find_request(PV_CONTROLOP_shutdown)->shutdown.reason, PV_SHUTDOWN_reboot);
	expect(verb_reboot, "reboot two", 0, "", "");
	cr_assert_eq(find_request(PV_CONTROLOP_shutdown)->shutdown.domid, 2);
	cr_assert_eq(find_request(PV_CONTROLOP_shutdown)->shutdown.reason, PV_SHUTDOWN_reboot);
	end();
}

Test(verbs, shutdown_waits)
{
	int status;
	pid_t child;

	fake_machine_start(&machine, "m");
	expect(verb_shutdown, "shutdown two --wait=1", 1, "",
	       "two has not ended within 1 s (`parley console two`");
	child = fake_spawn(verb_shutdown, "shutdown two --wait", -1, STDERR_FILENO, STDERR_FILENO);
	usleep(300000);
	cr_assert_eq(waitpid(child, &status, WNOHANG), 0, "it did not wait");
	end_domain(1, PV_CONTROL_STATE_shutdown, PV_SHUTDOWN_poweroff, "");
	fake_machine_say_state(&machine, 2, "two", PV_DOMAIN_STATE_SHUTDOWN, PV_SHUTDOWN_poweroff);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
	end();
}

/* The last domain's end is the machine's, unless that is told to stay. */
Test(verbs, shutdown_waits_for_the_end_of_the_machine)
{
	int err = memfd_create("err", 0);
	int status;
	pid_t child;

	fake_machine_start(&machine, "m");
	child = fake_spawn(verb_shutdown, "shutdown two --wait", -1, err, err);
	usleep(300000);
	cr_assert_eq(fake_machine_end(&machine), 0);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
	expect_file(err, "");
	fake_machine_start(&machine, "m");
	child = fake_spawn(verb_reboot, "reboot two --wait", -1, err, err);
	usleep(300000);
	cr_assert_eq(fake_machine_end(&machine), 0);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(WEXITSTATUS(status), 1);
	expect_file(err, "parley reboot: the machine \"m\" has ended\n");
}

Test(verbs, say_that_the_hypervisor_does_not_answer)
{
	char folder[] = "/tmp/parley-test-XXXXXX";

	mkdtemp(folder);
	fake_machine_start_in(&machine, "m", folder, 0.3);
	machine.state->is_mute = true;
	expect(verb_ls, "ls", 1, "", "parley ls: the hypervisor does not answer (its log");
	expect(verb_pause, "pause one", 1, "", "parley pause: the hypervisor does not answer");
	machine.state->is_mute = false;
	usleep(100000);
	expect(verb_pause, "pause one", 0, "", "");
	end();
}

Test(verbs, reboot_waits_for_the_next_life)
{
	struct pv_control_domain *two;
	int status;
	pid_t child;

	fake_machine_start(&machine, "m");
	two = &machine.state->domains[1];
	child = fake_spawn(verb_reboot, "reboot two --wait", -1, STDERR_FILENO, STDERR_FILENO);
	usleep(300000);
	end_domain(1, PV_CONTROL_STATE_shutdown, PV_SHUTDOWN_reboot, "");
	usleep(700000);
	cr_assert_eq(waitpid(child, &status, WNOHANG), 0, "it did not wait for the new one");
	two[1] = two[0];
	two[1].domid = 3;
	two[1].started_ns++;
	two[1].state = PV_CONTROL_STATE_running;
	machine.state->domain_count = 3;
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
	machine.state->domain_count = 2;
	two->state = PV_CONTROL_STATE_running;
	end();
}

/* ---- settings ---- */

Test(verbs, set_memory_and_vcpus)
{
	fake_machine_start(&machine, "m");
	expect(verb_mem_set, "mem-set two 8M", 0, "", "");
	cr_assert_eq(find_request(PV_CONTROLOP_memory_set)->memory.domid, 2);
	cr_assert_eq(find_request(PV_CONTROLOP_memory_set)->memory.pages, 2048);
	machine.state->results[PV_CONTROLOP_memory_set] = -PV_EINVAL;
	expect(verb_mem_set, "mem-set two 1G", 1, "", "1G is more than two was created with");
	expect(verb_vcpu_set, "vcpu-set one 2", 0, "", "");
	cr_assert_eq(find_request(PV_CONTROLOP_vcpus_set)->vcpus.count, 2);
	expect(verb_vcpu_set, "vcpu-set one 3", 1, "",
	       "3 vCPUs are more than one was created with, which is 2");
	end();
}

Test(verbs, sched_shows_and_sets)
{
	const struct fake_request *request;

	fake_machine_start(&machine, "m");
	machine.state->domains[1].affinity = 3;
	machine.state->domains[1].cap = 50;
	expect(verb_sched, "sched", 0,
	       "  ID  NAME  WEIGHT    CAP  CPUS\n"
	       "   1  one      256   none  0\n"
	       "   2  two      256    50%  all\n",
	       "");
	expect(verb_sched, "sched two --json", 0, "\"cap\": 50", "");
	expect(verb_sched, "sched two --weight 512 --affinity 1", 0, "", "");
	request = find_request(PV_CONTROLOP_sched_set);
	cr_assert_eq(request->size, sizeof(struct pv_control_sched));
	cr_assert_eq(request->sched.what, PV_CONTROL_SCHED_weight | PV_CONTROL_SCHED_affinity);
	cr_assert_eq(request->sched.weight, 512);
	cr_assert_eq(request->sched.affinity, 2);
	expect(verb_sched, "sched two --cap 0 --affinity all", 0, "", "");
	request = find_request(PV_CONTROLOP_sched_set);
	cr_assert_eq(request->sched.what, PV_CONTROL_SCHED_cap | PV_CONTROL_SCHED_affinity);
	cr_assert_eq(request->sched.affinity, 3, "only CPUs that there are");
	expect(verb_sched, "sched two --cap 300", 1, "", "at most 200%");
	expect(verb_sched, "sched two --affinity 7-9", 1, "", "none of these CPUs runs domains");
	end();
}

/* ---- top, oops, stop ---- */

Test(verbs, top_computes_rates)
{
	const json_t *domain;
	json_t *root;
	pid_t child;
	int out = memfd_create("out", 0);
	char text[4096];
	ssize_t got;
	int status;

	fake_machine_start(&machine, "m");
	child = fake_spawn(verb_top, "top --once --json --interval 0.5", -1, out, STDERR_FILENO);
	usleep(250000);
	/* The fake's clock goes on by a second a look. */
	machine.state->domains[1].cpu_time_ns += 500000000;
	machine.state->domains[1].hypercalls += 1000;
	machine.state->domains[1].events += 30;
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
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

Test(verbs, oops_prints_a_report)
{
	fake_machine_start(&machine, "m");
	expect(verb_oops, "oops one", 1, "", "one has not crashed (it is running)");
	end_domain(1, PV_CONTROL_STATE_crashed, PV_SHUTDOWN_crash, "");
	cr_assert_str_eq(expect(verb_oops, "oops two", 0, "", "")->out,
			 "one: killed\nRIP 0x1?[2J\n");
	end();
}

/* An address in a function is named once; others, and longer or shorter words, are not. */
Test(verbs, oops_names_addresses)
{
	char command[160];
	char file[] = "/tmp/parley-symbols-XXXXXX";
	int fd = mkstemp(file);
	const char *out;

	cr_assert_eq(dprintf(fd, "ffffffff80100000 T first\nffffffff80100100 t second\n"), 51);
	close(fd);
	fake_oops = "rip e033:ffffffff80100104 rsp ffffffff80100104\n"
		    "  0000000000000000 ffffffff801000ff fffffff80100000 ffffffff801000001\n";
	fake_machine_start(&machine, "m");
	end_domain(1, PV_CONTROL_STATE_crashed, PV_SHUTDOWN_crash, "");
	snprintf(command, sizeof(command), "oops two --symbols %s", file);
	out = expect(verb_oops, command, 0, "second+0x4", "")->out;
	cr_assert_not_null(strstr(out, "\n  ffffffff80100104  second+0x4\n"
				       "  ffffffff801000ff  first+0xff\n"));
	cr_assert_null(strstr(strstr(out, "names, by"), "0000000000000000"));
	snprintf(command, sizeof(command), "oops two --symbols %s.none", file);
	expect(verb_oops, command, 1, "", "no symbols to be read");
	unlink(file);
	end();
}

Test(verbs, stop_waits_for_the_domains_and_ends_the_machine)
{
	int status;
	pid_t child;

	fake_machine_start(&machine, "m");
	expect(verb_stop, "stop --wait 1", 1, "", "has not ended within 1 s");
	cr_assert_eq(fake_count_requests(&machine, PV_CONTROLOP_shutdown), 2);
	child = fake_spawn(verb_stop, "stop", -1, STDERR_FILENO, STDERR_FILENO);
	usleep(300000);
	for (uint16_t i = 0; i < 2; i++) {
		end_domain(i, PV_CONTROL_STATE_shutdown, PV_SHUTDOWN_poweroff, "");
		fake_machine_say_state(&machine, (uint16_t)(i + 1), i ? "two" : "one",
				       PV_DOMAIN_STATE_SHUTDOWN, PV_SHUTDOWN_poweroff);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
	cr_assert_eq(fake_machine_wait(&machine), 0);
	cr_assert_eq(fake_count_requests(&machine, PV_CONTROLOP_off), 1);
}

/* A domain that came meanwhile is not lost. */
Test(verbs, stop_says_that_another_domain_was_started)
{
	fake_machine_start(&machine, "m");
	end_domain(0, PV_CONTROL_STATE_shutdown, PV_SHUTDOWN_poweroff, "");
	end_domain(1, PV_CONTROL_STATE_shutdown, PV_SHUTDOWN_poweroff, "");
	machine.state->results[PV_CONTROLOP_off] = -PV_EBUSY;
	expect(verb_stop, "stop", 1, "", "another domain was started meanwhile");
	end();
}

/* One that says yes and does nothing. */
Test(verbs, stop_ends_a_machine_that_does_not_switch_off)
{
	fake_machine_start(&machine, "m");
	end_domain(0, PV_CONTROL_STATE_shutdown, PV_SHUTDOWN_poweroff, "");
	end_domain(1, PV_CONTROL_STATE_shutdown, PV_SHUTDOWN_poweroff, "");
	machine.state->results[PV_CONTROLOP_off] = 1;
	expect(verb_stop, "stop", 0, "", "");
	fake_machine_wait(&machine);
}

Test(verbs, stop_now_waits_for_nobody)
{
	fake_machine_start(&machine, "m");
	machine.state->is_mute = true;
	expect(verb_stop, "stop --now", 0, "", "");
	cr_assert_eq(fake_machine_wait(&machine), 0);
}

/* ---- create ---- */

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

Test(verbs, create_hands_over_a_domain)
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

Test(verbs, create_sends_a_kernel_once_for_many_domains)
{
	fake_machine_start(&machine, "m");
	expect(verb_create, write_config(40), 0, "n39: domain 42\n", "");
	cr_assert_eq(machine.state->image_count, 1);
	cr_assert_eq(memcmp(machine.state->images[0].bytes, kernel, kernel_size), 0);
	cr_assert_eq(machine.state->domain_count, 42);
	remove_config();
	end();
}

Test(verbs, create_says_what_failed)
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

/* ---- console ---- */

static void say(const char *text)
{
	fake_machine_say(&machine, PV_LINE_CONSOLE_OUT, 1, text, strlen(text));
}

Test(verbs, console_shows_all_and_sends_input)
{
	uint32_t credit = 100;
	int out = memfd_create("out", 0);
	int err = memfd_create("err", 0);
	int input[2];
	int status;
	pid_t child;

	fake_machine_start(&machine, "m");
	say("early\r\n");
	usleep(100000);
	cr_assert_eq(pipe(input), 0);
	child = fake_spawn(verb_console, "console one", input[0], out, err);
	fake_machine_say(&machine, PV_LINE_CREDIT, 1, &credit, sizeof(credit));
	cr_assert_eq(write(input[1], "typed\n", 6), 6);
	for (int i = 0; i < 5000 && machine.state->input_size < 6; i++) {
		usleep(1000);
	}
	cr_assert_eq(memcmp(machine.state->input, "typed\n", 7), 0);
	say("late");
	end_domain(0, PV_CONTROL_STATE_shutdown, PV_SHUTDOWN_poweroff, "");
	fake_machine_say_state(&machine, 1, "one", PV_DOMAIN_STATE_SHUTDOWN, PV_SHUTDOWN_poweroff);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
	expect_file(out, "early\r\nlate");
	expect_file(err, "parley: one has ended: powered off\n");
	expect(verb_console, "console one --earlier", 0, "early\r\nlate", "");
	expect(verb_console, "console one", 0, "early\r\nlate", "one has ended: powered off");
	machine.state->domain_count = 2;
	cr_assert_eq(fake_machine_end(&machine), 0);
}

/* It leaves only when the domain has taken all of it. */
Test(verbs, console_sends_and_leaves)
{
	uint32_t credit = 4;
	int out = memfd_create("out", 0);
	int input[2];
	int status;
	pid_t child;

	fake_machine_start(&machine, "m");
	say("not shown");
	cr_assert_eq(pipe(input), 0);
	cr_assert_eq(write(input[1], "12345678", 8), 8);
	close(input[1]);
	fake_machine_say(&machine, PV_LINE_CREDIT, 1, &credit, sizeof(credit));
	child = fake_spawn(verb_console, "console one --send", input[0], out, out);
	usleep(400000);
	cr_assert_eq(machine.state->input_size, 4);
	cr_assert_eq(waitpid(child, &status, WNOHANG), 0, "it left before all was taken");
	fake_machine_say(&machine, PV_LINE_CREDIT, 1, &credit, sizeof(credit));
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
	cr_assert_eq(memcmp(machine.state->input, "12345678", 9), 0);
	expect_file(out, "");
	end();
}

Test(verbs, console_follows_a_reboot)
{
	int out = memfd_create("out", 0);
	int err = memfd_create("err", 0);
	int status;
	pid_t child;

	fake_machine_start(&machine, "m");
	child = fake_spawn(verb_console, "console one", -1, out, err);
	usleep(300000);
	say("first ");
	fake_machine_say_state(&machine, 1, "one", PV_DOMAIN_STATE_SHUTDOWN, PV_SHUTDOWN_reboot);
	fake_machine_say_state(&machine, 1, "one", PV_DOMAIN_STATE_GONE, 0);
	fake_machine_say_state(&machine, 7, "one", PV_DOMAIN_STATE_RUNNING, 0);
	fake_machine_say(&machine, PV_LINE_CONSOLE_OUT, 7, "second", 6);
	usleep(300000);
	fake_machine_say_state(&machine, 7, "one", PV_DOMAIN_STATE_SHUTDOWN, PV_SHUTDOWN_poweroff);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
	expect_file(out, "first second");
	machine.state->domains[0] = machine.state->domains[1];
	machine.state->domain_count = 1;
	cr_assert_eq(fake_machine_end(&machine), 0);
}

Test(verbs, console_is_left_by_a_signal)
{
	int out = memfd_create("out", 0);
	int status;
	pid_t child;

	fake_machine_start(&machine, "m");
	child = fake_spawn(verb_console, "console one", -1, out, out);
	usleep(300000);
	kill(child, SIGTERM);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 128 + SIGTERM);
	end();
}
