/*
 * The verbs that talk to a running machine, with the real hypervisor and guests.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "held.h"

TestSuite(verbs, .timeout = RUN_SECONDS + 30);

#define say(...) held_verb(0, (const char *const[]){ __VA_ARGS__, NULL })

/* A configuration of one tenant. */
static const char *write_tenant(const char *name)
{
	char file[80];
	char kernel[4096];

	cr_assert_not_null(realpath(test_guest("tenant"), kernel));
	snprintf(file, sizeof(file), "%s.json", name);
	return test_write_file(file,
			       "{ \"domains\": [ { \"name\": \"%s\", \"kernel\": \"%s\", "
			       "\"memory\": \"16M\" } ] }",
			       name, kernel);
}

static void start_empty(void)
{
	held_start((const char *const[]){ "--stay", "--machine", "test", "--machine-memory", "256M",
					  "--cpus", "2", NULL });
}

static const char *get_state(const char *name, bool lives)
{
	static char state[32];
	json_t *list = held_list();
	const json_t *domain = held_find(list, name, lives);

	snprintf(state, sizeof(state), "%s",
		 domain ? json_string_value(json_object_get(domain, "state")) : "none");
	json_decref(list);
	return state;
}

Test(verbs, manage_a_guest_from_its_creation_to_its_end)
{
	struct run_result result;

	start_empty();
	held_do(0, "create", write_tenant("tenant"), "--paused");
	cr_assert_str_eq(get_state("tenant", true), "paused");
	held_type("tenant", "ping one\n");
	usleep(500000);
	result = say("console", "tenant", "--earlier");
	expect_no_output(&result, "pong");
	held_do(0, "unpause", "tenant");
	cr_assert(held_wait_for_text("tenant", "pong one"), "input that waited is lost");
	held_do(0, "pause", "tenant");
	held_do(0, "pause", "tenant");
	held_do(0, "unpause", "tenant");
	cr_assert_str_eq(get_state("tenant", true), "paused", "pauses are counted");
	held_do(0, "unpause", "tenant");
	held_do(1, "unpause", "tenant");
	held_do(1, "create", write_tenant("tenant"));
	held_do(0, "sched", "tenant", "--weight", "1000", "--cap", "40");
	result = say("sched", "tenant", "--json");
	expect_output(&result, "\"weight\": 1000");
	held_type("tenant", "off\n");
	cr_assert(held_wait_for_end("tenant"));
	held_do(1, "pause", "tenant");
	held_do(0, "stop");
	cr_assert_eq(held_wait(), 0);
}

static long long get_id(const char *name)
{
	json_t *list = held_list();
	const json_t *domain = held_find(list, name, true);
	long long id = domain ? json_integer_value(json_object_get(domain, "id")) : 0;

	json_decref(list);
	return id;
}

Test(verbs, reboot_gives_a_domain_another_life)
{
	long long first;

	start_empty();
	held_do(0, "create", write_tenant("tenant"));
	first = get_id("tenant");
	held_type("tenant", "reboot\n");
	for (int i = 0; i < 300 && (get_id("tenant") == first || get_id("tenant") == 0); i++) {
		usleep(100000);
	}
	held_type("tenant", "ping again\n");
	cr_assert(held_wait_for_text("tenant", "pong again"));
	held_do(0, "destroy", "tenant");
	held_do(0, "create", write_tenant("last"), "--once");
	held_type("last", "reboot\n");
	cr_assert(held_wait_for_end("last"));
	held_do(0, "stop");
	cr_assert_eq(held_wait(), 0);
}

Test(verbs, oops_tells_of_a_crash)
{
	struct run_result result;

	start_empty();
	held_do(0, "create", write_tenant("tenant"));
	held_do(1, "oops", "tenant");
	held_type("tenant", "fault\n");
	cr_assert(held_wait_for_end("tenant"));
	cr_assert_str_eq(get_state("tenant", false), "crashed");
	result = say("oops", "tenant");
	expect_output(&result, "rip");
	expect_output(&result, "names, by "); /* of the kernel's own file */
	expect_output(&result, "  rip    ");
	expect_output(&result, "what it means:\n");
	held_do(0, "destroy", "tenant");
	held_do(1, "oops", "tenant");
	held_do(0, "stop");
	cr_assert_eq(held_wait(), 1, "a domain crashed");
}

