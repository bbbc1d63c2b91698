/*
 * Settings are restored by atexit, and from the handlers of the signals that
 * end a program by its own fault; tcsetattr may be called there. Other signals
 * come to the event loop, which leaves by the ordinary way.
 */
#include "terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#define CTRL_A 0x01

static struct termios saved_settings;
static volatile sig_atomic_t is_changed;

void terminal_restore(void)
{
	if (is_changed) {
		is_changed = 0;
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved_settings);
	}
}

static void restore_and_die(int number)
{
	terminal_restore();
	signal(number, SIG_DFL);
	raise(number);
}

bool terminal_make_raw(void)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
	struct termios settings;

	if (!isatty(STDIN_FILENO) || tcgetpgrp(STDIN_FILENO) != getpgrp() ||
	    tcgetattr(STDIN_FILENO, &saved_settings)) {
		return false;
	}
	settings = saved_settings;
	cfmakeraw(&settings);
	settings.c_oflag = saved_settings.c_oflag;
	is_changed = 1;
	atexit(terminal_restore);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		signal(faults[i], restore_and_die);
	}
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)) {
		is_changed = 0;
		return false;
	}
	return true;
}

static enum terminal_command find_command(uint8_t key, unsigned int *digit)
{
	if (key >= '1' && key <= '9') {
		*digit = key - '0';
		return TERMINAL_SELECT;
	}
	switch (key) {
	case 'x':
	case 'q':
		return TERMINAL_QUIT;
	case 'c':
	case 'n':
		return TERMINAL_NEXT;
	case 'h':
	case '?':
		return TERMINAL_HELP;
	default:
		return TERMINAL_NONE;
	}
}

enum terminal_command terminal_filter(struct terminal_keys *keys, uint8_t *data, size_t size,
				      size_t *taken, size_t *kept, unsigned int *digit)
{
	enum terminal_command command = TERMINAL_NONE;
	size_t to = 0;
	size_t from = 0;

	while (from < size && command == TERMINAL_NONE) {
		uint8_t key = data[from++];

		if (!keys->escaped && key == CTRL_A) {
			keys->escaped = true;
			continue;
		}
		if (keys->escaped) {
			keys->escaped = false;
			command = find_command(key, digit);
			/* Ctrl-A twice, or with "a", is the guest's Ctrl-A; the rest is dropped. */
			if (key == CTRL_A || key == 'a') {
				data[to++] = CTRL_A;
			}
			continue;
		}
		data[to++] = key;
	}
	*taken = from;
	*kept = to;
	return command;
}
