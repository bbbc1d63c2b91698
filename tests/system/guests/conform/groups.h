/* The groups of checks of `conform`, in the order in which main runs them. */
#ifndef CONFORM_GROUPS_H
#define CONFORM_GROUPS_H

void start_check(void);
void information_check(void);
void frames_check(void);
void returns_check(void);
void instructions_check(void);
void segments_check(void);
void paging_check(void);
void ports_check(void);
void time_check(void);
void vcpus_check(void);
void watchdogs_check(void);
void grants_check(void);

#endif
