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
void mmu_calls_check(void);
void memory_calls_check(void);
void event_calls_check(void);
void grant_calls_check(void);
void vcpu_calls_check(void);
void kernel_calls_check(void);
void debug_check(void);
void other_calls_check(void);
void processor_check(void);
void store_check(void);

#endif
