/* The health checks of Services: whether a node has endpoints of a Service, which load balancers
 * outside ask at its healthCheckNodePort.
 *
 * It stands on a cache that follows Services; EndpointSlices it follows itself, and only while some
 * Service has a health check, as they are many and change often:
 *
 *     struct health health = {.kube = kube, .services = &cache, .node = "n1"};
 *
 *     health_changed(&health, service, before);    whenever the cache tells of a change
 *     health_step(&health);                        after each step of 'kube'
 *     health_each(&health, tell, payload);         once 'changes' is another number
 *     health_stop(&health); */

#ifndef WATCH_HEALTH_H
#define WATCH_HEALTH_H

#include <ovnk8s/gateway_helper.h>

#include "watch/service_cache.h"

struct health {
    ovnk8s_kube *kube;
    struct service_cache *services;
    const char *node; /* Whose endpoints count; NULL: nobody asks. */

    struct kube_reflector *slices; /* NULL: they are not followed. */
    size_t n_checks;               /* Services that have one. */
    bool is_known;                 /* All slices were seen. */
    uint64_t changes;              /* Of what health_each() tells, or may tell. */
};

/* 'service', whose spec was 'before', may be something else now. */
void health_changed(struct health *health, const struct cached_service *service,
                    const struct service_spec *before);

/* Begins and ends to follow slices. Fails with OVNK8S_NOMEM; the next call tries again. */
int health_step(struct health *health);

/* Tells all health checks; none while endpoints are not known. */
void health_each(const struct health *health, ovnk8s_health_check_fn *tell, void *payload);

/* Follows no slices any more. */
void health_stop(struct health *health);

#endif /* health.h */
