/* The verb console, against a fake hypervisor: what it shows, sends and waits for. See test_verbs.c. */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <parley/sched.h>

#include "parley/verbs.h"
#include "verb_fixture.h"

TestSuite(verbs_console, .timeout = 60);

static void say(const char *text)
{
	fake_machine_say(&machine, PV_LINE_CONSOLE_OUT, 1, text, strlen(text));
}

Test(verbs_console, console_shows_all_and_sends_input)
{
	uint32_t credit = 100;
	int out = memfd_create("out", 0);
	int err = memfd_create("err", 0);
	int input[2];
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
	cr_assert_eq(exit_status(child), 0);
	expect_file(out, "early\r\nlate");
	expect_file(err, "parley: one has ended: powered off\n");
	expect(verb_console, "console one --earlier", 0, "early\r\nlate", "");
	expect(verb_console, "console one", 0, "early\r\nlate", "one has ended: powered off");
	machine.state->domain_count = 2;
	cr_assert_eq(fake_machine_end(&machine), 0);
}

/* It leaves only when the domain has taken all of it. */
Test(verbs_console, console_sends_and_leaves)
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
	cr_assert_eq(exit_status(child), 0);
	cr_assert_eq(memcmp(machine.state->input, "12345678", 9), 0);
	expect_file(out, "");
	end();
}

Test(verbs_console, console_follows_a_reboot)
{
	int out = memfd_create("out", 0);
	int err = memfd_create("err", 0);
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
	cr_assert_eq(exit_status(child), 0);
	expect_file(out, "first second");
	machine.state->domains[0] = machine.state->domains[1];
	machine.state->domain_count = 1;
	cr_assert_eq(fake_machine_end(&machine), 0);
}

Test(verbs_console, console_is_left_by_a_signal)
{
	int out = memfd_create("out", 0);
	pid_t child;

	fake_machine_start(&machine, "m");
	child = fake_spawn(verb_console, "console one", -1, out, out);
	usleep(300000);
	kill(child, SIGTERM);
	cr_assert_eq(exit_status(child), 128 + SIGTERM);
	end();
}
