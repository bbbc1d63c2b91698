/*
 * Pipes and sockets: a chain of processes through which data flows and is
 * changed on its way, and a ping-pong of one byte, all wake-ups and switches.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hammer.h"

#define LINKS  5
#define CHUNK  1000
#define CHUNKS 40
#define PINGS  150

static void read_all(int fd, void *data, size_t size)
{
	unsigned char *bytes = data;

	while (size != 0) {
		ssize_t got = read(fd, bytes, size);

		CHECK(got > 0);
		bytes += got;
		size -= (size_t)got;
	}
}

static void write_all(int fd, const void *data, size_t size)
{
	const unsigned char *bytes = data;

	while (size != 0) {
		ssize_t put = write(fd, bytes, size);

		CHECK(put > 0);
		bytes += put;
		size -= (size_t)put;
	}
}

/* One link of the chain adds its number to every byte. */
static _Noreturn void link_process(int in, int out, unsigned int number)
{
	unsigned char chunk[CHUNK];

	for (int i = 0; i < CHUNKS; i++) {
		read_all(in, chunk, sizeof(chunk));
		for (size_t j = 0; j < sizeof(chunk); j++) {
			chunk[j] = (unsigned char)(chunk[j] + number);
		}
		write_all(out, chunk, sizeof(chunk));
	}
	_exit((int)number);
}

static uint64_t run_chain(uint64_t *seed)
{
	int pipes[LINKS + 1][2];
	pid_t links[LINKS], writer;
	unsigned char chunk[CHUNK];
	uint64_t hash = HAMMER_HASH;

	for (int i = 0; i <= LINKS; i++) {
		CHECK(pipe(pipes[i]) == 0);
	}
	for (unsigned int i = 0; i < LINKS; i++) {
		links[i] = fork();
		CHECK(links[i] >= 0);
		if (links[i] == 0) {
			link_process(pipes[i][0], pipes[i + 1][1], i + 1);
		}
	}
	writer = fork();
	CHECK(writer >= 0);
	if (writer == 0) {
		for (int i = 0; i < CHUNKS; i++) {
			memset(chunk, (int)hammer_next(seed), sizeof(chunk));
			write_all(pipes[0][1], chunk, sizeof(chunk));
		}
		_exit(0);
	}
	for (int i = 0; i < CHUNKS; i++) {
		unsigned char sent = (unsigned char)hammer_next(seed);

		read_all(pipes[LINKS][0], chunk, sizeof(chunk));
		for (size_t j = 0; j < sizeof(chunk); j++) {
			CHECK(chunk[j] == (unsigned char)(sent + LINKS * (LINKS + 1) / 2));
		}
		hash = hammer_hash(hash, chunk, sizeof(chunk));
	}
	CHECK(hammer_wait(writer) == 0);
	for (int i = 0; i < LINKS; i++) {
		CHECK(hammer_wait(links[i]) == i + 1);
	}
	for (int i = 0; i <= LINKS; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	return hash;
}

static void run_ping_pong(void)
{
	int ends[2];
	pid_t pid;
	unsigned char byte = 0;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		for (int i = 0; i < PINGS; i++) {
			read_all(ends[1], &byte, 1);
			byte++;
			write_all(ends[1], &byte, 1);
		}
		_exit(0);
	}
	for (int i = 0; i < PINGS; i++) {
		struct pollfd wanted = { .fd = ends[0], .events = POLLIN };
		unsigned char expected = (unsigned char)(byte + 1);

		write_all(ends[0], &byte, 1);
		CHECK(poll(&wanted, 1, 60000) == 1);
		read_all(ends[0], &byte, 1);
		CHECK(byte == expected);
	}
	CHECK(hammer_wait(pid) == 0);
	close(ends[0]);
	close(ends[1]);
}

uint64_t hammer_pipe(unsigned int rounds)
{
	uint64_t seed = 362436069ULL;
	uint64_t result = 0;

	for (unsigned int round = 0; round < rounds; round++) {
		result = result * 31 + run_chain(&seed);
		run_ping_pong();
	}
	return result;
}
