/*
 * The serial ports are a pipe and a socket pair whose ends are inherited, and the
 * bundle is a file in memory, so a run leaves nothing in the file system.
 */
#include "qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "icount.h"

#define QEMU_PROGRAM    "qemu-system-x86_64"
#define QEMU_IMAGE_NAME "parley-hypervisor"

#define PLUMBING_ROOM (4 << 20)

/* Arguments that grow; each is a string of its own. */
struct arguments {
	char **items; /* NULL-terminated */
	size_t count;
};

static void add_formatted(struct arguments *arguments, const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0) {
		abort();
	}
	arguments->items =
		reallocarray(arguments->items, arguments->count + 2, sizeof(*arguments->items));
	if (!arguments->items) {
		abort();
	}
	arguments->items[arguments->count++] = text;
	arguments->items[arguments->count] = NULL;
}

__attribute__((format(printf, 2, 3))) static void add(struct arguments *arguments,
						      const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_formatted(arguments, format, args);
	va_end(args);
}

/* An option and its value. */
__attribute__((format(printf, 3, 4))) static void add_option(struct arguments *arguments,
							     const char *option, const char *format,
							     ...)
{
	va_list args;

	add(arguments, "%s", option);
	va_start(args, format);
	add_formatted(arguments, format, args);
	va_end(args);
}

static void free_arguments(struct arguments *arguments)
{
	for (size_t i = 0; i < arguments->count; i++) {
		free(arguments->items[i]);
	}
	free(arguments->items);
}

static bool set_if_readable(char path[PATH_MAX], const char *folder, const char *rest)
{
	int length = snprintf(path, PATH_MAX, "%s%s", folder, rest);

	return length > 0 && length < PATH_MAX && access(path, R_OK) == 0;
}

int qemu_find_hypervisor(const char *given, char path[PATH_MAX], struct problem *problem)
{
	const char *chosen = given ? given : getenv("PARLEY_HYPERVISOR");
	char self[PATH_MAX] = "";
	const char *folder;
	ssize_t length;

	if (chosen && *chosen) {
		if (set_if_readable(path, chosen, "")) {
			return 0;
		}
		return problem_set(problem, "%s: cannot open the hypervisor: %s", chosen,
				   strerror(errno));
	}
	length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[length > 0 ? length : 0] = '\0';
	folder = dirname(self);
	if (set_if_readable(path, folder, "/" QEMU_IMAGE_NAME) ||
	    set_if_readable(path, folder, "/../libexec/parley/" QEMU_IMAGE_NAME)) {
		return 0;
	}
	return problem_set(problem,
			   "%s/%s: the hypervisor is not there (build it by `make hypervisor`, or "
			   "name it by --hypervisor or $PARLEY_HYPERVISOR)",
			   folder, QEMU_IMAGE_NAME);
}

/*
 * A run by the count of instructions is to repeat exactly, so what else differs
 * from run to run goes too: an idle CPU does not wait for the host's time, and
 * neither the clock's date nor random numbers come from the host.
 */
static void add_counting(struct arguments *arguments)
{
	add_option(arguments, "-icount", "shift=0,sleep=off");
	add_option(arguments, "-rtc", "base=2026-01-01T00:00:00,clock=vm");
	add_option(arguments, "-seed", "1");
}

static void add_window(struct arguments *arguments, int window_fd)
{
	add_option(arguments, "-object",
		   "memory-backend-file,id=window,share=on,size=%u,mem-path=/dev/fd/%d",
		   QEMU_WINDOW_SIZE, window_fd);
	add_option(arguments, "-device", "ivshmem-plain,memdev=window");
}

/* Processors and memory, and how they are emulated. */
static void add_machine(struct arguments *arguments, const struct qemu_options *options)
{
	add_option(arguments, "-machine", "q35");
	add_option(arguments, "-cpu", "%s", options->icount ? PARLEY_ICOUNT_CPU : "max");
	/*
	 * In one thread the emulated CPUs take turns. With a thread each they can run at once, but
	 * each call from CPU to CPU (a TLB flush, and a busy guest makes many) waits for the host to
	 * run the other thread: one domain on several CPUs is then twice as slow, and worse on a
	 * loaded host.
	 */
	add_option(arguments, "-accel", "tcg,thread=%s",
		   options->parallel && !options->icount ? "multi" : "single");
	add_option(arguments, "-smp", "%u", options->cpus);
	add_option(arguments, "-m", "%lluM", (unsigned long long)(options->memory >> 20));
	if (options->icount) {
		add_counting(arguments);
	}
	if (options->gdb) {
		add(arguments, "-s");
		add(arguments, "-S");
	}
}

/* The first serial port is the log, the second the control line. */
static void add_devices(struct arguments *arguments, int line_fd, int log_fd, int window_fd)
{
	add_option(arguments, "-display", "none");
	add_option(arguments, "-monitor", "none");
	add_option(arguments, "-chardev", "file,id=log,path=/dev/fd/%d", log_fd);
	add_option(arguments, "-serial", "chardev:log");
	add_option(arguments, "-chardev", "socket,id=line,fd=%d", line_fd);
	add_option(arguments, "-serial", "chardev:line");
	if (window_fd >= 0) {
		add_window(arguments, window_fd);
	}
}

