/* Which machines there are and whose socket is whose (runtime.c), and the console output that is kept (backlog.c). */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fake_session.h"
#include "link_fixture.h"
#include "parley/backlog.h"
#include "parley/runtime.h"

TestSuite(runtime, .timeout = 60);

static void make_stale(const char *folder, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s.sock", folder, name);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

Test(runtime, cleans_up_what_a_killed_run_left)
{
	char folder[] = "/tmp/parley-test-XXXXXX";
	char path[64];

	mkdtemp(folder);
	setenv("PARLEY_RUNTIME_DIR", folder, 1);
	unsetenv("PARLEY_MACHINE");
	make_stale(folder, "dead");
	cr_assert_eq(runtime_connect(NULL, &problem), -1);
	expect_problem("no machine is running (start one by `parley run`)");
	snprintf(path, sizeof(path), "%s/dead.sock", folder);
	cr_assert_neq(access(path, F_OK), 0, "the stale socket is still there");
	make_stale(folder, "dead");
	fake_machine_start_in(&machine, "dead", folder, 0);
	cr_assert_geq(runtime_connect("dead", &problem), 0, "%s", problem.text);
	cr_assert_eq(fake_machine_end(&machine), 0);
	cr_assert_neq(access(path, F_OK), 0, "the socket outlived its machine");
}

Test(runtime, finds_machines_by_name_and_says_which_there_are)
{
	static struct fake_machine second;
	struct runtime_socket socket;
	int fd;

	fake_machine_start(&machine, "a");
	fake_machine_start_in(&second, "b", machine.folder, 0);
	cr_assert_eq(runtime_connect(NULL, &problem), -1);
	expect_problem("several machines are running: ");
	expect_problem("(choose by --machine NAME)");
	cr_assert_eq(runtime_connect("c", &problem), -1);
	expect_problem("no machine \"c\" is running; there are: ");
	fd = runtime_connect("b", &problem);
	cr_assert_geq(fd, 0);
	close(fd);
	setenv("PARLEY_MACHINE", "b", 1);
	fd = runtime_connect(NULL, &problem);
	cr_assert_geq(fd, 0);
	close(fd);
	cr_assert_eq(runtime_listen(&socket, "a", true, &problem), -1);
	expect_problem("a machine \"a\" is running already");
	cr_assert_eq(runtime_listen(&socket, "a", false, &problem), 0);
	cr_assert_str_eq(socket.name, "a-2");
	runtime_close(&socket);
	cr_assert_eq(fake_machine_end(&machine), 0);
	cr_assert_eq(fake_machine_end(&second), 0);
}

Test(runtime, does_not_trust_a_folder_of_others)
{
	char folder[] = "/tmp/parley-test-XXXXXX";
	struct runtime_socket socket;

	mkdtemp(folder);
	chmod(folder, 0777);
	setenv("PARLEY_RUNTIME_DIR", folder, 1);
	cr_assert_eq(runtime_listen(&socket, "m", true, &problem), -1);
	expect_problem("others can write there");
	cr_assert_eq(runtime_connect(NULL, &problem), -1);
	expect_problem("others can write there");
	rmdir(folder);
}

Test(runtime, keeps_the_end_of_a_console)
{
	static struct backlog backlog;
	static uint8_t out[BACKLOG_SIZE];
	uint8_t text[1000];

	for (unsigned int i = 0; i < 20; i++) {
		memset(text, (int)('a' + i), sizeof(text));
		backlog_put(&backlog, 3, text, sizeof(text));
	}
	cr_assert_eq(backlog_get(&backlog, 3, out), BACKLOG_SIZE);
	cr_assert_eq(out[BACKLOG_SIZE - 1], 'a' + 19);
	cr_assert_eq(out[0], 'a' + (20000 - BACKLOG_SIZE) / 1000);
	for (uint16_t id = 10; id < 10 + BACKLOG_DOMAINS; id++) {
		backlog_put(&backlog, id, text, 1);
	}
	cr_assert_eq(backlog_get(&backlog, 3, out), 0, "the quietest is forgotten");
	cr_assert_eq(backlog_get(&backlog, 10, out), 1);
	backlog_free(&backlog);
}
