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

/* A whole list with one call, one structure and one constant, and what a case puts in or replaces. */
#define LIST(calls, structures, constants)                                              \
	"{\"format\": 2, \"refused\": [], \"families\": [{\"name\": \"f\", \"title\": " \
	"\"F\"}], \"hypercalls\": [" calls "], \"structures\": [" structures            \
	"], \"constants\": [" constants "]}"

#define CALL(number, handler, args, ops, errors, extra)                                           \
	"{\"number\": " number ", \"name\": \"x\", \"handler\": \"" handler                       \
	"\", \"family\": \"f\", \"header\": \"x.h\", \"privilege\": \"any\", \"since\": "         \
	"\"0.1\", \"summary\": \"s\", \"returns\": \"0\", \"example\": [\"e\"], \"args\": [" args \
	"], \"sub_operations\": [" ops "], \"errors\": [" errors "]" extra "}"

#define ARG(name, kind, extra)                                                                 \
	"{\"name\": \"" name "\", \"type\": \"int\", \"direction\": \"in\", \"kind\": \"" kind \
	"\", \"doc\": \"d\"" extra "}"

#define OPERATION(number, name, extra)                                                          \
	"{\"number\": " number ", \"name\": \"" name "\", \"direction\": \"in\", \"summary\": " \
	"\"s\", \"errors\": []" extra "}"

#define FIELD(name, offset, kind, extra)                                       \
	"{\"name\": \"" name "\", \"type\": \"uint32_t\", \"offset\": " offset \
	", \"direction\": \"in\", \"kind\": \"" kind "\"" extra "}"

#define STRUCTURE(name, size, fields)                                                            \
	"{\"name\": \"" name "\", \"header\": \"x.h\", \"size\": " size ", \"fields\": [" fields \
	"]}"

#define GROUP(prefix, kind, values)                                                           \
	"{\"prefix\": \"" prefix "\", \"header\": \"x.h\", \"kind\": \"" kind "\", \"doc\": " \
	"\"d\", \"values\": [" values "]}"

#define SELECTOR ", \"prefix\": \"PV_X_\", \"selector\": {\"arg\": \"op\"}"

#define ONE(number, handler, errors, extra) \
	LIST(CALL(number, handler, "", "", errors, extra), "", "")
#define ARGS(args) LIST(CALL("1", "hypercall_x", args, "", "", ""), "", "")
#define OPERATIONS(ops, extra) \
	LIST(CALL("1", "hypercall_x", ARG("op", "dec", ""), ops, "", extra), "", "")
#define STRUCTURES(structures) LIST("", structures, "")
#define CONSTANTS(constants)   LIST("", "", constants)

