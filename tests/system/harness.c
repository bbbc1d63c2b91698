/*
 * Runs a child with a time limit and keeps what it writes; see harness.h.
 */
#include "harness.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT_MAX (16UL << 20)
#define SHOWN      4000UL

/* One direction of the child's pipes, with what has come through it so far. */
struct stream {
	int fd;
	char *text;
	size_t size;
};

static void *must(void *pointer)
{
	cr_assert_not_null(pointer, "out of memory");
	return pointer;
}

static uint64_t now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

/* Reads what is there; closes the stream at its end. */
static void stream_read(struct stream *stream)
{
	ssize_t got;

	stream->text = must(realloc(stream->text, stream->size + 65536 + 1));
	got = read(stream->fd, stream->text + stream->size, 65536);
	if (got > 0) {
		stream->size += (size_t)got;
	}
	stream->text[stream->size] = '\0';
	if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN) ||
	    stream->size > OUTPUT_MAX) {
		close(stream->fd);
		stream->fd = -1;
	}
}

/* Feeds the input a piece at a time, closes the pipe when all of it is gone. */
static void feed(int *fd, const char **input)
{
	size_t left = strlen(*input);
	ssize_t put = left == 0 ? 0 : write(*fd, *input, left < 512 ? left : 512);

	if (put > 0) {
		*input += put;
	}
	if (**input == '\0' || (put < 0 && errno != EINTR && errno != EAGAIN)) {
		close(*fd);
		*fd = -1;
	}
}

/* Pumps all three pipes until both outputs end or the time is over; true if they ended. */
static bool pump(struct stream streams[2], int in, const char *input, uint64_t deadline)
{
	while (streams[0].fd >= 0 || streams[1].fd >= 0) {
		struct pollfd polls[3] = {
			{ .fd = streams[0].fd, .events = POLLIN },
			{ .fd = streams[1].fd, .events = POLLIN },
			{ .fd = in, .events = POLLOUT },
		};
		uint64_t now = now_ms();

		if (now >= deadline || poll(polls, 3, (int)(deadline - now)) == 0) {
			break;
		}
		for (int i = 0; i < 2; i++) {
			if (polls[i].revents != 0) {
				stream_read(&streams[i]);
			}
		}
		if (polls[2].revents != 0) {
			feed(&in, &input);
		}
	}
	if (in >= 0) {
		close(in);
	}
	return streams[0].fd < 0 && streams[1].fd < 0;
}

static void pipe_pair(int ends[2])
{
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0, "pipe: %s", strerror(errno));
}

