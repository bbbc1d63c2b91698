/* What control operations tell of a domain. */
#ifndef DOMAIN_CONTROL_INFO_H
#define DOMAIN_CONTROL_INFO_H

#include <parley/control_op.h>

#include "domain/domain.h"

/* Describe a domain that is not freed, whatever its life; one that ended as it will be remembered. */
void control_describe(const struct domain *d, struct pv_control_domain *info);

#endif
