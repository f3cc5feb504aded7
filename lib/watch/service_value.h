/* What a Service and its EndpointSlices make together. */

#ifndef WATCH_SERVICE_VALUE_H
#define WATCH_SERVICE_VALUE_H

#include <ovnk8s/service.h>

#include "base/arena.h"
#include "watch/service_cache.h"

enum { VALUE_ENDPOINTS_MAX = 100000 }; /* Of all ports together. */

/* Makes '*out' what the service is: its ports with the endpoints of all its slices, each once, in
 * an order that does not depend on the slices'. All lies in 'arena'. False when there is no
 * Service, or when it gives no addresses to be served here. The names in '*out' belong to
 * 'service'.
 *
 * An endpoint that is told by several slices is ready if one of them says so. Endpoints beyond what
 * a service port or all of them can have are left out, the last in this order, which 'reading'
 * tells. */
bool service_value(const struct cached_service *service, struct arena *arena, ovnk8s_service *out,
                   struct reading *reading);

#endif /* service_value.h */
