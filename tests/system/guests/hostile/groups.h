/* The groups of checks of `hostile`, in the order in which main runs them. */
#ifndef HOSTILE_GROUPS_H
#define HOSTILE_GROUPS_H

void numbers_check(void);
void pointers_check(void);
void entries_check(void);
void tables_check(void);
void frames_check(void);
void memory_check(void);
void descriptors_check(void);
void vcpus_check(void);
void ports_check(void);
void grants_check(void);
void instructions_check(void);
void interrupts_check(void);
void returns_check(void);
void users_check(void);

#endif
