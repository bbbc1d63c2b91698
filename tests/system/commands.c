/*
 * Many commands: a storm of domains, and a long random sequence of verbs, after each of which
 * the machine is compared with a model. PARLEY_COMMANDS and PARLEY_SEED set the sequence's
 * length and seed; `make soak-commands` runs a longer one.
 */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "held.h"

#define COMMAND_SECONDS 7200 /* of a long sequence */

TestSuite(commands, .timeout = COMMAND_SECONDS);

static char kernel[4096];

static void find_kernel(void)
{
	cr_assert_not_null(realpath(test_guest("tenant"), kernel));
}

static void write_domain(FILE *file, const char *name, const char *before)
{
	fprintf(file, "%s\n  { \"name\": \"%s\", \"kernel\": \"%s\", \"memory\": \"16M\" }", before,
		name, kernel);
}

/* A configuration of the domains t"first" to t"last". */
static const char *write_config(const char *name, unsigned int first, unsigned int last)
{
	const char *path = test_write_file(name, "%s", "{ \"domains\": [");
	FILE *file = fopen(path, "a");
	char domain[16];

	cr_assert_not_null(file);
	for (unsigned int i = first; i <= last; i++) {
		snprintf(domain, sizeof(domain), "t%u", i);
		write_domain(file, domain, i == first ? "" : ",");
	}
	fputs(" ] }\n", file);
	fclose(file);
	return path;
}

/* ---- the storm ---- */

#define STORM 64U

/* All names in one command line. */
static void run_on_all(const char *verb)
{
	static char names[STORM][16];
	const char *argv[STORM + 3] = { test_build_path("parley"), verb };
	struct run_result result;

	for (unsigned int i = 0; i < STORM; i++) {
		snprintf(names[i], sizeof(names[i]), "t%u", i);
		argv[2 + i] = names[i];
	}
	result = run_program(NULL, RUN_SECONDS, argv);
	expect_status(&result, 0);
	run_result_free(&result);
}

static size_t count_state(const char *state)
{
	json_t *list = held_list();
	const json_t *domains = json_object_get(list, "domains");
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(domains); i++) {
		const json_t *domain = json_array_get(domains, i);

		count += !strcmp(json_string_value(json_object_get(domain, "state")), state);
	}
	json_decref(list);
	return count;
}

static void ping(unsigned int i)
{
	char name[16];
	char text[32];

	snprintf(name, sizeof(name), "t%u", i);
	snprintf(text, sizeof(text), "ping %u\n", i);
	held_type(name, text);
}

static void hear_and_end(unsigned int i)
{
	char name[16];
	char text[32];

	snprintf(name, sizeof(name), "t%u", i);
	snprintf(text, sizeof(text), "pong %u\r\n", i);
	cr_assert(held_wait_for_text(name, text), "%s does not answer", name);
	held_type(name, "off\n");
}

/* 64 domains on one machine: each prints, can be paused, answers, and ends well. */
Test(commands, storm_of_64_domains)
{
	find_kernel();
	held_start((const char *const[]){ "--stay", "--machine", "storm", "--machine-memory", "4G",
					  "--cpus", "2", NULL });
	held_do(0, "create", write_config("storm.json", 0, STORM - 1));
	cr_assert_eq(count_state("running"), STORM);
	run_on_all("pause");
	cr_assert_eq(count_state("paused"), STORM);
	run_on_all("unpause");
	for (unsigned int i = 0; i < STORM; i++) {
		ping(i);
	}
	for (unsigned int i = 0; i < STORM; i++) {
		hear_and_end(i);
	}
	for (unsigned int i = 0; i < 600 && count_state("shutdown") < STORM; i++) {
		usleep(100000);
	}
	cr_assert_eq(count_state("shutdown"), STORM);
	held_do(0, "stop");
	cr_assert_eq(held_wait(), 0);
}

/* ---- the sequence ---- */

#define NAMES            6U
#define DEFAULT_COMMANDS 1000U

/* What the test believes of a name. */
struct belief {
	char name[16];
	char *config;
	bool lives;
	unsigned int pauses;
	bool is_remembered; /* one has ended, and its record was not forgotten */
	unsigned int pings;
};

static struct belief beliefs[NAMES];
static unsigned int step;
static uint64_t random_state;

static unsigned int random_below(unsigned int n)
{
	random_state = random_state * 6364136223846793005U + 1442695040888963407U;
	return (unsigned int)((random_state >> 33) % n);
}

/* The record of one that has ended goes when its name is taken again. */
static void do_create(struct belief *b)
{
	bool is_paused = random_below(3) == 0;

	held_do(b->lives ? 1 : 0, "create", b->config, is_paused ? "--paused" : "--json");
	if (!b->lives) {
		b->lives = true;
		b->pauses = is_paused;
		b->is_remembered = false;
		b->pings = 0;
	}
}

