/*
 * The verbs by which domains and machines end, against a fake hypervisor: shutdown, reboot, stop;
 * and what they say when the machine ends or the hypervisor does not answer. See test_verbs.c.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <parley/errno.h>
#include <parley/sched.h>

#include "parley/verbs.h"
#include "verb_fixture.h"

TestSuite(verbs_end, .timeout = 60);

Test(verbs_end, shutdown_and_reboot_ask_the_guest)
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

Test(verbs_end, shutdown_waits)
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
	cr_assert_eq(exit_status(child), 0);
	end();
}

/* The last domain's end is the machine's, unless that is told to stay. */
Test(verbs_end, shutdown_waits_for_the_end_of_the_machine)
{
	int err = memfd_create("err", 0);
	pid_t child;

	fake_machine_start(&machine, "m");
	child = fake_spawn(verb_shutdown, "shutdown two --wait", -1, err, err);
	usleep(300000);
	cr_assert_eq(fake_machine_end(&machine), 0);
	cr_assert_eq(exit_status(child), 0);
	expect_file(err, "");
	fake_machine_start(&machine, "m");
	child = fake_spawn(verb_reboot, "reboot two --wait", -1, err, err);
	usleep(300000);
	cr_assert_eq(fake_machine_end(&machine), 0);
	cr_assert_eq(exit_status(child), 1);
	expect_file(err, "parley reboot: the machine \"m\" has ended\n");
}

Test(verbs_end, say_that_the_hypervisor_does_not_answer)
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

Test(verbs_end, reboot_waits_for_the_next_life)
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
	cr_assert_eq(exit_status(child), 0);
	machine.state->domain_count = 2;
	two->state = PV_CONTROL_STATE_running;
	end();
}

Test(verbs_end, stop_waits_for_the_domains_and_ends_the_machine)
{
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
	cr_assert_eq(exit_status(child), 0);
	cr_assert_eq(fake_machine_wait(&machine), 0);
	cr_assert_eq(fake_count_requests(&machine, PV_CONTROLOP_off), 1);
}

/* A domain that came meanwhile is not lost. */
Test(verbs_end, stop_says_that_another_domain_was_started)
{
	fake_machine_start(&machine, "m");
	end_domain(0, PV_CONTROL_STATE_shutdown, PV_SHUTDOWN_poweroff, "");
	end_domain(1, PV_CONTROL_STATE_shutdown, PV_SHUTDOWN_poweroff, "");
	machine.state->results[PV_CONTROLOP_off] = -PV_EBUSY;
	expect(verb_stop, "stop", 1, "", "another domain was started meanwhile");
	end();
}

/* One that says yes and does nothing. */
Test(verbs_end, stop_ends_a_machine_that_does_not_switch_off)
{
	fake_machine_start(&machine, "m");
	end_domain(0, PV_CONTROL_STATE_shutdown, PV_SHUTDOWN_poweroff, "");
	end_domain(1, PV_CONTROL_STATE_shutdown, PV_SHUTDOWN_poweroff, "");
	machine.state->results[PV_CONTROLOP_off] = 1;
	expect(verb_stop, "stop", 0, "", "");
	fake_machine_wait(&machine);
}

Test(verbs_end, stop_now_waits_for_nobody)
{
	fake_machine_start(&machine, "m");
	machine.state->is_mute = true;
	expect(verb_stop, "stop --now", 0, "", "");
	cr_assert_eq(fake_machine_wait(&machine), 0);
}
