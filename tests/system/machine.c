/*
 * The emulator as tools/parley/qemu.c starts it, and the frames of the line. All
 * waiting ends: a machine that says nothing for a minute fails its test.
 */
#include "machine.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <parley/bundle.h>

#include "harness.h"

#define PATIENCE_MS 60000
#define DOMAINS     1024
#define CONSOLE_MAX 262144UL

static pid_t pid;
static int line = -1;
static uint8_t bytes[65536]; /* received, not taken yet */
static size_t held;
static uint32_t sequence;
static uint8_t reply[PV_LINE_PAYLOAD_MAX];
static size_t reply_size;
static bool said_bye;
static bool seen[DOMAINS][8]; /* states by domid */
static char console[CONSOLE_MAX];
static size_t console_size;
static uint16_t console_of;

/* ---- frames ---- */

static uint16_t check_of(const struct pv_line_header *h)
{
	return (uint16_t)(~((unsigned int)h->sync | (unsigned int)h->type << 8) ^ h->domid ^
			  h->length);
}

static void take_frame(const struct pv_line_header *h, const uint8_t *payload)
{
	if (h->type == PV_LINE_REPLY) {
		memcpy(reply, payload, h->length);
		reply_size = h->length;
	} else if (h->type == PV_LINE_DOMAIN && h->domid < DOMAINS) {
		seen[h->domid][((const struct pv_line_domain *)payload)->state & 7] = true;
	} else if (h->type == PV_LINE_BYE) {
		said_bye = true;
	} else if (h->type == PV_LINE_CONSOLE_OUT && h->domid == console_of &&
		   console_size + h->length < CONSOLE_MAX) {
		memcpy(console + console_size, payload, h->length);
		console_size += h->length;
		console[console_size] = '\0';
	}
}

static void take_frames(void)
{
	struct pv_line_header h;

	while (held >= sizeof(h)) {
		memcpy(&h, bytes, sizeof(h));
		cr_assert(h.sync == PV_LINE_SYNC && h.check == check_of(&h), "not a frame");
		if (held < sizeof(h) + h.length) {
			return;
		}
		take_frame(&h, bytes + sizeof(h));
		held -= sizeof(h) + h.length;
		memmove(bytes, bytes + sizeof(h) + h.length, held);
	}
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Takes what comes until then; false where the time is over or the line is gone. */
static bool receive(int64_t until)
{
	struct pollfd p = { .fd = line, .events = POLLIN };
	int64_t left = until - now_ms();
	ssize_t got;

	if (left <= 0 || line < 0 || poll(&p, 1, (int)left) <= 0) {
		return false;
	}
	got = read(line, bytes + held, sizeof(bytes) - held);
	if (got <= 0) {
		close(line);
		line = -1;
		return false;
	}
	held += (size_t)got;
	take_frames();
	return true;
}

/* ---- asking ---- */

static void send_all(const void *data, size_t size)
{
	const uint8_t *p = data;

	while (size > 0) {
		ssize_t put = send(line, p, size, MSG_NOSIGNAL);

		cr_assert_gt(put, 0, "the machine is gone");
		p += put;
		size -= (size_t)put;
	}
}

static int ask(uint32_t op, const void *structure, size_t in, const void *data, size_t data_size)
{
	struct pv_line_request request = { .sequence = ++sequence, .op = op };
	struct pv_line_header h = {
		.sync = PV_LINE_SYNC,
		.type = PV_LINE_REQUEST,
		.length = (uint16_t)(sizeof(request) + in + data_size),
	};
	struct pv_line_reply head;
	int64_t until = now_ms() + PATIENCE_MS;

	h.check = check_of(&h);
	reply_size = 0;
	send_all(&h, sizeof(h));
	send_all(&request, sizeof(request));
	send_all(structure, in);
	send_all(data, data_size);
	while (reply_size == 0) {
		cr_assert(receive(until), "no reply to operation %u", op);
	}
	memcpy(&head, reply, sizeof(head));
	cr_assert_eq(head.sequence, sequence);
	return head.result;
}

int machine_ask(uint32_t op, void *structure, size_t in, size_t size)
{
	int result = ask(op, structure, in, "", 0);
	size_t got = reply_size - sizeof(struct pv_line_reply);

	if (result >= 0) {
		cr_assert_leq(got, size);
		memcpy(structure, reply + sizeof(struct pv_line_reply), got);
	}
	return result;
}

void machine_listen(unsigned int ms)
{
	int64_t until = now_ms() + ms;

	while (receive(until)) {
	}
}

void machine_wait(uint16_t domid, uint8_t state)
{
	int64_t until = now_ms() + PATIENCE_MS;

	while (!seen[domid][state]) {
		cr_assert(receive(until), "d%u never came to state %u", domid, state);
	}
}

void machine_wait_console(uint16_t domid, const char *text)
{
	int64_t until = now_ms() + PATIENCE_MS;

	if (console_of != domid) {
		console_of = domid;
		console_size = 0;
		console[0] = '\0';
	}
	while (strstr(console, text) == NULL) {
		cr_assert(receive(until), "d%u never wrote \"%s\"; its console ends: %s", domid,
			  text, console_size > 1000 ? console + console_size - 1000 : console);
	}
	console_size = 0;
	console[0] = '\0';
}

bool machine_said_bye(void)
{
	return said_bye;
}

uint32_t machine_upload(const char *path)
{
	struct pv_control_image image = { 0 };
	uint8_t piece[PV_LINE_PAYLOAD_MAX - 64];
	FILE *file = fopen(path, "r");
	uint64_t offset = 0;
	size_t got;

	cr_assert_not_null(file, "%s", path);
	fseek(file, 0, SEEK_END);
	image.size = (uint64_t)ftell(file);
	rewind(file);
	cr_assert_eq(machine_ask(PV_CONTROLOP_image_new, &image, sizeof(image), sizeof(image)), 0);
	while ((got = fread(piece, 1, sizeof(piece), file)) > 0) {
		struct pv_control_image_write write = {
			.image = image.image,
			.bytes = (uint32_t)got,
			.offset = offset,
		};

		cr_assert_eq(ask(PV_CONTROLOP_image_write, &write, sizeof(write), piece, got), 0);
		offset += got;
	}
	fclose(file);
	return image.image;
}

uint64_t machine_free_pages(void)
{
	struct pv_control_machine machine = { 0 };

	cr_assert_eq(machine_ask(PV_CONTROLOP_machine, &machine, 0, sizeof(machine)), 0);
	return machine.free_pages;
}

/* ---- the machine ---- */

const char *machine_bundle(const char *config)
{
	static char path[300];
	struct run_result result;

	snprintf(path, sizeof(path), "%s/bundle", test_directory());
	result = run_parley("bundle", "-o", path, config);
	expect_status(&result, 0);
	run_result_free(&result);
	return path;
}

static uint32_t crc32_of(const uint8_t *p, size_t size)
{
	uint32_t crc = ~0U;

	while (size-- > 0) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++) {
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
		}
	}
	return ~crc;
}

