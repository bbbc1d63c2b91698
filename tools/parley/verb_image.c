/*
 * `parley image`: an ISO with GRUB, the hypervisor and a launch bundle, which
 * boots from a disc or a USB stick on a PC, and in emulators. GRUB loads the
 * hypervisor by Multiboot 2. grub-mkrescue does the work; it needs GRUB's
 * files for the PC, xorriso and mtools, and says little when one is missing,
 * so that is found out first.
 */
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "blob.h"
#include "config.h"
#include "launch.h"
#include "output.h"
#include "qemu.h"

#define GRUB_FOLDER         "/usr/lib/grub"
#define HYPERVISOR_FILE_MAX ((size_t)64 << 20)

static const char image_help[] =
	"usage: parley image CONFIG.json -o FILE.iso [OPTION...]\n"
	"\n"
	"Makes an ISO image that boots the hypervisor and the domains by GRUB, on a PC or\n"
	"in an emulator. The hypervisor then talks on the screen and the first serial port.\n"
	"\n"
	"  -o, --output FILE           where to write\n"
	"      --hypervisor FILE       another hypervisor ($PARLEY_HYPERVISOR)\n"
	"      --hypervisor-args TEXT  options for the hypervisor\n"
	"\n"
	"Needs grub-mkrescue, xorriso and mtools:\n"
	"  apt-get install grub-common grub-pc-bin xorriso mtools\n"
	"With grub-efi-amd64-bin installed too, the image also boots by UEFI.\n"
	"\n"
	"Exit status: 0 done, 1 grub-mkrescue failed, 2 usage or configuration.\n";

struct image {
	const char *config_path;
	const char *output_path;
	const char *hypervisor;
	const char *hypervisor_args;
	char hypervisor_path[PATH_MAX];
	char folder[64]; /* what goes into the image, removed at the end */
	struct output output;
	struct launch launch;
	struct config config;
};

/* Every file and folder below the temporary one, inner ones first. */
static const char *const image_names[] = {
	"/boot/grub/grub.cfg",
	"/boot/launch.bundle",
	"/boot/parley-hypervisor",
	"/boot/grub",
	"/boot",
	"",
};

static volatile sig_atomic_t stop_signal;

static void note_signal(int number)
{
	stop_signal = number;
}

static void get_path(const struct image *image, const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s%s", image->folder, name);
}

static void remove_folder(const struct image *image)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(image_names) / sizeof(image_names[0]); i++) {
		get_path(image, image_names[i], path);
		remove(path);
	}
}

static int find_program(const char *name)
{
	const char *path = getenv("PATH");
	char *copy = strdup(path ? path : "/usr/bin:/bin");
	char *rest = copy;
	char *folder;
	int result = -1;

	while (result && (folder = strsep(&rest, ":"))) {
		char *file;

		if (asprintf(&file, "%s/%s", *folder ? folder : ".", name) < 0) {
			abort();
		}
		result = access(file, X_OK);
		free(file);
	}
	free(copy);
	return result;
}

static int check_programs(struct problem *problem)
{
	static const struct {
		const char *program;
		const char *package;
	} needs[] = {
		{ "grub-mkrescue", "grub-common" },
		{ "xorriso", "xorriso" },
		{ "mformat", "mtools" },
	};

	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		if (find_program(needs[i].program)) {
			return problem_set(problem, "%s is missing (apt-get install %s)",
					   needs[i].program, needs[i].package);
		}
	}
	if (access(GRUB_FOLDER "/i386-pc/moddep.lst", R_OK) &&
	    access(GRUB_FOLDER "/x86_64-efi/moddep.lst", R_OK)) {
		return problem_set(problem,
				   "GRUB's files for the PC are missing in %s (apt-get "
				   "install grub-pc-bin)",
				   GRUB_FOLDER);
	}
	return 0;
}

static int make_folders(struct image *image, struct problem *problem)
{
	const char *base = getenv("TMPDIR");
	char path[PATH_MAX];
	int length;

	length = snprintf(image->folder, sizeof(image->folder), "%s/parley-image.XXXXXX",
			  base && *base ? base : "/tmp");
	if (length < 0 || (size_t)length >= sizeof(image->folder)) {
		return problem_set(problem, "$TMPDIR is too long a path");
	}
	if (!mkdtemp(image->folder)) {
		problem_set(problem, "%s: %s", image->folder, strerror(errno));
		image->folder[0] = '\0';
		return -1;
	}
	get_path(image, "/boot", path);
	if (mkdir(path, 0700)) {
		return problem_set(problem, "%s: %s", path, strerror(errno));
	}
	get_path(image, "/boot/grub", path);
	if (mkdir(path, 0700)) {
		return problem_set(problem, "%s: %s", path, strerror(errno));
	}
	return 0;
}

/* Writes a whole file, either bytes or the bundle. */
static int write_file(const struct image *image, const char *name, const void *data, size_t size,
		      struct problem *problem)
{
	char path[PATH_MAX];
	ssize_t wrote;
	int fd;

	get_path(image, name, path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		return problem_set(problem, "%s: %s", path, strerror(errno));
	}
	if (!data) {
		if (bundlefile_write(&image->launch.bundle, fd, problem)) {
			close(fd);
			return problem_prefix(problem, "%s: ", path);
		}
		close(fd);
		return 0;
	}
	wrote = write(fd, data, size);
	close(fd);
	if (wrote != (ssize_t)size) {
		return problem_set(problem, "%s: cannot write: %s", path,
				   wrote < 0 ? strerror(errno) : "the disk is full");
	}
	return 0;
}