static void do_pause(struct belief *b)
{
	held_do(b->lives ? 0 : 1, "pause", b->name);
	b->pauses += b->lives;
}

static void do_unpause(struct belief *b)
{
	held_do(b->lives && b->pauses ? 0 : 1, "unpause", b->name);
	b->pauses -= b->lives && b->pauses;
}

/* Of one that lives it is the end, of one that has ended its record's. */
static void do_destroy(struct belief *b)
{
	held_do(b->lives || b->is_remembered ? 0 : 1, "destroy", b->name);
	b->is_remembered = b->lives;
	b->lives = false;
	b->pauses = 0;
}

static void do_ping(struct belief *b)
{
	char text[32];

	if (!b->lives || b->pauses) {
		return;
	}
	snprintf(text, sizeof(text), "ping %u.\n", ++b->pings);
	held_type(b->name, text);
	snprintf(text, sizeof(text), "pong %u.", b->pings);
	cr_assert(held_wait_for_text(b->name, text), "step %u: %s does not answer", step, b->name);
}

static void do_off(struct belief *b)
{
	if (!b->lives || b->pauses) {
		return;
	}
	held_type(b->name, "off\n");
	cr_assert(held_wait_for_end(b->name), "step %u: %s does not end", step, b->name);
	b->lives = false;
	b->is_remembered = true;
}

static void do_something(void)
{
	static void (*const actions[])(struct belief *) = { do_create,  do_create,  do_create,
							    do_pause,   do_pause,   do_unpause,
							    do_unpause, do_unpause, do_destroy,
							    do_ping,    do_off };
	unsigned int action = random_below(sizeof(actions) / sizeof(actions[0]));

	actions[action](&beliefs[random_below(NAMES)]);
}

static void check_one(const struct belief *b, const json_t *list)
{
	const json_t *domain = held_find(list, b->name, true);

	cr_assert_eq(domain != NULL, b->lives, "step %u: %s lives: %d", step, b->name, !b->lives);
	cr_assert_eq(held_find(list, b->name, false) != NULL, b->is_remembered,
		     "step %u: %s is remembered: %d", step, b->name, !b->is_remembered);
	if (domain) {
		cr_assert_str_eq(json_string_value(json_object_get(domain, "state")),
				 b->pauses ? "paused" : "running", "step %u: %s", step, b->name);
		cr_assert_eq(json_integer_value(json_object_get(domain, "pause_count")), b->pauses,
			     "step %u: pauses of %s", step, b->name);
	}
}

static void check_all(void)
{
	json_t *list = held_list();
	size_t expected = 0;

	for (size_t i = 0; i < NAMES; i++) {
		check_one(&beliefs[i], list);
		expected += beliefs[i].lives + beliefs[i].is_remembered;
	}
	cr_assert_eq(json_array_size(json_object_get(list, "domains")), expected, "step %u", step);
	json_decref(list);
}

/* Records go when what their domains had is free. */
static void destroy_all(void)
{
	for (size_t i = 0; i < NAMES; i++) {
		if (beliefs[i].lives) {
			do_destroy(&beliefs[i]);
		}
	}
	held_count_free();
	for (size_t i = 0; i < NAMES; i++) {
		if (beliefs[i].is_remembered) {
			do_destroy(&beliefs[i]);
		}
	}
}

static void make_beliefs(void)
{
	for (unsigned int i = 0; i < NAMES; i++) {
		char file[16];

		snprintf(beliefs[i].name, sizeof(beliefs[i].name), "t%u", i);
		snprintf(file, sizeof(file), "t%u.json", i);
		beliefs[i].config = strdup(write_config(file, i, i));
	}
}

static unsigned int get_step_count(void)
{
	const char *count = getenv("PARLEY_COMMANDS");
	const char *seed = getenv("PARLEY_SEED");

	random_state = seed && *seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
	return count && *count ? (unsigned int)strtoul(count, NULL, 10) : DEFAULT_COMMANDS;
}

Test(commands, leave_what_they_should)
{
	unsigned int steps = get_step_count();
	long long before;

	fprintf(stderr, "commands: %u with seed %llu\n", steps, (unsigned long long)random_state);
	find_kernel();
	held_start((const char *const[]){ "--stay", "--machine", "commands", "--machine-memory",
					  "512M", "--cpus", "2", NULL });
	make_beliefs();
	/* Once through, so that the hypervisor has the image, and what it keeps for later. */
	do_create(&beliefs[0]);
	destroy_all();
	before = held_count_free();
	for (step = 1; step <= steps; step++) {
		do_something();
		check_all();
	}
	destroy_all();
	check_all();
	cr_assert_eq(held_count_free(), before, "pages were lost");
	held_do(0, "stop");
	cr_assert_eq(held_wait(), 0);
}
