/*
 * The verbs that talk to a running machine, against a fake hypervisor: what they send, print and
 * return, and what they say when something is wrong. Here those that say one thing to a domain and
 * those that set something; the others have files of their own, test_verbs_*.c.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <parley/errno.h>
#include <parley/sched.h>

#include "parley/verbs.h"
#include "verb_fixture.h"

TestSuite(verbs, .timeout = 60);

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
	for (size_t i = 2; i < 10; i++) {
		machine.state->domains[i] = machine.state->domains[1];
		machine.state->domains[i].domid = (uint16_t)(i + 1);
		snprintf(machine.state->domains[i].name, sizeof(machine.state->domains[i].name),
			 "number-%zu", i);
	}
	machine.state->domain_count = 10;
	expect(verb_pause, "pause nmber-7", 1, "",
	       "no domain \"nmber-7\" (did you mean \"number-7\"?); there are 10, `parley ls` lists "
	       "them\n");
	expect(verb_pause, "pause elsewhere", 1, "",
	       "no domain \"elsewhere\"; there are 10, `parley ls` lists them\n");
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