/* GRUB's script would read these as its own; options of the hypervisor need none. */
static int check_arguments(const char *arguments, struct problem *problem)
{
	for (const char *at = arguments; *at; at++) {
		if (strchr("\"'\\$;&|<>{}#\n", *at)) {
			return problem_set(
				problem, "--hypervisor-args: '%c' cannot be written in GRUB's menu",
				*at);
		}
	}
	return 0;
}

static int write_menu(const struct image *image, struct problem *problem)
{
	const char *arguments = image->hypervisor_args ? image->hypervisor_args : "";
	char *text;
	int length;
	int result;

	if (check_arguments(arguments, problem)) {
		return -1;
	}
	length = asprintf(&text,
			  "set timeout=1\n"
			  "set default=0\n"
			  "set gfxpayload=text\n"
			  "menuentry \"Parley\" {\n"
			  "\tmultiboot2 /boot/parley-hypervisor %s\n"
			  "\tmodule2 /boot/launch.bundle launch.bundle\n"
			  "\tboot\n"
			  "}\n",
			  arguments);
	if (length < 0) {
		abort();
	}
	result = write_file(image, "/boot/grub/grub.cfg", text, (size_t)length, problem);
	free(text);
	return result;
}

static int fill_folder(struct image *image, struct problem *problem)
{
	struct blob hypervisor;
	int result;

	if (make_folders(image, problem) || write_menu(image, problem) ||
	    write_file(image, "/boot/launch.bundle", NULL, 0, problem)) {
		return -1;
	}
	if (blob_read_file(&hypervisor, image->hypervisor_path, HYPERVISOR_FILE_MAX, problem)) {
		return problem_prefix(problem, "%s: ", image->hypervisor_path);
	}
	result = write_file(image, "/boot/parley-hypervisor", hypervisor.data, hypervisor.size,
			    problem);
	blob_free(&hypervisor);
	return result;
}

/* What grub-mkrescue says is shown only where it fails: it says much. */
static int run_mkrescue(const struct image *image, const char *target, struct problem *problem)
{
	char *arguments[] = { (char[]){ "grub-mkrescue" },
			      (char[]){ "--locales=" },
			      (char[]){ "--themes=" },
			      (char[]){ "--fonts=" },
			      (char[]){ "-o" },
			      (char *)(uintptr_t)target,
			      (char *)(uintptr_t)image->folder,
			      NULL };
	posix_spawn_file_actions_t actions;
	FILE *said = tmpfile();
	char line[256];
	int status = -1;
	int error;
	pid_t child;

	if (!said) {
		return problem_set(problem, "cannot make a temporary file: %s", strerror(errno));
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fileno(said), STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, fileno(said), STDERR_FILENO);
	error = posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (!error) {
		while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
			kill(child, SIGTERM);
		}
	}
	rewind(said);
	while (status && !stop_signal && fgets(line, sizeof(line), said)) {
		fputs(line, stderr);
	}
	fclose(said);
	if (error) {
		return problem_set(problem, "grub-mkrescue: %s", strerror(error));
	}
	return status ? problem_set(problem, "grub-mkrescue failed (see above)") : 0;
}

/* Everything after the configuration is loaded. Returns the exit status. */
static int make_image(struct image *image)
{
	struct problem problem;

	if (check_programs(&problem) ||
	    qemu_find_hypervisor(image->hypervisor, image->hypervisor_path, &problem) ||
	    launch_prepare(&image->launch, &image->config, &problem) ||
	    fill_folder(image, &problem) ||
	    output_open(&image->output, image->output_path, &problem)) {
		return verb_fail("image", "%s", problem.text);
	}
	if (!image->output.written[0]) {
		output_abandon(&image->output);
		return verb_fail("image", "%s: not a file", image->output_path);
	}
	if (run_mkrescue(image, image->output.written, &problem)) {
		output_abandon(&image->output);
		verb_fail("image", "%s", problem.text);
		return 1;
	}
	if (output_commit(&image->output, &problem)) {
		return verb_fail("image", "%s", problem.text);
	}
	return 0;
}

/* Signals end the work, but not before the folder is removed. */
static void catch_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = note_signal };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		sigaction(numbers[i], &action, NULL);
	}
}

static int load_and_make(struct image *image)
{
	struct problem problem;
	int status;

	if (config_load(&image->config, image->config_path, &problem)) {
		return verb_fail("image", "%s", problem.text);
	}
	catch_signals();
	status = make_image(image);
	if (image->folder[0]) {
		remove_folder(image);
	}
	launch_free(&image->launch);
	config_free(&image->config);
	return stop_signal ? 128 + stop_signal : status;
}

int verb_image(int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "hypervisor", required_argument, NULL, 'H' },
		{ "hypervisor-args", required_argument, NULL, 'A' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	static struct image image;
	int option;

	while ((option = getopt_long(argc, argv, "o:hV", options, NULL)) != -1) {
		switch (option) {
		case 'o':
			image.output_path = optarg;
			break;
		case 'H':
			image.hypervisor = optarg;
			break;
		case 'A':
			image.hypervisor_args = optarg;
			break;
		case 'h':
			fputs(image_help, stdout);
			return 0;
		case 'V':
			return verb_print_version();
		default:
			return verb_point_to_help("image");
		}
	}
	if (!image.output_path || optind + 1 != argc) {
		return verb_misuse("image", "CONFIG.json and -o FILE.iso are needed");
	}
	image.config_path = argv[optind];
	return load_and_make(&image);
}
