/* The end of a domain. */
#ifndef KIT_POWER_H
#define KIT_POWER_H

/* Ends the domain with this PV_SHUTDOWN_* reason, after its last output. */
void power_off(unsigned reason) __attribute__((noreturn));

/* Prints the message and ends the domain with the reason "crash". */
void power_panic(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
