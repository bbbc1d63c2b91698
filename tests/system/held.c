/* See held.h. */
#include "held.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX    24
#define LOOKS        600 /* of 100 ms: a minute, for a host that is busy */
#define LOOK_AGAIN   100000
#define VERB_SECONDS 100

static pid_t machine;

static void become_machine(const char *const arguments[])
{
	const char *argv[WORDS_MAX] = { test_build_path("parley"), "run" };
	char path[4096];
	int file;
	size_t count = 2;

	for (; *arguments; arguments++) {
		argv[count++] = *arguments;
	}
	snprintf(path, sizeof(path), "%s/machine.txt", test_directory());
	file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(open("/dev/null", O_RDONLY), 0) < 0 || dup2(file, 1) < 0 || dup2(file, 2) < 0) {
		_exit(126);
	}
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

static bool answers(void)
{
	const char *const words[] = { test_build_path("parley"), "ls", NULL };
	struct run_result result = run_program(NULL, VERB_SECONDS, words);
	bool is_there = result.status == 0;

	run_result_free(&result);
	return is_there;
}

void held_start(const char *const arguments[])
{
	setenv("PARLEY_RUNTIME_DIR", test_directory(), 1);
	machine = fork();
	cr_assert_geq(machine, 0);
	if (machine == 0) {
		become_machine(arguments);
	}
	for (int i = 0; i < LOOKS && !answers(); i++) {
		usleep(LOOK_AGAIN);
	}
}

int held_wait(void)
{
	int status;

	cr_assert_eq(waitpid(machine, &status, 0), machine);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct run_result held_verb(int status, const char *const words[])
{
	const char *argv[WORDS_MAX] = { test_build_path("parley") };
	struct run_result result;
	size_t count = 1;

	for (; *words; words++) {
		argv[count++] = *words;
	}
	result = run_program(NULL, VERB_SECONDS, argv);
	cr_assert_eq(result.status, status, "parley %s %s: status %d: %s%s", argv[1],
		     argv[2] ? argv[2] : "", result.status, result.out, result.err);
	return result;
}

void held_run_verb(int status, const char *const words[])
{
	struct run_result result = held_verb(status, words);

	run_result_free(&result);
}

json_t *held_list(void)
{
	struct run_result result =
		held_verb(0, (const char *const[]){ "ls", "--json", "--all", NULL });
	json_error_t error;
	json_t *list = json_loads(result.out, 0, &error);

	cr_assert_not_null(list, "%s: %s", error.text, result.out);
	run_result_free(&result);
	return list;
}

const json_t *held_find(const json_t *list, const char *name, bool lives)
{
	const json_t *domains = json_object_get(list, "domains");

	for (size_t i = 0; i < json_array_size(domains); i++) {
		const json_t *domain = json_array_get(domains, i);

		if (!strcmp(json_string_value(json_object_get(domain, "name")), name) &&
		    lives == !json_object_get(domain, "reason")) {
			return domain;
		}
	}
	return NULL;
}

void held_type(const char *name, const char *text)
{
	const char *const argv[] = { test_build_path("parley"), "console", name, "--send", NULL };
	struct run_result result = run_program(text, VERB_SECONDS, argv);

	cr_assert_eq(result.status, 0, "console %s: %s", name, result.err);
	run_result_free(&result);
}

bool held_wait_for_text(const char *name, const char *text)
{
	for (int i = 0; i < LOOKS; i++) {
		struct run_result result =
			held_verb(0, (const char *const[]){ "console", name, "--earlier", NULL });
		bool is_there = strstr(result.out, text) != NULL;

		run_result_free(&result);
		if (is_there) {
			return true;
		}
		usleep(LOOK_AGAIN / 5);
	}
	return false;
}

bool held_wait_for_end(const char *name)
{
	for (int i = 0; i < LOOKS; i++) {
		json_t *list = held_list();
		bool lives = held_find(list, name, true) != NULL;

		json_decref(list);
		if (!lives) {
			return true;
		}
		usleep(LOOK_AGAIN / 5);
	}
	return false;
}

static bool is_one_dying(const json_t *list)
{
	const json_t *domains = json_object_get(list, "domains");

	for (size_t i = 0; i < json_array_size(domains); i++) {
		const json_t *domain = json_array_get(domains, i);

		if (!strcmp(json_string_value(json_object_get(domain, "state")), "dying")) {
			return true;
		}
	}
	return false;
}

long long held_count_free(void)
{
	json_t *list = held_list();
	const json_t *state;
	long long bytes;

	for (int i = 0; i < LOOKS && is_one_dying(list); i++) {
		json_decref(list);
		usleep(LOOK_AGAIN);
		list = held_list();
	}
	state = json_object_get(list, "machine");
	bytes = json_integer_value(json_object_get(state, "memory_free")) +
		json_integer_value(json_object_get(state, "memory_images"));
	json_decref(list);
	return bytes / 4096;
}
