/*
 * Making and freeing the structure of a domain; for the builder and
 * lifecycle.c.
 */
#ifndef DOMAIN_CREATE_H
#define DOMAIN_CREATE_H

#include "domain/builder.h"

/* A domain with its vCPUs and shared page, without memory, known to nobody: NULL without memory for it. */
struct domain *domain_create(const struct domain_image *img) must_check;

/* Put it on the list of domains: 0, or -PV_EEXIST if another has its name. And off. */
int domain_publish(struct domain *d) must_check;
void domain_unpublish(struct domain *d);

/* Free everything of a domain that is not on the list and none of whose vCPUs holds a root, descriptor table or runs. */
void domain_free(struct domain *d);

#endif
