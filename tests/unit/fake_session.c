/* See fake_session.h. */
#include "fake_session.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <parley/sched.h>

#include "fake_verb.h"
#include "parley/config.h"
#include "parley/session.h"

struct fake_machine machine;
int fake_output = -1;

static void become_session(struct fake_machine *fake, const char *name, int line, double patience)
{
	static struct config_domain domains[2] = { { .name = "one" }, { .name = "two" } };
	struct config config = { .domains = domains, .domain_count = 2 };
	struct runtime_socket socket;
	struct session_options options = {
		.config = &config, .log_fd = STDERR_FILENO, .socket = &socket, .patience = patience
	};
	struct machine held = {
		.line_fd = line, .log_fd = -1, .error_fd = -1, .window = fake->state->window
	};
	struct problem problem;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
	dup2(fake->out, STDOUT_FILENO);
	dup2(fake->err, STDERR_FILENO);
	if (runtime_listen(&socket, name, true, &problem)) {
		fprintf(stderr, "%s\n", problem.text);
		_exit(90);
	}
	held.pid = fork();
	if (held.pid == 0) {
		close(line);
		fake_hypervisor_run(fake->state, fake->line);
	}
	close(fake->line);
	_exit(session_run(&held, &options));
}

void fake_machine_start_in(struct fake_machine *fake, const char *name, const char *folder,
			   double patience)
{
	int line[2];

	memset(fake, 0, sizeof(*fake));
	fake->state = mmap(NULL, sizeof(*fake->state), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(fake->state, MAP_FAILED);
	fake_domain_add(fake->state, "one");
	fake_domain_add(fake->state, "two");
	snprintf(fake->folder, sizeof(fake->folder), "%s", folder);
	setenv("PARLEY_RUNTIME_DIR", folder, 1);
	unsetenv("PARLEY_MACHINE");
	fake->out = fake_output >= 0 ? fake_output : memfd_create("out", 0);
	fake->err = memfd_create("err", 0);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, line), 0);
	fake->line = line[1];
	fake->session = fork();
	if (fake->session == 0) {
		become_session(fake, name, line[0], patience);
	}
	close(line[0]);
	fake_wait_for(&fake->state->is_up, 1);
}

void fake_machine_start(struct fake_machine *fake, const char *name)
{
	char folder[] = "/tmp/parley-test-XXXXXX";

	cr_assert_not_null(mkdtemp(folder));
	fake_machine_start_in(fake, name, folder, 0);
}

void fake_machine_say(struct fake_machine *fake, uint8_t type, uint16_t domid, const void *payload,
		      size_t size)
{
	fake_line_send(fake->line, type, domid, payload, size);
}

void fake_machine_say_state(struct fake_machine *fake, uint16_t domid, const char *name,
			    uint8_t state, uint8_t reason)
{
	fake_line_send_state(fake->line, domid, name, state, reason);
}

int fake_machine_wait(struct fake_machine *fake)
{
	int status;

	cr_assert_eq(waitpid(fake->session, &status, 0), fake->session);
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		static char text[4096];

		fake_read(fake->err, text, sizeof(text));
		fprintf(stderr, "session: status 0x%x: %s\n", (unsigned int)status, text);
	}
	close(fake->line);
	rmdir(fake->folder);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int fake_machine_end(struct fake_machine *fake)
{
	uint32_t how = PV_LINE_BYE_DONE;

	for (uint32_t i = 0; i < fake->state->domain_count; i++) {
		const struct pv_control_domain *domain = &fake->state->domains[i];

		if (domain->state < PV_CONTROL_STATE_dying) {
			fake_line_send_state(fake->line, domain->domid, domain->name,
					     PV_DOMAIN_STATE_SHUTDOWN, PV_SHUTDOWN_poweroff);
		}
	}
	fake_line_send(fake->line, PV_LINE_BYE, 0, &how, sizeof(how));
	shutdown(fake->line, SHUT_RDWR);
	return fake_machine_wait(fake);
}

bool fake_wait_for(const volatile uint32_t *number, uint32_t least)
{
	for (int i = 0; i < 10000 && *number < least; i++) {
		usleep(1000);
	}
	return *number >= least;
}

const struct fake_request *fake_find_request(const struct fake_machine *fake, uint32_t op)
{
	const struct fake_state *state = fake->state;

	for (uint32_t i = state->request_count; i-- > 0;) {
		if (state->requests[i % FAKE_REQUESTS_MAX].op == op) {
			return &state->requests[i % FAKE_REQUESTS_MAX];
		}
	}
	return NULL;
}

uint32_t fake_count_requests(const struct fake_machine *fake, uint32_t op)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < fake->state->request_count; i++) {
		count += fake->state->requests[i % FAKE_REQUESTS_MAX].op == op;
	}
	return count;
}
