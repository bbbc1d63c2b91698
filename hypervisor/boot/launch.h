/* The domains of the launch bundle: built and started, its images kept for as long as they are needed. */
#ifndef BOOT_LAUNCH_H
#define BOOT_LAUNCH_H

/* Once, when everything that a domain needs works. What goes wrong is logged. */
void launch_domains(void);

#endif
