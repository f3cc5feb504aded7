#include "watch/health.h"

#include <string.h>

static unsigned int port_of(const struct service_spec *spec)
{
    return spec ? spec->health_check_node_port : 0;
}

void health_changed(struct health *health, const struct cached_service *service,
                    const struct service_spec *before)
{
    health->n_checks += port_of(service->spec) != 0;
    health->n_checks -= port_of(before) != 0;
    if (port_of(service->spec) || port_of(before)) {
        health->changes++;
    }
}

/* Following slices. */

static int begin(struct health *health)
{
    static const struct kube_collection all_slices = {
        .path = "/apis/discovery.k8s.io/v1/endpointslices"};
    const struct kube_handler handler = service_cache_slices(health->services);

    return kube_reflector_start(&health->slices, health->kube, &all_slices, &handler);
}

/* What was seen is nothing to go by later. A list of nothing makes the cache forget it. */
static void end(struct health *health)
{
    const struct kube_handler handler = service_cache_slices(health->services);

    health_stop(health);
    handler.begin_list(handler.payload);
    handler.synced(handler.payload);
    health->services->slices_synced = health->is_known = false;
}

int health_step(struct health *health)
{
    if (health->node && health->n_checks && !health->slices) {
        return begin(health);
    }
    if (!health->n_checks && health->slices) {
        end(health);
    }
    if (!health->is_known && health->services->slices_synced) {
        health->is_known = true;
        health->changes++;
    }
    return 0;
}

void health_stop(struct health *health)
{
    kube_reflector_stop(health->slices);
    health->slices = NULL;
}

/* Counting. */

static bool counts(const struct health *health, const struct slice_endpoint *endpoint)
{
    return !endpoint->is_terminating && endpoint->node &&
           !strcmp(endpoint->node->text, health->node);
}

/* Where a named port of the Service is none of the pod's, its slice has no ports. */
static size_t n_endpoints(const struct cached_slice *slice)
{
    return slice->content->n_ports ? slice->content->n_endpoints : 0;
}

/* Whether endpoint 'i' of 'slice' was counted before it: ports that differ between endpoints make
 * slices of their own, and what moves from one slice to another may be in both. */
static bool is_again(const struct health *health, const struct cached_slice *slice, size_t i)
{
    const struct ip *address = &slice_endpoints(slice->content)[i].address;

    for (const struct cached_slice *at = slice->service->slices;; at = at->next) {
        const struct slice_endpoint *endpoints = slice_endpoints(at->content);
        const size_t n = at == slice ? i : n_endpoints(at);

        for (size_t j = 0; j < n; j++) {
            if (ip_equal(&endpoints[j].address, address) && counts(health, &endpoints[j])) {
                return true;
            }
        }
        if (at == slice) {
            return false;
        }
    }
}

static void count_slice(const struct health *health, const struct cached_slice *slice, size_t *ipv4,
                        size_t *ipv6)
{
    const struct slice_endpoint *endpoints = slice_endpoints(slice->content);

    for (size_t i = 0; i < n_endpoints(slice); i++) {
        if (counts(health, &endpoints[i]) && !is_again(health, slice, i)) {
            ++*(endpoints[i].address.family == 4 ? ipv4 : ipv6);
        }
    }
}

/* A pod with both families is in slices of both. */
static size_t count(const struct health *health, const struct cached_service *service)
{
    size_t ipv4 = 0, ipv6 = 0;

    for (const struct cached_slice *slice = service->slices; slice; slice = slice->next) {
        count_slice(health, slice, &ipv4, &ipv6);
    }
    return ipv4 > ipv6 ? ipv4 : ipv6;
}

/* Telling. */

struct telling {
    const struct health *health;
    ovnk8s_health_check_fn *tell;
    void *payload;
};

static void tell_service(struct cached_service *service, void *payload)
{
    const struct telling *telling = payload;
    ovnk8s_health_check check = {
        .size = sizeof check,
        .service_namespace = service->service_namespace,
        .name = service->name,
        .port = port_of(service->spec),
    };

    if (check.port) {
        check.local_endpoints = count(telling->health, service);
        telling->tell(&check, telling->payload);
    }
}

void health_each(const struct health *health, ovnk8s_health_check_fn *tell, void *payload)
{
    struct telling telling = {health, tell, payload};

    if (health->is_known) {
        service_cache_each(health->services, tell_service, &telling);
    }
}
