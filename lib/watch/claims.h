/* Which Service has which address: nobody keeps two Services from naming the same external address
 * and port, and OVN would take either of two load balancers.
 *
 * A Service claims each of its addresses at each of its ports, and its node ports. Who has what
 * follows from the Services alone, in whatever order they were told: the one whose cluster address
 * it is, then the older one, then the first by namespace and name. A claim is found by what it is
 * of, so an endpoint that changes costs no more among many Services. */

#ifndef WATCH_CLAIMS_H
#define WATCH_CLAIMS_H

#include "base/hash.h"
#include "watch/service_cache.h"

/* An address and port; of no family for a node port, which is at all gateways. */
struct claimed {
    struct ip ip;
    uint16_t port;
    uint8_t protocol;
};

/* A table of zeroes is empty. */
struct claims {
    struct hash table;
};

void claims_clear(struct claims *claims);

/* The spec of the service was 'before', and is another one now: its claims follow. Either may be
 * NULL. False when memory ran out: then it claims less than it should. */
bool claims_update(struct claims *claims, struct cached_service *service,
                   const struct service_spec *before);

/* The service that has it; NULL if nobody claims it. */
const struct cached_service *claims_holder(const struct claims *claims,
                                           const struct claimed *claimed);

/* All services that claim it. */
void claims_each(const struct claims *claims, const struct claimed *claimed,
                 void (*each)(struct cached_service *service, void *payload), void *payload);

/* All that a spec claims; it may be NULL. */
void claimed_each(const struct service_spec *spec,
                  void (*each)(const struct claimed *claimed, void *payload), void *payload);

#endif /* claims.h */
