/* The second vCPU, which does one thing at a time beside the first. */
#ifndef CONTROL_SECOND_H
#define CONTROL_SECOND_H

#include <stdbool.h>

/* Has it do this; it must have nothing to do. False: it cannot be started. */
bool second_begin(void (*job)(void *arg), void *arg);

/* Waits until it has done that. */
void second_wait(void);

#endif
