/*
 * The terminal on standard input: raw while a guest has it, and as it was on
 * every way out of the program.
 */
#ifndef TOOLS_PARLEY_TERMINAL_H
#define TOOLS_PARLEY_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Keys that a person gives to `parley` itself, after Ctrl-A. */
enum terminal_command {
	TERMINAL_NONE,
	TERMINAL_QUIT,   /* x */
	TERMINAL_NEXT,   /* c: the next domain gets the input */
	TERMINAL_SELECT, /* 1 to 9 */
	TERMINAL_HELP,   /* h, ? */
};

struct terminal_keys {
	bool escaped; /* Ctrl-A came, its command did not yet */
};

/*
 * Makes the terminal raw (except for output processing, so that plain line
 * ends stay readable). False where standard input is no terminal of ours, or
 * this program is in its background.
 */
bool terminal_make_raw(void);

/* Gives the terminal its settings back; does nothing when they were not changed. */
void terminal_restore(void);

/*
 * Takes the commands out of what was typed: compacts "data" to the bytes that
 * are the guest's and stops behind the first command. Sets "taken" to the bytes
 * of input used and "kept" to those left for the guest; "digit" goes with
 * TERMINAL_SELECT.
 */
enum terminal_command terminal_filter(struct terminal_keys *keys, uint8_t *data, size_t size,
				      size_t *taken, size_t *kept, unsigned int *digit);

#endif
