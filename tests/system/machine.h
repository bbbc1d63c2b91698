/*
 * A machine without `parley` in between: the emulator with the hypervisor and a
 * bundle, and a test at the other end of the control line.
 */
#ifndef TESTS_SYSTEM_MACHINE_H
#define TESTS_SYSTEM_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <parley/control.h>
#include <parley/control_op.h>

/*
 * Starts it with the bundle in a file, the hypervisor's options besides the line's, and
 * so many MiB and CPUs. The emulator dies with the test.
 */
void machine_start(const char *bundle, const char *options, unsigned int mib, unsigned int cpus);

/* The bundle of a configuration, made by `parley bundle`. And one of no domains. */
const char *machine_bundle(const char *config);
const char *machine_empty_bundle(void);

/*
 * Asks, and waits for the reply: its result. The structure (in) of in bytes is
 * replaced by the reply's, if there is one; room is of size bytes.
 */
int machine_ask(uint32_t op, void *structure, size_t in, size_t size);

/* Takes what has come for so many milliseconds. */
void machine_listen(unsigned int ms);

/* Waits for a DOMAIN frame of that id and state; fails the test after a minute. */
void machine_wait(uint16_t domid, uint8_t state);

/* Waits until the domain has written this on its console. */
void machine_wait_console(uint16_t domid, const char *text);

/* BYE has come. */
bool machine_said_bye(void);

/* Hands over a file as an image: its number. */
uint32_t machine_upload(const char *path);

/* Free pages. */
uint64_t machine_free_pages(void);

/* What the hypervisor's log holds so far. */
const char *machine_log(void);

void machine_end(void);

#endif
