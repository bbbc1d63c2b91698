/*
 * `parley trace` of a guest that makes known calls: each of them is a line, in
 * order; and of one that makes more than can be read: what is lost is counted to the last record.
 *
 * A machine, the trace and what the guest is told run at once, so each test is a
 * small shell script; what it leaves in its directory is looked at here.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

TestSuite(trace, .timeout = RUN_SECONDS + 30);

/*
 * Starts the guest, and a trace to the file `trace` by "$@"; pokes the guest until a record
 * has come. Then `say` speaks to the guest, and `await` waits for all to end.
 */
static const char prologue[] =
	"cd \"$1\"; parley=$2 guest=$3; shift 3\n"
	"export XDG_RUNTIME_DIR=$PWD\n"
	"mkfifo in\n"
	"$parley run --kernel $guest --memory 16M --name traced --machine m --log log "
	"--timeout 200 <in >out 2>err &\n"
	"machine=$!\n"
	"exec 7>in\n"
	"say() { echo \"$*\" >&7; }\n"
	"await() { for i in $(seq 600); do eval \"$1\" && return; sleep 0.1; done; "
	"echo \"in vain: $1\"; kill $machine; exit 9; }\n"
	"await 'grep -q ready out'\n"
	"$parley trace traced \"$@\" 2>trace.err 7>&- &\n"
	"trace=$!\n"
	"await 'say poke; [ -s trace ] && [ $(wc -c <trace) -gt 150 ]'\n";

static struct run_result run_script(const char *script, const char *const options[])
{
	const char *argv[24] = { "sh", "-c" };
	static char text[4096];
	size_t count = 2;

	snprintf(text, sizeof(text), "%s%s", prologue, script);
	argv[count++] = text;
	argv[count++] = "sh";
	argv[count++] = test_directory();
	argv[count++] = realpath(test_build_path("parley"), NULL);
	argv[count++] = realpath(test_guest("traced"), NULL);
	while (*options) {
		argv[count++] = *options++;
	}
	return run_program(NULL, RUN_SECONDS, argv);
}

/* Numbers that differ from run to run are not compared. */
#define NORMALISE                                                                                                 \
	"sed -E 's/^.*traced\\/0   //; s/ <[0-9]+( \\+[0-9]+)?>$//; s/0x[0-9a-f]+/0x#/g; s/port=[0-9]+/port=#/' " \
	"trace | sed -n '/^xen_version/,$p'\n"

static const char sequence[] =
	"xen_version(version) = 0x#\n"
	"event_channel_op(alloc_unbound, {dom=self, remote_dom=self, port=#}) = 0\n"
	"event_channel_op(send, {port=#}) = 0\n"
	"event_channel_op(close, {port=#}) = 0\n"
	"event_channel_op(close, {port=#}) = -EINVAL\n"
	"event_channel_op(send, 0x#) = -EFAULT\n"
	"  xen_version(version) = 0x#\n"
	"  unknown_47(0x#, 0x#, 0x#, 0x#, 0x#, 0x#) = -ENOSYS\n"
	"  set_timer_op(0) = 0\n"
	"multicall(0x#, 3) = 0\n"
	"update_va_mapping(0x#, <mfn 0x# present|user|nx>, 0x#) = 0\n"
	"mmuext_op([{cmd=INVLPG_LOCAL, linear_addr=0x#}], 1, NULL, self) = 0\n"
	"mmu_update([{op=NORMAL_PT_UPDATE, ptr=0x#, val=<none>}], 1, 0x#, self) = -EINVAL\n"
	"sched_op(yield) = 0\n"
	"unknown_47(0x#, 0x#, 0x#, 0x#, 0x#, 0x#) = -ENOSYS\n"
	"xen_version(version) = 0x#\n";

Test(trace, each_call_is_a_line)
{
	const char *const options[] = { "-e", "hypercall,!iret", "-o", "trace", NULL };
	struct run_result result = run_script("say sequence\n"
					      "wait $trace; echo status $? >&2\n"
					      "wait $machine; echo status $? >&2\n" NORMALISE,
					      options);

	expect_status(&result, 0);
	cr_assert_eq(strncmp(result.out, sequence, strlen(sequence)), 0, "not as expected:\n%s",
		     result.out);
	expect_output(&result, "sched_op(shutdown, {reason=poweroff}) = 0\n");
	cr_assert_eq(count_text(result.err, "status 0"), 2, "%s", result.err);
	run_result_free(&result);
}

/* The number behind a word in JSON. */
static unsigned long number_behind(const char *text, const char *word)
{
	const char *at = strstr(text, word);

	cr_assert_not_null(at, "no %s in %s", word, text);
	return strtoul(at + strlen(word), NULL, 10);
}

/*
 * Three traces of one guest at once, each with a choice of its own: each has all of its records
 * and none of the others', also once one of them has ended.
 */
Test(trace, several_at_once_keep_apart)
{
	const char *const options[] = { "-e", "vm_assist,set_timer_op", "-o", "trace", NULL };
	struct run_result result =
		run_script("$parley trace traced -e hypercall,!iret -o all 2>&1 7>&- &\n"
			   "second=$!\n"
			   "await 'say poke; [ -s all ]'\n"
			   "$parley trace -e all -n 1 -o third 2>&1 7>&- &\n"
			   "third=$!\n"
			   "await 'say poke; [ -s third ]'\n"
			   "wait $third; echo status $? >&2\n"
			   "say sequence\n"
			   "wait $trace; echo status $? >&2\n"
			   "wait $second; echo status $? >&2\n"
			   "wait $machine; echo status $? >&2\n"
			   "grep -c set_timer_op trace >&2\n"
			   "grep -v 'vm_assist(\\|set_timer_op(' trace >&2\n"
			   "mv all trace\n" NORMALISE,
			   options);

	expect_status(&result, 0);
	cr_assert_eq(strncmp(result.out, sequence, strlen(sequence)), 0, "not as expected:\n%s",
		     result.out);
	cr_assert_str_eq(result.err, "status 0\nstatus 0\nstatus 0\nstatus 0\n1\n");
	run_result_free(&result);
}

/*
 * The machine's reader is stopped while the guest makes its calls, so the ring runs
 * over. The calls that were recorded and those that were lost are all of them.
 */
Test(trace, what_is_lost_is_counted)
{
	const char *const options[] = { "-e", "xen_version,vm_assist", "--raw", "trace", NULL };
	struct run_result result =
		run_script("say storm 40000\n"
			   "sleep 0.3\n"
			   "kill -STOP $machine\n"
			   "sleep 3\n"
			   "kill -CONT $machine\n"
			   "wait $trace\n"
			   "$parley trace --read trace -e xen_version -c --json\n"
			   "cat trace.err >&2\n",
			   options);
	unsigned long calls, lost;

	expect_status(&result, 0);
	calls = number_behind(result.out, "\"calls\": ");
	lost = number_behind(result.out, "\"lost\": ");
	cr_assert_gt(lost, 0, "the reader stood still");
	cr_assert_eq(calls + lost, 40000, "%lu recorded, %lu lost", calls, lost);
	expect_error(&result, "records were lost");
	run_result_free(&result);
}