const char *machine_empty_bundle(void)
{
	static char path[300];
	struct pv_bundle_header header = {
		.magic = PV_BUNDLE_MAGIC,
		.version = PV_BUNDLE_VERSION,
		.total_size = sizeof(header),
		.domain_size = sizeof(struct pv_bundle_domain),
		.domain_offset = sizeof(header),
	};
	FILE *file;

	snprintf(path, sizeof(path), "%s/empty", test_directory());
	header.crc32 = crc32_of((const uint8_t *)&header, sizeof(header));
	file = fopen(path, "w");
	cr_assert_not_null(file);
	cr_assert_eq(fwrite(&header, sizeof(header), 1, file), 1);
	cr_assert_eq(fclose(file), 0);
	return path;
}

static char log_path[300];

__attribute__((noreturn)) static void become(const char *bundle, const char *options,
					     unsigned int mib, unsigned int cpus, int fd)
{
	char memory[32], smp[32], log[400], chardev[64], append[200];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(memory, sizeof(memory), "%uM", mib);
	snprintf(smp, sizeof(smp), "%u", cpus);
	snprintf(log, sizeof(log), "file,id=log,path=%s", log_path);
	snprintf(chardev, sizeof(chardev), "socket,id=line,fd=%d", fd);
	snprintf(append, sizeof(append), "line=com2 %s", options);
	execlp("qemu-system-x86_64", "qemu-system-x86_64", "-nodefaults", "-no-user-config",
	       "-no-reboot", "-display", "none", "-machine", "q35", "-cpu", "max", "-accel",
	       "tcg,thread=single", "-smp", smp, "-m", memory, "-monitor", "none", "-chardev", log,
	       "-serial", "chardev:log", "-chardev", chardev, "-serial", "chardev:line", "-kernel",
	       test_build_path("parley-hypervisor"), "-initrd", bundle, "-append", append, NULL);
	_exit(127);
}

void machine_start(const char *bundle, const char *options, unsigned int mib, unsigned int cpus)
{
	int pair[2];

	snprintf(log_path, sizeof(log_path), "%s/log", test_directory());
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		close(pair[0]);
		become(bundle, options, mib, cpus, pair[1]);
	}
	close(pair[1]);
	line = pair[0];
	cr_assert(receive(now_ms() + PATIENCE_MS), "the machine does not start");
}

const char *machine_log(void)
{
	static char text[1 << 20];
	FILE *file = fopen(log_path, "r");
	size_t got;

	cr_assert_not_null(file);
	got = fread(text, 1, sizeof(text) - 1, file);
	text[got] = '\0';
	fclose(file);
	return text;
}

void machine_end(void)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (line >= 0) {
		close(line);
	}
}
