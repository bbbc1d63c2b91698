/* What a `load` guest can be; main.c tells the words of the command line. */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_MS     1000000ul
#define NS_PER_SECOND 1000000000ul

/* When the measured span begins and ends, system time. */
uint64_t load_start(void);
uint64_t load_end(void);

/* Runs the function on every vCPU, this one too, and returns when all are done: true if all could be started. */
bool load_on_all(void (*function)(void *arg));

/* Each returns true if all is as it should be. */
bool load_hog(void);
bool load_sleeper(void);
bool load_clock(void);
bool load_timers(void);
bool load_idle(void);
bool load_stuck(void);

#endif
