/* The Services of the API server, as far as they publish ports to the outside. */

#ifndef WATCH_SERVICES_H
#define WATCH_SERVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/hash.h"
#include "base/ip.h"

/* A port that packets from outside come for. */
struct published {
    char protocol[8];  /* "tcp", "udp", "sctp". */
    struct ip address; /* None for a NodePort: whichever the node has. */
    uint16_t port;
};

struct service {
    struct hashed hashed;
    char *service_namespace, *name;
    struct published *published;
    size_t n_published;
    bool is_seen; /* During a LIST. */
};

/* Only Services that publish something are kept. */
struct services {
    struct hash table; /* By namespace and name. */
};

void services_clear(struct services *services);

/* Takes over what 'object', a Service, says. Sets '*changed' when what it publishes is another now.
 * Fails with OVNK8S_NOMEM. */
int services_put(struct services *services, const cJSON *object, bool *changed);

/* Returns whether that Service had published anything. */
bool services_remove(struct services *services, const cJSON *object);

/* Around a LIST: none is seen; those that were not seen are removed. The latter returns whether
 * there were any. */
void services_unsee(struct services *services);
bool services_remove_unseen(struct services *services);

void services_each(const struct services *services,
                   void (*each)(const struct service *service, void *payload), void *payload);

#endif /* services.h */
