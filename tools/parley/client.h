/*
 * What the verbs that talk to a running machine have in common: their usual options, the
 * connection, and how they report.
 */
#ifndef TOOLS_PARLEY_CLIENT_H
#define TOOLS_PARLEY_CLIENT_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

#include "domains.h"
#include "link.h"
#include "problem.h"

#define CLIENT_STATUS_FAILED 1

/* Options that every such verb takes; a verb's own have values from CLIENT_OPTION on. */
#define CLIENT_OPTIONS                                                                   \
	{ "machine", required_argument, NULL, 'm' }, { "help", no_argument, NULL, 'h' }, \
		{ "version", no_argument, NULL, 'V' },                                   \
	{                                                                                \
		NULL, 0, NULL, 0                                                         \
	}
#define CLIENT_OPTION_JSON                     \
	{                                      \
		"json", no_argument, NULL, 'j' \
	}
#define CLIENT_OPTION 256

#define CLIENT_HELP_OPTIONS                                                      \
	"  --machine NAME  which machine, where several run ($PARLEY_MACHINE)\n" \
	"  --help          print this\n"

/* A call of a verb. */
struct client {
	const char *verb; /* as in "pause" */
	const char *help;
	const char *machine; /* its name, or NULL */
	bool as_json;
	struct link link;
	/* takes an option of the verb's own; returns 0, or -1 with a problem; NULL: it has none */
	int (*take_option)(void *context, int option, const char *text, struct problem *problem);
	void *context;
};

/* What client_read_options says: go on, or leave with client_get_status. */
#define CLIENT_GO (-1)

/*
 * Reads the command line; arguments are left from optind on. Returns CLIENT_GO, or the status to
 * leave with: help was printed, or the usage was wrong.
 */
int client_read_options(struct client *client, int argc, char **argv, const struct option *options);

/* Connects. Returns 0, or the status to leave with, having said why. */
int client_open(struct client *client);

/* Connects and lists the domains, which the caller frees. Returns 0 or the status to leave with. */
int client_list(struct client *client, struct domains *domains);

/* Prints "parley VERB: message"; returns CLIENT_STATUS_FAILED. */
int client_fail(const struct client *client, const struct problem *problem);

/* Prints JSON and drops the reference. Returns 0. */
int client_print_json(json_t *value);

/* A clock that only goes forward. */
int64_t client_get_milliseconds(void);

#endif
