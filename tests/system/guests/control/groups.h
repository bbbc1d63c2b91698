/* The groups of checks, in the order in which main.c runs them. */
#ifndef CONTROL_GROUPS_H
#define CONTROL_GROUPS_H

void looking_check(void);
void pausing_check(void);
void sharing_check(void);
void asking_check(void);
void making_check(void);
void refused_check(void);
void unborn_check(void);
void images_check(void);
void ending_check(void);
void memory_check(void);
void tracing_check(void);
void records_check(void);
void moving_check(void);

/* Prints "control: list: N cycles" of the longest of some calls, with as many records as there can be. */
void count_list(void);

/* Turns the machine off, and comes back only if that is wrong. */
void turn_off(unsigned force);

#endif