Test(verbs, top_sees_who_is_busy)
{
	struct run_result result;
	json_t *root;
	const json_t *domain;

	start_empty();
	held_do(0, "create", write_tenant("idle"));
	held_do(0, "create", write_tenant("busy"));
	held_type("busy", "spin\n");
	result = say("top", "--once", "--json", "--interval", "3");
	root = json_loads(result.out, 0, NULL);
	domain = json_array_get(json_object_get(root, "domains"), 0);
	cr_assert_str_eq(json_string_value(json_object_get(domain, "name")), "busy");
	cr_assert_gt(json_real_value(json_object_get(domain, "cpu_percent")), 20);
	json_decref(root);
	held_do(1, "stop", "--wait", "1");
	held_do(0, "stop", "--now");
	cr_assert_eq(held_wait(), 0);
}

/* A configuration of a Debian that waits for what it is told. */
static const char *write_debian(void)
{
	char kernel[4096];
	char ramdisk[4096];

	cr_assert_not_null(realpath(test_kernel(), kernel));
	cr_assert_not_null(realpath(test_ramdisk(), ramdisk));
	return test_write_file("debian.json",
			       "{ \"domains\": [ { \"name\": \"debian\", \"kernel\": \"%s\", "
			       "\"ramdisk\": \"%s\", \"memory\": \"256M\", \"cmdline\": "
			       "\"console=hvc0 parley.test=heed\" } ] }",
			       kernel, ramdisk);
}

/*
 * A Debian on a machine that began empty: its kernel's 60 MB take two minutes over the line and
 * more on a busy host, so in this time they came through the window.
 */
Test(verbs, a_large_kernel_is_created_soon)
{
	time_t begun;

	held_start((const char *const[]){ "--stay", "--machine", "large", NULL });
	begun = time(NULL);
	held_do(0, "create", write_debian());
	cr_assert_lt(time(NULL) - begun, 60);
	cr_assert(held_wait_for_text("debian", "result: waiting"));
	held_do(0, "stop", "--wait", "100");
	cr_assert_eq(held_wait(), 0);
}

Test(verbs, debian_heeds_reboot_and_shutdown)
{
	const char *config = write_debian();
	long long first;

	held_start((const char *const[]){ config, NULL });
	cr_assert(held_wait_for_text("debian", "result: waiting"));
	first = get_id("debian");
	held_do(0, "reboot", "debian", "--wait=100");
	cr_assert_neq(get_id("debian"), first);
	cr_assert(held_wait_for_text("debian", "result: waiting"));
	held_do(0, "shutdown", "debian", "--wait=100");
	cr_assert_eq(held_wait(), 0);
	held_do(1, "ls");
}

Test(verbs, run_detached)
{
	char kernel[4096];
	struct run_result result;

	cr_assert_not_null(realpath(test_guest("tenant"), kernel));
	result = run_parley("run", "--detach", "--kernel", kernel, "--memory", "16M", "--name",
			    "tenant", "--machine", "back");
	expect_status(&result, 0);
	cr_assert_str_eq(result.out, "back\n");
	result = run_parley("run", "--detach", "--kernel", kernel, "--machine", "back");
	expect_status(&result, 2);
	expect_error(&result, "a machine \"back\" is running already");
	cr_assert(held_wait_for_text("tenant", "tenant: up"));
	held_do(0, "stop", "--now");
	held_do(1, "ls");
}

/* Also where it lies on both sides of a hole below 4 GiB, which is no memory. */
Test(verbs, the_machine_has_the_memory_that_it_was_given)
{
	const json_int_t given = (json_int_t)4 << 30;
	json_int_t memory;
	json_t *list;

	held_start((const char *const[]){ "--stay", "--machine", "large", "--machine-memory", "4G",
					  NULL });
	list = held_list();
	memory = json_integer_value(json_object_get(json_object_get(list, "machine"), "memory"));
	json_decref(list);
	cr_assert_leq(memory, given);
	cr_assert_geq(memory, given - (2 << 20));
}
