/* See client.h. */
#include "client.h"

#include <stdio.h>
#include <time.h>

#include "verbs.h"

int client_fail(const struct client *client, const struct problem *problem)
{
	verb_fail(client->verb, "%s", problem->text);
	return CLIENT_STATUS_FAILED;
}

/* Returns CLIENT_GO, or a status. */
static int take_option(struct client *client, int option, const char *name)
{
	struct problem problem;

	switch (option) {
	case 'm':
		client->machine = optarg;
		return CLIENT_GO;
	case 'j':
		client->as_json = true;
		return CLIENT_GO;
	case 'h':
		fputs(client->help, stdout);
		return 0;
	case 'V':
		return verb_print_version();
	case '?':
		return verb_point_to_help(client->verb);
	default:
		break;
	}
	if (client->take_option(client->context, option, optarg, &problem)) {
		return verb_fail(client->verb, "--%s: %s", name, problem.text);
	}
	return CLIENT_GO;
}

int client_read_options(struct client *client, int argc, char **argv, const struct option *options)
{
	int option;
	int index = 0;
	int status;

	while ((option = getopt_long(argc, argv, "hV", options, &index)) != -1) {
		status = take_option(client, option, options[index].name);
		if (status != CLIENT_GO) {
			return status;
		}
	}
	return CLIENT_GO;
}

int client_open(struct client *client)
{
	struct problem problem;

	return link_open(&client->link, client->machine, &problem) ? client_fail(client, &problem) :
								     0;
}

int client_list(struct client *client, struct domains *domains)
{
	struct problem problem;
	int status = client_open(client);

	if (status) {
		return status;
	}
	if (domains_list(domains, &client->link, &problem)) {
		link_close(&client->link);
		return client_fail(client, &problem);
	}
	return 0;
}

int client_print_json(json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(value);
	return 0;
}

int64_t client_get_milliseconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}
