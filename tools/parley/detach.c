/* See detach.h. */
#include "detach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime.h"
#include "verbs.h"

#define OLD ".old"

/* An empty file, as the only one of its name: whoever has an older one open keeps that. */
static int make_file(const struct detach *detach)
{
	return open(detach->path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
		    0600);
}

static void get_old_path(const struct detach *detach, char path[PATH_MAX + sizeof(OLD)])
{
	snprintf(path, PATH_MAX + sizeof(OLD), "%s" OLD, detach->path);
}

static int open_file(struct detach *detach, const char *machine)
{
	char folder[PATH_MAX], old[PATH_MAX + sizeof(OLD)];
	int length = snprintf(detach->path, sizeof(detach->path), "%s/%s.log",
			      runtime_get_path(folder), machine);

	if (length < 0 || (size_t)length >= sizeof(detach->path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	get_old_path(detach, old);
	unlink(old); /* of another machine of that name */
	return make_file(detach);
}

void detach_limit_file(const struct detach *detach, uint64_t max)
{
	char old[PATH_MAX + sizeof(OLD)];
	struct stat status;
	int file;

	if (fstat(STDOUT_FILENO, &status) || (uint64_t)status.st_size <= max) {
		return;
	}
	get_old_path(detach, old);
	if (rename(detach->path, old) || (file = make_file(detach)) < 0) {
		return; /* somebody took it away: then it has no limit */
	}
	dup2(file, STDOUT_FILENO);
	dup2(file, STDERR_FILENO);
	close(file);
}

static void enter_background(int file)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	setsid();
	dup2(null, STDIN_FILENO);
	dup2(file, STDOUT_FILENO);
	dup2(file, STDERR_FILENO);
	close(null);
	close(file);
}

/* The end of a background that ended before its domains ran. */
static int report_end(const struct detach *detach, pid_t child)
{
	int status = 0;

	waitpid(child, &status, 0);
	verb_fail("run", "the machine has ended already (%s says how)", detach->path);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int wait_for_ready(const struct detach *detach, const char *machine, int fd, pid_t child)
{
	char how;
	ssize_t got;

	do {
		got = read(fd, &how, 1);
	} while (got < 0 && errno == EINTR);
	if (got != 1) {
		return report_end(detach, child);
	}
	printf("%s\n", machine);
	if (how == DETACH_READY) {
		return 0;
	}
	verb_fail("run", "not all domains could be started (%s says why)", detach->path);
	return 1;
}

int detach_fork(struct detach *detach, const char *machine)
{
	int file = open_file(detach, machine);
	int ready[2];
	pid_t child;

	if (file < 0) {
		return verb_fail("run", "%s: %s", detach->path, strerror(errno));
	}
	if (pipe2(ready, O_CLOEXEC) || (child = fork()) < 0) {
		return verb_fail("run", "cannot go to the background: %s", strerror(errno));
	}
	if (child == 0) {
		close(ready[0]);
		detach->ready_fd = ready[1];
		enter_background(file);
		return DETACH_BACKGROUND;
	}
	close(ready[1]);
	close(file);
	return wait_for_ready(detach, machine, ready[0], child);
}
