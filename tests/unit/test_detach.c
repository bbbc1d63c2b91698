/* The file of a machine in the background: guests write there, so it has a limit. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parley/detach.h"

#define MAX 1000U

static struct detach detach;
static char old[PATH_MAX + 8];
static char folder[] = "/tmp/test-detach-XXXXXX";

static void begin(void)
{
	int file;

	cr_assert_not_null(mkdtemp(folder));
	snprintf(detach.path, sizeof(detach.path), "%s/lab.log", folder);
	snprintf(old, sizeof(old), "%s.old", detach.path);
	file = open(detach.path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	cr_assert_geq(file, 0);
	dup2(file, STDOUT_FILENO);
	dup2(file, STDERR_FILENO);
	close(file);
}

static void end(void)
{
	unlink(old);
	unlink(detach.path);
	rmdir(folder);
}

TestSuite(detach, .init = begin, .fini = end);

static long size_of(const char *path)
{
	struct stat status;

	return stat(path, &status) ? -1 : (long)status.st_size;
}

static void write_some(int fd, char c, size_t size)
{
	char bytes[MAX];

	memset(bytes, c, sizeof(bytes));
	cr_assert_eq(write(fd, bytes, size), (ssize_t)size);
}

Test(detach, a_small_file_stays)
{
	write_some(STDOUT_FILENO, 'a', MAX);
	detach_limit_file(&detach, MAX);
	cr_assert_eq(size_of(detach.path), MAX);
	cr_assert_eq(size_of(old), -1);
}

Test(detach, a_large_one_becomes_the_old_one)
{
	for (unsigned round = 0; round < 3; round++) {
		write_some(STDOUT_FILENO, 'a', MAX);
		write_some(STDERR_FILENO, 'b', 1 + round);
		detach_limit_file(&detach, MAX);
		cr_assert_eq(size_of(detach.path), 0);
		cr_assert_eq(size_of(old), MAX + 1 + round);
	}
	write_some(STDERR_FILENO, 'c', 7);
	write_some(STDOUT_FILENO, 'd', 7);
	cr_assert_eq(size_of(detach.path), 14, "both streams go on in the new one");
}

Test(detach, one_that_was_taken_away_is_left_alone)
{
	write_some(STDOUT_FILENO, 'a', MAX);
	write_some(STDOUT_FILENO, 'a', 1);
	unlink(detach.path);
	detach_limit_file(&detach, MAX);
	cr_assert_eq(size_of(detach.path), -1);
	write_some(STDOUT_FILENO, 'a', 1);
}
