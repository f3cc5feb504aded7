/* Addresses that a service names and does not get: another has them. */

#ifndef WATCH_SERVICE_YIELD_H
#define WATCH_SERVICE_YIELD_H

#include <ovnk8s/service.h>

#include "base/arena.h"
#include "watch/claims.h"
#include "watch/service_copy.h"

/* Takes away from 'value', which is what 'service' makes, what another service has (claims.h), node
 * ports at the addresses of gateways among it, and what is an address inside the cluster, of a pod
 * or a router: 'reading' tells the first. What it has instead is in 'arena'. */
void service_yield(const struct claims *claims, const struct service_places *places,
                   const struct cached_service *service, struct arena *arena, ovnk8s_service *value,
                   struct reading *reading);

/* Calls 'each' for all others that have something, or may have it, because 'spec', which may be
 * NULL, is of 'service'. */
void service_rivals_each(const struct claims *claims, const struct service_places *places,
                         const struct cached_service *service, const struct service_spec *spec,
                         void (*each)(struct cached_service *service, void *payload),
                         void *payload);

#endif /* service_yield.h */