static void make_arguments(struct arguments *arguments, const struct qemu_options *options,
			   const char *program, int line_fd, int log_fd, int window_fd)
{
	add(arguments, "%s", program);
	add(arguments, "-nodefaults");
	add(arguments, "-no-user-config");
	add(arguments, "-no-reboot");
	add_machine(arguments, options);
	add_devices(arguments, line_fd, log_fd, window_fd);
	add_option(arguments, "-kernel", "%s", options->hypervisor);
	add_option(arguments, "-initrd", "/dev/fd/%d", options->bundle_fd);
	add_option(arguments, "-append", "line=com2%s%s%s", options->stay ? " stay" : "",
		   options->hypervisor_args ? " " : "",
		   options->hypervisor_args ? options->hypervisor_args : "");
	for (size_t i = 0; options->extra && options->extra[i]; i++) {
		add(arguments, "%s", options->extra[i]);
	}
}

static void keep_open(int fd)
{
	fcntl(fd, F_SETFD, fcntl(fd, F_GETFD) & ~FD_CLOEXEC);
}

/* Pairs: [0] stays here, [1] goes to the machine. */
struct plumbing {
	int line[2];
	int log[2];
	int error[2];
	int exec[2]; /* carries errno where the program cannot be started */
	int window;  /* not a pair */
};

/*
 * Room for what the machine writes while this program does not run: a port that
 * finds no room stops the guest until there is, which shows in counted time.
 * Best effort; the limits of an ordinary user are lower.
 */
static void widen_plumbing(struct plumbing *pipes)
{
	int size = PLUMBING_ROOM;

	if (setsockopt(pipes->line[1], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size))) {
		setsockopt(pipes->line[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	}
	for (size = PLUMBING_ROOM; fcntl(pipes->log[1], F_SETPIPE_SZ, size) < 0; size /= 2) {
		if (size <= PIPE_BUF) {
			break;
		}
	}
}

static int open_plumbing(struct plumbing *pipes, struct problem *problem)
{
	memset(pipes, -1, sizeof(*pipes));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pipes->line) ||
	    pipe2(pipes->log, O_CLOEXEC) || pipe2(pipes->error, O_CLOEXEC) ||
	    pipe2(pipes->exec, O_CLOEXEC)) {
		return problem_set(problem, "cannot make pipes: %s", strerror(errno));
	}
	widen_plumbing(pipes);
	return 0;
}

static void close_pair(const int pair[2], int from)
{
	for (int i = from; i < 2; i++) {
		if (pair[i] >= 0) {
			close(pair[i]);
		}
	}
}

/* Memory to share with the machine: "pipes->window" for it, mapped here; both none without. */
static uint8_t *open_window(struct plumbing *pipes)
{
	void *bytes;

	pipes->window = memfd_create("window", MFD_CLOEXEC);
	if (pipes->window < 0 || ftruncate(pipes->window, QEMU_WINDOW_SIZE)) {
		return NULL;
	}
	bytes = mmap(NULL, QEMU_WINDOW_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, pipes->window, 0);
	return bytes == MAP_FAILED ? NULL : bytes;
}

/* In the child: become the machine. Says errno on the last pipe and ends if it cannot. */
__attribute__((noreturn)) static void become_machine(char **arguments, struct plumbing *pipes,
						     int bundle_fd, pid_t parent)
{
	sigset_t none;
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	int error;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	/* The terminal's Ctrl-C is for parley, which then ends the machine. */
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) {
		_exit(1);
	}
	dup2(null_fd, STDIN_FILENO);
	dup2(pipes->error[1], STDOUT_FILENO);
	dup2(pipes->error[1], STDERR_FILENO);
	keep_open(pipes->line[1]);
	keep_open(pipes->log[1]);
	keep_open(bundle_fd);
	keep_open(pipes->window);
	execvp(arguments[0], arguments);
	error = errno;
	if (write(pipes->exec[1], &error, sizeof(error)) < 0) {
		_exit(126);
	}
	_exit(127);
}

static int wait_for_exec(struct plumbing *pipes, const char *program, struct problem *problem)
{
	int error;
	ssize_t got;

	close(pipes->exec[1]);
	pipes->exec[1] = -1;
	do {
		got = read(pipes->exec[0], &error, sizeof(error));
	} while (got < 0 && errno == EINTR);
	if (got != (ssize_t)sizeof(error)) {
		return 0;
	}
	return problem_set(problem,
			   "%s: cannot start the emulator: %s (apt-get install qemu-system-x86, or "
			   "name it by $PARLEY_QEMU)",
			   program, strerror(error));
}

int qemu_start(struct machine *machine, const struct qemu_options *options, struct problem *problem)
{
	const char *chosen = getenv("PARLEY_QEMU");
	const char *program = chosen && *chosen ? chosen : QEMU_PROGRAM;
	struct arguments arguments = { NULL, 0 };
	struct plumbing pipes;
	pid_t parent = getpid();
	int result;

	if (open_plumbing(&pipes, problem)) {
		return -1;
	}
	machine->window = open_window(&pipes);
	make_arguments(&arguments, options, program, pipes.line[1], pipes.log[1],
		       machine->window ? pipes.window : -1);
	machine->pid = fork();
	if (machine->pid == 0) {
		become_machine(arguments.items, &pipes, options->bundle_fd, parent);
	}
	result = machine->pid < 0 ? problem_set(problem, "cannot fork: %s", strerror(errno)) :
				    wait_for_exec(&pipes, program, problem);
	free_arguments(&arguments);
	machine->line_fd = pipes.line[0];
	machine->log_fd = pipes.log[0];
	machine->error_fd = pipes.error[0];
	close_pair(pipes.line, result ? 0 : 1);
	close_pair(pipes.log, result ? 0 : 1);
	close_pair(pipes.error, result ? 0 : 1);
	close_pair(pipes.exec, 0);
	if (pipes.window >= 0) {
		close(pipes.window);
	}
	return result;
}
