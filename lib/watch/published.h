/* The ports that a Service publishes to the outside. */

#ifndef WATCH_PUBLISHED_H
#define WATCH_PUBLISHED_H

#include <stdbool.h>
#include <stdint.h>

#include "watch/service_spec.h"

/* A port that packets from outside come for. */
struct published {
    uint8_t protocol;         /* See protocol_text(). */
    const struct ip *address; /* NULL for a NodePort: whichever the node has. */
    uint16_t port;
};

/* Tells each port that the Service publishes: NodePorts, then the others by address. 'spec' may be
 * NULL. */
void published_each(const struct service_spec *spec,
                    void (*each)(const struct published *published, void *payload), void *payload);

bool publishes(const struct service_spec *spec);

/* Whether both publish the same. */
bool published_equal(const struct service_spec *a, const struct service_spec *b);

#endif /* published.h */
