/*
 * Making and freeing the structure of a domain; for the builder and
 * lifecycle.c.
 */
#ifndef DOMAIN_CREATE_H
#define DOMAIN_CREATE_H

#include "domain/spec.h"

/* A domain with its vCPUs and shared page, without memory, known to nobody: NULL without memory for it. */
struct domain *domain_create(const struct domain_spec *spec) must_check;

/* Put it on the list of domains: 0, or -PV_EEXIST if another has its name; the record of an ended one with it goes. And off. */
int domain_publish(struct domain *d) must_check;
void domain_unpublish(struct domain *d);

/* Free the structures of a domain that is not on the list, when its ports, rings and memory are gone (reap.c). */
void domain_free(struct domain *d);

#endif