/* All that a good list can have. */
#define GOOD                                                                                   \
	LIST(CALL("1", "hypercall_x",                                                          \
		  ARG("op", "name:PV_G_", "") ", " ARG("arg", "gva",                           \
						       ", \"target\": "                        \
						       "\"operation\""),                       \
		  OPERATION("3", "go", ", \"struct\": \"pv_s\", \"hazard\": \"blocks\""),      \
		  "{\"errno\": \"PV_EINVAL\", \"when\": \"w\"}", SELECTOR),                    \
	     STRUCTURE("pv_s", "8",                                                            \
		       FIELD("a", "0", "dec",                                                  \
			     "") ", " FIELD("b", "4", "flags:PV_G_",                           \
					    ", \"when\": {\"field\": \"a\", \"equals\": 1}")), \
	     GROUP("PV_G_", "flags", "{\"name\": \"one\", \"value\": \"0x1\", \"doc\": \"d\"}"))

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
	{ "{\"format\": 1}", "format: must be 2" },
	{ "{\"format\": 2, \"format\": 2}", "duplicate" },
	{ "{\"format\": 2, \"hypercalls\": []}", "refused: missing" },
	{ "{\"format\": 2, \"more\": 1}", "more: unknown key" },
	{ ONE("64", "hypercall_x", "", ""),
	  "hypercalls[0] (x).number: must be a whole number from 0 to 63" },
	{ ONE("1.5", "hypercall_x", "", ""), "number: must be a whole number" },
	{ ONE("1", "hypercall_y", "", ""), "handler: must be hypercall_x" },
	{ ONE("1", "hypercall_x", "{\"errno\": \"EINVAL\", \"when\": \"w\"}", ""),
	  "hypercalls[0] (x).errors[0].errno: must be a name of errno.h" },
	{ ONE("1", "hypercall_x", "{\"errno\": \"PV_EINVAL\"}", ""), "errors[0].when: missing" },
	{ ONE("1", "hypercall_x", "", ", \"colour\": 1"), "colour: unknown key" },
	{ ONE("1", "hypercall_x", "", ", \"restart\": \"\""), "restart: must be a string" },
	{ ONE("1", "hypercall_x", "", ", \"notes\": [1]"), "notes: must be an array of strings" },
	{ ONE("1", "hypercall_x", "", ", \"hazard\": \"loud\""), "\"loud\" is not a known word" },
	{ LIST(CALL("1", "hypercall_x", "", "", "", "") ", " CALL("1", "hypercall_x", "", "", "",
								  ""),
	       "", ""),
	  "hypercalls[1] (x).number: must be above that of the call before it" },
	{ ARGS(ARG("a", "colour", "")), "args[0].kind: \"colour\" is not a kind" },
	{ ARGS(ARG("a", "dec:PV_X_", "")), "\"dec:PV_X_\" is not a kind" },
	{ ARGS(ARG("a", "name:PV_X_", "")),
	  "call x, argument a.kind: there are no constants PV_X_" },
	{ ARGS(ARG("a", "gva", ", \"target\": \"struct pv_none\"")),
	  "argument a.target: there is no description of struct pv_none" },
	{ ARGS(ARG("a", "gva", ", \"count\": \"n\"")), "count: there is no argument n" },
	{ OPERATIONS(OPERATION("1", "o", ""), ""), "sub_operations: need \"prefix\"" },
	{ OPERATIONS(OPERATION("1", "o", "") ", " OPERATION("1", "p", ""), SELECTOR),
	  "sub_operations[1].number: 1 is there already" },
	{ OPERATIONS(OPERATION("1", "o", "") ", " OPERATION("2", "o", ""), SELECTOR),
	  "sub_operations[1].name: o is there already" },
	{ OPERATIONS(OPERATION("1", "o", ", \"struct\": \"pv_none\""), SELECTOR),
	  "operation o.struct: there is no description of struct pv_none" },
	{ OPERATIONS(OPERATION("1", "o", ", \"fields\": [\"f\"]"), SELECTOR),
	  "operation o.fields: there is no field f" },
	{ OPERATIONS(OPERATION("1", "o", ", \"struct\": \"pv_s\", \"type\": \"char\""), SELECTOR),
	  "type: not together with \"struct\"" },
	{ OPERATIONS(OPERATION("1", "o", ""),
		     ", \"prefix\": \"PV_X_\", \"selector\": {\"arg\": \"what\"}"),
	  "call x.selector: there is no argument what" },
	{ OPERATIONS(OPERATION("1", "o", ""),
		     SELECTOR ", \"refused_operations\": [{\"number\": 1, \"name\": \"n\", "
			      "\"reason\": \"r\"}]"),
	  "operation o.number: 1 is among the refused ones, too" },
	{ STRUCTURES(STRUCTURE("pv_s", "4", FIELD("a", "4", "dec", ""))),
	  "struct pv_s, field a.offset: 4 is not within 4 bytes" },
	{ STRUCTURES(STRUCTURE("pv_s", "8",
			       FIELD("a", "0", "dec", "") ", " FIELD("a", "4", "dec", ""))),
	  "field a.name: is there already" },
	{ STRUCTURES(STRUCTURE("pv_s", "4", FIELD("a", "0", "struct:pv_t", ""))),
	  "field a.kind: there are no fields of pv_t" },
	{ STRUCTURES(STRUCTURE("pv_s", "4",
			       FIELD("a", "0", "dec",
				     ", \"when\": {\"field\": \"b\", \"equals\": 1}"))),
	  "field a.when: there is no field b" },
	{ CONSTANTS(GROUP("PV_G_", "colours", "")), "\"colours\" is not a known word" },
	{ CONSTANTS(GROUP("PV_G_", "names", "") ", " GROUP("PV_G_", "names", "")),
	  "constants: PV_G_ is there already" },
	{ CONSTANTS(GROUP("PV_G_", "names", "{\"name\": \"a\"}")),
	  "constants[0].values[0].value: missing" },
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
}

Test(abigen, describes_structures_to_the_compiler)
{
	static char output[ROOM];

	cr_expect_eq(run_abigen("assertions", GOOD, output), 0);
	cr_expect(strstr(output, "_Static_assert(sizeof(struct pv_s) == 8"));
	cr_expect(strstr(output, "_Static_assert(offsetof(struct pv_s, b) == 4"));
	cr_expect(strstr(output, "SAME_TYPE(struct pv_s, b, uint32_t)"));
}

Test(abigen, tells_what_a_trace_takes_along)
{
	static char output[ROOM];

	cr_expect_eq(run_abigen("capture", GOOD, output), 0);
	cr_expect(strstr(output, "[3] = sizeof(struct pv_s)"));
	cr_expect(strstr(output, "[PV_HYPERCALL_x] = { .pointer = 1, .count = TRACE_CAPTURE_NONE, "
				 ".selector = 0"));
}

