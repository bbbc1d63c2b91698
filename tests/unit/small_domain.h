/* Domains for tests: vCPUs, a shared page and the heap, no address spaces. */
#ifndef UNIT_SMALL_DOMAIN_H
#define UNIT_SMALL_DOMAIN_H

#include "domain/domain.h"

#define SMALL_DOMAINS_MAX 16

/* Memory and the allocator; no domains yet. */
void small_domains_init(void);

/* A domain with `id` and so many vCPUs, all offline, known to domain_find(). */
struct domain *small_domain(u16 id, u32 vcpus);

/* A frame of memory that d owns, as the allocator gave it. */
void *small_domain_page(struct domain *d);

#endif
