/* See verb_fixture.h. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "verb_fixture.h"

struct fake_result *expect(fake_verb_fn *verb, const char *words, int status, const char *out,
			   const char *err)
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

void end(void)
{
	machine.state->domains[0].state = PV_CONTROL_STATE_running;
	machine.state->domains[1].state = PV_CONTROL_STATE_running;
	cr_assert_eq(fake_machine_end(&machine), 0);
}

const struct fake_request *find_request(uint32_t op)
{
	const struct fake_request *request = fake_find_request(&machine, op);

	cr_assert_not_null(request);
	return request;
}

void end_domain(size_t index, uint8_t state, uint8_t reason, const char *text)
{
	struct pv_control_domain *domain = &machine.state->domains[index];

	domain->state = state;
	domain->reason = reason;
	snprintf(domain->text, sizeof(domain->text), "%s", text);
}

void expect_file(int fd, const char *text)
{
	char got[4096];

	fake_read(fd, got, sizeof(got));
	cr_assert_str_eq(got, text);
}

int exit_status(pid_t child)
{
	int status;

	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}
