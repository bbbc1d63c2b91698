/*
 * Who makes or removes a socket holds a lock on the folder, so that a name is
 * never taken between the look and the step. Sockets are reached through the folder's
 * descriptor, since the path of one may be longer than an address can hold.
 */
#include "runtime.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "text.h"

#define SUFFIX           ".sock"
#define CONNECT_PATIENCE 5 /* seconds for a place in the queue of a busy machine */
#define SEND_PATIENCE    60
#define WAITING_MAX      64
#define COPIES_MAX       1000 /* of one name */

const char *runtime_get_path(char path[PATH_MAX])
{
	const char *own = getenv("PARLEY_RUNTIME_DIR");
	const char *user = getenv("XDG_RUNTIME_DIR");

	if (own && *own) {
		snprintf(path, PATH_MAX, "%s", own);
	} else if (user && *user) {
		snprintf(path, PATH_MAX, "%s/parley", user);
	} else if (geteuid() == 0) {
		snprintf(path, PATH_MAX, "/run/parley");
	} else {
		snprintf(path, PATH_MAX, "/tmp/parley-%u", (unsigned int)geteuid());
	}
	return path;
}

/* Others who could put a socket there could pass for a machine, or take one's input. */
static int check_folder(int folder, const char *path, struct problem *problem)
{
	struct stat status;

	if (fstat(folder, &status)) {
		return problem_set(problem, "%s: %s", path, strerror(errno));
	}
	if (status.st_uid != geteuid() || (status.st_mode & 022)) {
		return problem_set(problem,
				   "%s: others can write there (name a folder of your own by "
				   "$PARLEY_RUNTIME_DIR)",
				   path);
	}
	return 0;
}

/* The folder, made where it is missing; -1 with a problem. */
static int make_folder(struct problem *problem)
{
	char path[PATH_MAX];
	int folder;

	runtime_get_path(path);
	if (mkdir(path, 0700) && errno != EEXIST) {
		return problem_set(problem, "%s: cannot make the folder for sockets: %s", path,
				   strerror(errno));
	}
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (folder < 0) {
		return problem_set(problem, "%s: %s", path, strerror(errno));
	}
	if (check_folder(folder, path, problem)) {
		close(folder);
		return -1;
	}
	return folder;
}

static struct sockaddr_un make_address(int folder, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s" SUFFIX, folder,
		 name);
	return address;
}

/* Connects; -1 with errno, which is ECONNREFUSED for a socket that nobody listens on. */
static int try_connect(int folder, const char *name)
{
	struct sockaddr_un address = make_address(folder, name);
	struct timeval patience = { .tv_sec = CONNECT_PATIENCE };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0) {
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
		patience.tv_sec = SEND_PATIENCE;
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		return fd;
	}
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* With the lock: true where nobody has the name; what a dead run left is removed. */
static bool is_free(int folder, const char *name)
{
	int fd = try_connect(folder, name);
	char file[RUNTIME_NAME_MAX + sizeof(SUFFIX)];

	if (fd >= 0) {
		close(fd);
		return false;
	}
	if (errno == ECONNREFUSED) {
		snprintf(file, sizeof(file), "%s" SUFFIX, name);
		unlinkat(folder, file, 0);
		return true;
	}
	return errno == ENOENT;
}

/* With the lock: a name that nobody has, from "name". Returns 0 or -1 with a problem. */
static int choose_name(struct runtime_socket *socket, const char *name, bool is_fixed,
		       struct problem *problem)
{
	snprintf(socket->name, sizeof(socket->name), "%s", name);
	for (unsigned int i = 2; !is_free(socket->folder, socket->name); i++) {
		if (is_fixed) {
			return problem_set(problem,
					   "a machine \"%s\" is running already (choose "
					   "another name, or end it by `parley stop`)",
					   name);
		}
		if (i > COPIES_MAX) {
			return problem_set(problem, "too many machines are called \"%s\"", name);
		}
		snprintf(socket->name, sizeof(socket->name), "%.56s-%u", name, i);
	}
	return 0;
}

static int bind_socket(struct runtime_socket *made, struct problem *problem)
{
	struct sockaddr_un address = make_address(made->folder, made->name);
	mode_t mask = umask(0177);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(fd, WAITING_MAX)) {
		problem_set(problem, "%s" SUFFIX ": cannot make the socket: %s", made->name,
			    strerror(errno));
		if (fd >= 0) {
			close(fd);
		}
		fd = -1;
	}
	umask(mask);
	made->fd = fd;
	return fd < 0 ? -1 : 0;
}

