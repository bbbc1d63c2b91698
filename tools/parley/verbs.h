/*
 * The verbs of `parley`: each is a main() of its own in verb_NAME.c. argv[0] is
 * the verb. The return value is the exit status.
 */
#ifndef TOOLS_PARLEY_VERBS_H
#define TOOLS_PARLEY_VERBS_H

#define PARLEY_VERSION "0.1.0"

#define VERB_STATUS_USAGE 2 /* usage or configuration */

int verb_run(int argc, char **argv);
int verb_check(int argc, char **argv);
int verb_bundle(int argc, char **argv);
int verb_image(int argc, char **argv);
int verb_ls(int argc, char **argv);
int verb_create(int argc, char **argv);
int verb_pause(int argc, char **argv);
int verb_unpause(int argc, char **argv);
int verb_shutdown(int argc, char **argv);
int verb_reboot(int argc, char **argv);
int verb_destroy(int argc, char **argv);
int verb_console(int argc, char **argv);
int verb_mem_set(int argc, char **argv);
int verb_vcpu_set(int argc, char **argv);
int verb_sched(int argc, char **argv);
int verb_top(int argc, char **argv);
int verb_oops(int argc, char **argv);
int verb_trace(int argc, char **argv);
int verb_stop(int argc, char **argv);

/*
 * Prints "parley VERB: message" on standard error and returns
 * VERB_STATUS_USAGE.
 */
int verb_fail(const char *verb, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, and how to get help. For mistakes on the command line. */
int verb_misuse(const char *verb, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Says how to get help, after a message that is printed already. */
int verb_point_to_help(const char *verb);

/* Prints the version; returns 0. */
int verb_print_version(void);

#endif
