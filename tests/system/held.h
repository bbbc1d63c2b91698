/*
 * A machine that a test holds while it runs verbs against it: `parley run` in the background,
 * ended with the test.
 */
#ifndef TESTS_SYSTEM_HELD_H
#define TESTS_SYSTEM_HELD_H

#include <stdbool.h>

#include <jansson.h>

#include "harness.h"

/* Starts `parley run` with these arguments, and waits until its hypervisor answers. */
void held_start(const char *const arguments[]);

/* Waits for its end. Returns its exit status. */
int held_wait(void);

/* Runs build/parley with these words, expects the status, and gives what it wrote, to be freed. */
struct run_result held_verb(int status, const char *const words[]);

/* The same, where only the status matters. */
void held_run_verb(int status, const char *const words[]);
#define held_do(status, ...) held_run_verb(status, (const char *const[]){ __VA_ARGS__, NULL })

/* `ls --json --all`, to be released by json_decref. */
json_t *held_list(void);

/* A domain in that list, of those that live or of those that have ended, or NULL. */
const json_t *held_find(const json_t *list, const char *name, bool lives);

/* Sends a text to a domain's console. */
void held_type(const char *name, const char *text);

/* Waits until a domain's console has shown this text; false after a while. */
bool held_wait_for_text(const char *name, const char *text);

/* Waits until no domain of that name lives; false after a while. */
bool held_wait_for_end(const char *name);

/* Pages that are free or hold images, once nothing that has ended holds any more. */
long long held_count_free(void);

#endif
