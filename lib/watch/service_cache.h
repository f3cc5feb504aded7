/* The Services and EndpointSlices of an API server, and what they make together.
 *
 * Both collections are told by reflectors, in any order: slices may come before their Service, move
 * from one to another, and be several for one. What a service is follows from what is kept alone;
 * an event only says which one is to be looked at again:
 *
 *     struct service_cache cache = {.changed = mark_due, .payload = ..., .log = ...};
 *     const struct kube_handler services = service_cache_services(&cache);
 *     const struct kube_handler slices = service_cache_slices(&cache);
 *
 *     kube_reflector_start(&..., kube, &all_services, &services);
 *     kube_reflector_start(&..., kube, &all_slices, &slices);
 *
 * Before both are synced, endpoints may be missing. Whoever needs no endpoints follows the Services
 * alone.
 *
 * Memory: 0.6 MB for 1,000 Services with a slice of ten endpoints each. */

#ifndef WATCH_SERVICE_CACHE_H
#define WATCH_SERVICE_CACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/uuid.h"
#include "kube/kube.h"
#include "watch/service_spec.h"
#include "watch/slice.h"

/* A slice, in the list of the service that it says to be of. */
struct cached_slice {
    struct hashed hashed; /* By namespace and name. */
    struct cached_service *service;
    struct cached_slice *next;
    struct slice *content;
    bool is_seen; /* During a LIST. */
    char name[];
};

/* All that is known under the name of a service. It is there as long as there is a Service, a slice
 * that says to be of it, or a holder. */
struct cached_service {
    struct hashed hashed;
    struct service_spec *spec;   /* NULL: there is none that gives addresses. */
    struct cached_slice *slices; /* Those that say to be of it. */
    void *holder;                /* Whoever wants this to stay; see service_cache_release(). */
    struct row_id uid;           /* Of the Service that was told of last. */
    bool is_seen;                /* During a LIST. */
    const char *name;            /* Behind the namespace, in the same memory. */
    char service_namespace[];
};

/* Begins with what is set here, and zeroes. */
struct service_cache {
    /* What 'service' makes is another thing now, or may be: 'before' is what its spec was. Slices
     * are told of too. May hold the service, but not release it; NULL: nobody is told. */
    void (*changed)(struct cached_service *service, const struct service_spec *before,
                    void *payload);
    void *payload;
    struct log log; /* Is told what was left out of an object. */

    struct hash services, slices;
    struct node_names nodes;
    bool services_synced, slices_synced; /* All were listed once. */
};

/* Frees everything, holders aside. */
void service_cache_clear(struct service_cache *cache);

/* What reflectors of "/api/v1/services" and "/apis/discovery.k8s.io/v1/endpointslices" are to call.
 */
struct kube_handler service_cache_services(struct service_cache *cache);
struct kube_handler service_cache_slices(struct service_cache *cache);

struct cached_service *service_cache_find(const struct service_cache *cache,
                                          const char *service_namespace, const char *name);

/* Finds or makes the entry of a service, which may not exist, for the caller to hold. NULL when
 * memory ran out. */
struct cached_service *service_cache_hold(struct service_cache *cache,
                                          const char *service_namespace, const char *name,
                                          void *holder);

/* Ends holding: the entry goes when nothing is known under its name. */
void service_cache_release(struct service_cache *cache, struct cached_service *service);

void service_cache_each(const struct service_cache *cache,
                        void (*each)(struct cached_service *service, void *payload), void *payload);

/* Whether 'service' may be something else to each node: a traffic policy is Local. */
bool cached_service_is_local(const struct cached_service *service);

/* Whether it has an endpoint on this node. */
bool cached_service_is_on(const struct cached_service *service, const char *node);

#endif /* service_cache.h */