int runtime_listen(struct runtime_socket *socket, const char *name, bool is_fixed,
		   struct problem *problem)
{
	int result;

	socket->fd = -1;
	socket->folder = make_folder(problem);
	if (socket->folder < 0) {
		return -1;
	}
	flock(socket->folder, LOCK_EX);
	result = choose_name(socket, name, is_fixed, problem) || bind_socket(socket, problem);
	flock(socket->folder, LOCK_UN);
	if (result) {
		close(socket->folder);
		socket->folder = -1;
		return -1;
	}
	return 0;
}

void runtime_close(struct runtime_socket *socket)
{
	char file[RUNTIME_NAME_MAX + sizeof(SUFFIX)];

	if (socket->fd < 0) {
		return;
	}
	snprintf(file, sizeof(file), "%s" SUFFIX, socket->name);
	flock(socket->folder, LOCK_EX);
	unlinkat(socket->folder, file, 0);
	close(socket->fd);
	socket->fd = -1;
	flock(socket->folder, LOCK_UN);
	close(socket->folder);
	socket->folder = -1;
}

/* ---- the other side ---- */

/* What a search of the folder found. */
struct found {
	int fd; /* connected to the one that is wanted, or -1 */
	size_t count;
	char names[512]; /* of all that run, "a, b" */
};

static bool get_machine_name(const char *file, char name[RUNTIME_NAME_MAX])
{
	size_t length = strlen(file);
	size_t rest = strlen(SUFFIX);

	if (length <= rest || length - rest >= RUNTIME_NAME_MAX ||
	    strcmp(file + length - rest, SUFFIX)) {
		return false;
	}
	memcpy(name, file, length - rest);
	name[length - rest] = '\0';
	return text_is_name(name);
}

/* One that nobody listens on, yet: with the lock it is either ready or stale. */
static int look_again(int folder, const char *name)
{
	int fd = -1;

	flock(folder, LOCK_EX);
	if (!is_free(folder, name)) {
		fd = try_connect(folder, name);
	}
	flock(folder, LOCK_UN);
	return fd;
}

static void look_at(struct found *found, int folder, const char *name, const char *wanted)
{
	size_t used = strlen(found->names);
	int fd = try_connect(folder, name);

	if (fd < 0 && errno == ECONNREFUSED) {
		fd = look_again(folder, name);
	}
	if (fd < 0) {
		return;
	}
	snprintf(found->names + used, sizeof(found->names) - used, "%s%s", used ? ", " : "", name);
	found->count++;
	if (found->fd < 0 && (!wanted || !strcmp(wanted, name))) {
		found->fd = fd;
	} else {
		close(fd);
	}
}

static int search(struct found *found, const char *wanted, struct problem *problem)
{
	char path[PATH_MAX];
	char name[RUNTIME_NAME_MAX];
	const struct dirent *entry;
	DIR *folder = opendir(runtime_get_path(path));

	*found = (struct found){ .fd = -1 };
	if (!folder) {
		return errno == ENOENT ? 0 : problem_set(problem, "%s: %s", path, strerror(errno));
	}
	if (check_folder(dirfd(folder), path, problem)) {
		closedir(folder);
		return -1;
	}
	while ((entry = readdir(folder)) != NULL) {
		if (get_machine_name(entry->d_name, name)) {
			look_at(found, dirfd(folder), name, wanted);
		}
	}
	closedir(folder);
	return 0;
}

int runtime_connect(const char *name, struct problem *problem)
{
	const char *preset = getenv("PARLEY_MACHINE");
	const char *wanted = name ? name : preset && *preset ? preset : NULL;
	struct found found;

	if (search(&found, wanted, problem)) {
		return -1;
	}
	if (found.fd >= 0 && (wanted || found.count == 1)) {
		return found.fd;
	}
	if (found.fd >= 0) {
		close(found.fd);
		return problem_set(problem,
				   "several machines are running: %s (choose by --machine NAME)",
				   found.names);
	}
	if (found.count) {
		return problem_set(problem, "no machine \"%s\" is running; there are: %s", wanted,
				   found.names);
	}
	if (wanted) {
		return problem_set(problem,
				   "no machine \"%s\" is running (start one by `parley "
				   "run --machine %s`)",
				   wanted, wanted);
	}
	return problem_set(problem, "no machine is running (start one by `parley run`)");
}
