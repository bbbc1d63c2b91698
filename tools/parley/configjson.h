/*
 * The fields of a configuration file: their names, types and limits.
 */
#ifndef TOOLS_PARLEY_CONFIGJSON_H
#define TOOLS_PARLEY_CONFIGJSON_H

#include <jansson.h>

#include "config.h"
#include "problem.h"

/*
 * Fills in the domains and the machine from a parsed file. Returns 0, or -1
 * with a problem that names the place; the caller frees the configuration.
 */
int configjson_read(struct config *config, const json_t *root, struct problem *problem);

#endif