/* A process group of its own, so that the emulator dies with the program that started it. */
static pid_t start(const char *const argv[], int in, int out, int err)
{
	pid_t pid = fork();

	cr_assert_geq(pid, 0, "fork: %s", strerror(errno));
	if (pid == 0) {
		setpgid(0, 0);
		signal(SIGPIPE, SIG_DFL);
		if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) {
			_exit(126);
		}
		execvp(argv[0], (char *const *)argv);
		dprintf(2, "cannot run %s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	setpgid(pid, pid);
	return pid;
}

/* Debug builds audit a domain's memory at its end: whatever a test is about, the books must be right. */
static void expect_right_books(const struct run_result *result)
{
	const char *wrong = strstr(result->err, "the audit of its memory at its end: ");

	if (wrong != NULL) {
		cr_assert_fail("%.*s", (int)strcspn(wrong, "\n"), wrong);
	}
}

struct run_result run_program(const char *input, unsigned int seconds, const char *const argv[])
{
	struct run_result result = { 0 };
	struct stream streams[2] = { { 0 }, { 0 } };
	int in[2], out[2], err[2], status;
	bool ended;
	pid_t pid;

	signal(SIGPIPE, SIG_IGN);
	pipe_pair(in);
	pipe_pair(out);
	pipe_pair(err);
	/* Sockets of machines, too, are this test's own. */
	setenv("PARLEY_RUNTIME_DIR", test_directory(), 1);
	pid = start(argv, in[0], out[1], err[1]);
	close(in[0]);
	close(out[1]);
	close(err[1]);
	streams[0] = (struct stream){ .fd = out[0], .text = must(calloc(1, 1)) };
	streams[1] = (struct stream){ .fd = err[0], .text = must(calloc(1, 1)) };
	ended = pump(streams, in[1], input != NULL ? input : "", now_ms() + seconds * 1000ULL);
	if (!ended) {
		kill(-pid, SIGKILL);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	kill(-pid, SIGKILL);
	result.status = !ended            ? -1 :
			WIFEXITED(status) ? WEXITSTATUS(status) :
					    128 + WTERMSIG(status);
	for (int i = 0; i < 2; i++) {
		if (streams[i].fd >= 0) {
			close(streams[i].fd);
		}
	}
	result.out = streams[0].text;
	result.err = streams[1].text;
	expect_right_books(&result);
	return result;
}

void run_result_free(struct run_result *result)
{
	free(result->out);
	free(result->err);
	*result = (struct run_result){ 0 };
}

struct run_result run_debian(const char *test, const char *input, const char *const options[])
{
	const char *argv[32] = {
		test_build_path("parley"),
		"run",
		"--kernel",
		test_kernel(),
		"--ramdisk",
		test_ramdisk(),
		"--cmdline",
		NULL,
	};
	size_t count = 7;
	char *cmdline;

	cr_assert_gt(asprintf(&cmdline, "console=hvc0 parley.test=%s", test), 0);
	argv[count++] = cmdline;
	for (; options != NULL && *options != NULL; options++) {
		cr_assert_lt(count, sizeof(argv) / sizeof(argv[0]) - 1);
		argv[count++] = *options;
	}
	/* The command line is kept: it shows in a debugger, and the process is short. */
	return run_program(input, RUN_SECONDS, argv);
}

/* A path made once, kept for the rest of the (short) process. */
static const char *join(const char *directory, const char *before, const char *name,
			const char *after)
{
	char *path;

	cr_assert_gt(asprintf(&path, "%s/%s%s%s", directory, before, name, after), 0);
	return path;
}

static const char *from_environment(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value != NULL ? value : otherwise;
}

const char *test_build_path(const char *name)
{
	return join(from_environment("PARLEY_BUILD", "build"), "", name, "");
}

const char *test_guest(const char *name)
{
	return join(from_environment("PARLEY_BUILD", "build"), "guests/", name, ".elf");
}

const char *test_kernel(void)
{
	return join(from_environment("PARLEY_CACHE", "build/cache"), "", "vmlinuz", "");
}

const char *test_ramdisk(void)
{
	return test_build_path("tests/initrd.cpio.gz");
}

static char directory[] = "/tmp/parley-test-XXXXXX";
static bool directory_made;

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(path);
}

static void remove_directory(void)
{
	nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *test_directory(void)
{
	if (!directory_made) {
		cr_assert_not_null(mkdtemp(directory), "mkdtemp: %s", strerror(errno));
		directory_made = true;
		atexit(remove_directory);
	}
	return directory;
}

const char *test_write_file(const char *name, const char *format, ...)
{
	const char *path = join(test_directory(), "", name, "");
	FILE *file = fopen(path, "w");
	va_list arguments;

	cr_assert_not_null(file, "%s: %s", path, strerror(errno));
	va_start(arguments, format);
	cr_assert_geq(vfprintf(file, format, arguments), 0);
	va_end(arguments);
	cr_assert_eq(fclose(file), 0, "%s: %s", path, strerror(errno));
	return path;
}

static const char *tail(const char *text)
{
	size_t size = strlen(text);

	return size > SHOWN ? text + size - SHOWN : text;
}

/* What a failed test leaves for its reader. */
static void show(const struct run_result *result)
{
	fprintf(stderr, "---- status %d, stdout ends:\n%s\n---- stderr ends:\n%s\n----\n",
		result->status, tail(result->out), tail(result->err));
}

void expect_status(const struct run_result *result, int status)
{
	if (result->status != status) {
		show(result);
	}
	cr_assert_eq(result->status, status, "exit status %d, expected %d", result->status, status);
}

void expect_output(const struct run_result *result, const char *text)
{
	if (strstr(result->out, text) == NULL) {
		show(result);
		cr_assert_fail("no \"%s\" on stdout", text);
	}
}

void expect_no_output(const struct run_result *result, const char *text)
{
	if (strstr(result->out, text) != NULL) {
		show(result);
		cr_assert_fail("\"%s\" on stdout", text);
	}
}

void expect_error(const struct run_result *result, const char *text)
{
	if (strstr(result->err, text) == NULL) {
		show(result);
		cr_assert_fail("no \"%s\" on stderr", text);
	}
}

unsigned int count_text(const char *where, const char *text)
{
	unsigned int count = 0;

	while ((where = strstr(where, text)) != NULL) {
		count++;
		where += strlen(text);
	}
	return count;
}

void expect_healthy_linux(const struct run_result *result)
{
	static const char *const signs[] = {
		"Call Trace",   "BUG:", "WARNING:",    "Oops",
		"Kernel panic", "[#1]", "soft lockup", "rcu: INFO",
	};

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		expect_no_output(result, signs[i]);
	}
}