/* A file with one part, its name and its contents chosen: what abigen makes of it, and its status. */
static int run_on_file(const char *verb, const char *name, const char *contents, char *result,
		       char *output)
{
	char dir[] = "/tmp/test_abigen_XXXXXX", list[ROOM], file[ROOM], abigen[ROOM],
	     command[4 * ROOM];
	FILE *stream;
	size_t n;
	int status;

	cr_assert(mkdtemp(dir));
	snprintf(list, sizeof(list), "%s/abi.json", dir);
	snprintf(file, sizeof(file), "%s/%s", dir, name);
	stream = fopen(list, "w");
	fputs(GOOD, stream);
	fclose(stream);
	stream = fopen(file, "w");
	fputs(contents, stream);
	fclose(stream);
	find_abigen(abigen);
	snprintf(command, sizeof(command), "'%s' %s %s %s 2>&1", abigen, verb, list, file);
	status = run(command, output);
	stream = fopen(file, "r");
	n = fread(result, 1, ROOM - 1, stream);
	result[n] = '\0';
	fclose(stream);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	cr_assert_eq(system(command), 0);
	return status;
}

Test(abigen, writes_numbers_into_headers)
{
	static char result[ROOM], output[ROOM];

	(void)run_on_file(
		"update", "x.h",
		"before\n/* abigen:begin numbers */\nold\n/* abigen:end numbers */\nafter\n",
		result, output);
	cr_expect(strstr(result, "before\n/* abigen:begin numbers */\n"));
	cr_expect(strstr(result, "#define PV_X_go 3 /* pv_s */\n"), "%s", result);
	cr_expect(strstr(result, "/* d */\n#define PV_G_one 0x1 /* d */\n"), "%s", result);
	cr_expect(strstr(result, "/* abigen:end numbers */\nafter\n"));
	cr_expect_not(strstr(result, "old"));
}

Test(abigen, writes_references_into_documents)
{
	static char result[ROOM], output[ROOM];

	cr_expect_eq(run_on_file("update", "f.md",
				 "<!-- abigen:begin family:f -->\n<!-- abigen:end family:f -->\n",
				 result, output),
		     0, "%s", output);
	cr_expect(strstr(result, "### 1 x\n"));
	cr_expect(strstr(result, "#### struct pv_s\n"));
	cr_expect(strstr(result, "| 4 | `uint32_t b` | in | flags:PV_G_; if `a` is 1 |"), "%s",
		  result);
}

static const struct bad_file {
	const char *name, *contents, *message;
} bad_files[] = {
	{ "x.h", "nothing\n", "x.h: has no part for its numbers" },
	{ "x.h", "/* abigen:begin numbers */\n", "x.h:1: no end mark of numbers" },
	{ "x.h", "/* abigen:begin numbers */\n/* abigen:end numbers */\n",
	  "x.h: not in step with abi.json; run `make abi`" },
	{ "f.md", "a\n<!-- abigen:begin colours -->\n<!-- abigen:end colours -->\n",
	  "f.md:2: there is no part colours" },
	{ "f.md", "<!-- abigen:begin family:g -->\n<!-- abigen:end family:g -->\n",
	  "f.md:1: there is no part family:g" },
	{ "f.md", "<!-- abigen:begin table -->\n<!-- abigen:end refused -->\n",
	  "f.md:1: no end mark of table" },
	{ "f.md", "", "family f: no document has the part family:f" },
};

Test(abigen, finds_files_out_of_step)
{
	for (size_t i = 0; i < sizeof(bad_files) / sizeof(bad_files[0]); i++) {
		static char result[ROOM], output[ROOM];
		int status = run_on_file("check", bad_files[i].name, bad_files[i].contents, result,
					 output);

		cr_expect_eq(status, 1, "status %d for %s", status, bad_files[i].contents);
		cr_expect(strstr(output, bad_files[i].message), "no \"%s\" in: %s",
			  bad_files[i].message, output);
		cr_expect_str_eq(result, bad_files[i].contents);
	}
}

/* What is checked in is what the list makes; run from the root of the tree. */
Test(abigen, tree_is_in_step)
{
	char abigen[ROOM], command[2 * ROOM], output[ROOM];

	find_abigen(abigen);
	snprintf(command, sizeof(command),
		 "'%s' check abi/abi.json abi/parley/*.h docs/abi/*.md 2>&1", abigen);
	cr_expect_eq(run(command, output), 0, "%s", output);
}

Test(abigen, usage_is_status_two)
{
	char output[ROOM];

	cr_expect_eq(run_abigen("dance", GOOD, output), 2);
	cr_expect(strstr(output, "usage:"));
}
