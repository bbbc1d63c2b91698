/*
 * abigen's checks: lists of calls that are wrong in one way each, and what it
 * must say about them. The program is found beside the tests: build/abigen for
 * build/tests/abi/abi. Expected: exit status 1 and a message with the place.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROOM 4096

/* A whole list with one call; %s is what a case puts into the call or replaces. */
#define CALL(number, handler, errors, extra)                                                 \
	"{\"format\": 1, \"refused\": [], \"hypercalls\": [{\"number\": " number             \
	", \"name\": \"x\", \"handler\": \"" handler "\", \"privilege\": \"any\", "          \
	"\"since\": \"0.1\", \"summary\": \"s\", \"returns\": \"0\", \"example\": [\"e\"], " \
	"\"args\": [], \"sub_operations\": [], \"errors\": [" errors "]" extra "}]}"

#define GOOD CALL("1", "hypercall_x", "", "")

struct bad_list {
	const char *text;
	const char *message; /* part of what is printed */
};

/* The output (both streams) of a command, and its exit status. */
static int run(const char *command, char *output)
{
	FILE *pipe = popen(command, "r");
	size_t n;

	cr_assert(pipe);
	n = fread(output, 1, ROOM - 1, pipe);
	output[n] = '\0';
	return WEXITSTATUS(pclose(pipe));
}

static void find_abigen(char *path)
{
	ssize_t n = readlink("/proc/self/exe", path, ROOM - 32);

	cr_assert_gt(n, 0);
	path[n] = '\0';
	*strrchr(path, '/') = '\0';
	strcat(path, "/../../abigen");
}

/* Give abigen a list and a verb; what it says goes to `output`. */
static int run_abigen(const char *verb, const char *text, char *output)
{
	char file[] = "/tmp/test_abigen_XXXXXX", abigen[ROOM], command[3 * ROOM];
	int fd = mkstemp(file), status;

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	find_abigen(abigen);
	snprintf(command, sizeof(command), "'%s' %s %s 2>&1", abigen, verb, file);
	status = run(command, output);
	unlink(file);
	return status;
}

static const struct bad_list bad_lists[] = {
	{ "{", ":1:" },
	{ "[]", "must be an object" },
	{ "{\"format\": 2, \"hypercalls\": [], \"refused\": []}", "format: must be" },
	{ "{\"format\": 1, \"format\": 1}", "duplicate" },
	{ "{\"format\": 1, \"hypercalls\": []}", "refused: missing" },
	{ "{\"format\": 1, \"hypercalls\": [], \"refused\": [], \"more\": 1}",
	  "more: unknown key" },
	{ CALL("64", "hypercall_x", "", ""),
	  "hypercalls[0] (x).number: must be a whole number from 0 to 63" },
	{ CALL("1.5", "hypercall_x", "", ""), "number: must be a whole number" },
	{ CALL("1", "hypercall_y", "", ""), "handler: must be hypercall_x" },
	{ CALL("1", "hypercall_x", "{\"errno\": \"EINVAL\", \"when\": \"w\"}", ""),
	  "hypercalls[0] (x).errors[0].errno: must be a name of errno.h" },
	{ CALL("1", "hypercall_x", "{\"errno\": \"PV_EINVAL\"}", ""), "errors[0].when: missing" },
	{ CALL("1", "hypercall_x", "", ", \"colour\": 1"), "colour: unknown key" },
	{ CALL("1", "hypercall_x", "", ", \"restart\": \"\""), "restart: must be a string" },
	{ CALL("1", "hypercall_x", "", ", \"notes\": [1]"), "notes: must be an array of strings" },
};

Test(abigen, refuses_bad_lists)
{
	for (size_t i = 0; i < sizeof(bad_lists) / sizeof(bad_lists[0]); i++) {
		const struct bad_list *list = &bad_lists[i];
		char output[ROOM];
		int status = run_abigen("check", list->text, output);

		cr_expect_eq(status, 1, "status %d for %s", status, list->text);
		cr_expect(strstr(output, list->message), "no \"%s\" in: %s", list->message, output);
	}
}

Test(abigen, takes_good_list)
{
	char output[ROOM];

	cr_expect_eq(run_abigen("check", GOOD, output), 0, "%s", output);
	cr_expect_str_eq(output, "");
}

Test(abigen, table_has_every_number)
{
	static char output[ROOM];

	cr_expect_eq(run_abigen("dispatch", GOOD, output), 0);
	cr_expect(strstr(output, "[0] = hypercall_unknown"));
	cr_expect(strstr(output, "[1] = hypercall_x"));
	cr_expect(strstr(output, "_Static_assert(PV_HYPERCALL_x == 1"));
}

Test(abigen, usage_is_status_two)
{
	char output[ROOM];

	cr_expect_eq(run_abigen("dance", GOOD, output), 2);
	cr_expect(strstr(output, "usage:"));
}
