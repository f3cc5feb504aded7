#include "watch/service_value.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* An endpoint on its way into a value. */
struct candidate {
    const struct slice_endpoint *endpoint;
    uint16_t port;
};

struct candidates {
    struct candidate *of;
    size_t n, room;
};

/* By address and port, and of the same ones the ready one first, then the one that knows its node.
 */
static int compare(const void *a, const void *b)
{
    const struct candidate *left = a, *right = b;
    const struct slice_endpoint *one = left->endpoint, *other = right->endpoint;
    int order = one->address.family - other->address.family;

    order = order ? order : ip_compare(&one->address, &other->address);
    order = order ? order : left->port - right->port;
    order = order ? order : one->is_terminating - other->is_terminating;
    return order ? order : !one->node - !other->node;
}

static bool is_same(const struct candidate *a, const struct candidate *b)
{
    return a->port == b->port && ip_equal(&a->endpoint->address, &b->endpoint->address);
}

static bool collect_slice(struct candidates *to, const struct slice *slice, uint16_t port)
{
    const struct slice_endpoint *endpoints = slice_endpoints(slice);

    if (to->room - to->n < slice->n_endpoints) {
        const size_t room = 2 * to->room + slice->n_endpoints;
        struct candidate *of = reallocarray(to->of, room, sizeof *of);

        if (!of) {
            return false;
        }
        to->of = of;
        to->room = room;
    }
    for (size_t i = 0; i < slice->n_endpoints; i++) {
        to->of[to->n++] = (struct candidate){&endpoints[i], port};
    }
    return true;
}

/* The number that the endpoints of a slice listen on, for a port of the Service: that of the same
 * name and protocol. 0 when they do not. The ports of both are mostly in the same order, so it is
 * sought from number 'i' on. */
static uint16_t target_port(const struct slice *slice, const struct service_spec *spec, size_t i)
{
    const struct service_spec_port *port = &service_spec_ports(spec)[i];
    const char *name = service_spec_text(spec, port->name);

    for (size_t n = 0; n < slice->n_ports; n++) {
        const struct slice_port *at = &slice_ports(slice)[(i + n) % slice->n_ports];

        if (at->protocol == port->protocol && !strcmp(slice_text(slice, at->name), name)) {
            return at->number;
        }
    }
    return 0;
}

/* All that the slices have for port 'i', sorted. False when memory ran out. */
static bool collect(struct candidates *to, const struct cached_service *service, size_t i)
{
    to->n = 0;
    for (const struct cached_slice *at = service->slices; at; at = at->next) {
        const uint16_t port = target_port(at->content, service->spec, i);

        if (port && !collect_slice(to, at->content, port)) {
            return false;
        }
    }
    if (to->n) {
        qsort(to->of, to->n, sizeof *to->of, compare);
    }
    return true;
}

/* Leaves each once. */
static void unite(struct candidates *candidates)
{
    size_t n = 0;

    for (size_t i = 0; i < candidates->n; i++) {
        if (!n || !is_same(&candidates->of[n - 1], &candidates->of[i])) {
            candidates->of[n++] = candidates->of[i];
        }
    }
    candidates->n = n;
}

static const char *address_text(struct arena *arena, const struct ip *address)
{
    char text[IP_TEXT];

    return arena_strdup(arena, ip_to_text(address, text));
}

static const ovnk8s_endpoint *endpoints_value(const struct candidates *candidates,
                                              struct arena *arena)
{
    ovnk8s_endpoint *endpoints = arena_alloc(arena, candidates->n * sizeof *endpoints);

    for (size_t i = 0; endpoints && i < candidates->n; i++) {
        const struct slice_endpoint *from = candidates->of[i].endpoint;

        endpoints[i] = (ovnk8s_endpoint)OVNK8S_ENDPOINT_INIT;
        endpoints[i].address = address_text(arena, &from->address);
        endpoints[i].port = candidates->of[i].port;
        endpoints[i].node = from->node ? from->node->text : NULL;
        endpoints[i].is_terminating = from->is_terminating;
    }
    return endpoints;
}

/* Leaves as many as there may be, of which all ports together have '*left'. */
static void bound(struct candidates *candidates, size_t *left, const struct service_spec_port *port,
                  struct reading *reading)
{
    const size_t most = *left < OVNK8S_SERVICE_ENDPOINTS_MAX ? *left : OVNK8S_SERVICE_ENDPOINTS_MAX;

    if (candidates->n > most) {
        leave_out(reading, "%s port %u: %zu endpoints: more than the %zu it can have",
                  protocol_text(port->protocol), port->port, candidates->n, most);
        candidates->n = most;
    }
    *left -= candidates->n;
}

static const ovnk8s_service_port *ports_value(const struct cached_service *service,
                                              struct arena *arena, struct reading *reading)
{
    const struct service_spec *spec = service->spec;
    ovnk8s_service_port *ports = arena_alloc(arena, spec->n_ports * sizeof *ports);
    struct candidates candidates = {.n = 0};
    size_t left = VALUE_ENDPOINTS_MAX;

    for (size_t i = 0; ports && i < spec->n_ports; i++) {
        const struct service_spec_port *from = &service_spec_ports(spec)[i];

        if (!collect(&candidates, service, i)) {
            arena->failed = true;
            break;
        }
        unite(&candidates);
        bound(&candidates, &left, from, reading);
        ports[i] = (ovnk8s_service_port)OVNK8S_SERVICE_PORT_INIT;
        ports[i].protocol = protocol_text(from->protocol);
        ports[i].port = from->port;
        ports[i].node_port = from->node_port;
        ports[i].endpoints = endpoints_value(&candidates, arena);
        ports[i].n_endpoints = candidates.n;
    }
    free(candidates.of);
    return ports;
}

/* With commas between them; NULL for none. */
static const char *addresses_value(const struct service_spec *spec, enum address_kind kind,
                                   struct arena *arena)
{
    const struct ip *addresses = service_spec_addresses(spec, kind);
    _cleanup_text_ struct text list = {0};

    for (size_t i = 0; i < spec->n_addresses[kind]; i++) {
        char text[IP_TEXT];

        text_add(&list, i ? "," : "");
        text_add(&list, ip_to_text(&addresses[i], text));
    }
    arena->failed |= list.failed;
    return arena_strdup(arena, list.bytes);
}

bool service_value(const struct cached_service *service, struct arena *arena, ovnk8s_service *out,
                   struct reading *reading)
{
    const struct service_spec *spec = service->spec;

    *out = (ovnk8s_service)OVNK8S_SERVICE_INIT;
    out->service_namespace = service->service_namespace;
    out->name = service->name;
    if (!spec) {
        return false;
    }
    out->cluster_ips = addresses_value(spec, CLUSTER_IP, arena);
    out->external_ips = addresses_value(spec, EXTERNAL_IP, arena);
    out->load_balancer_ips = addresses_value(spec, LOAD_BALANCER_IP, arena);
    out->ports = ports_value(service, arena, reading);
    out->n_ports = spec->n_ports;
    out->affinity_s = spec->affinity_s;
    out->internal_local = spec->internal_local;
    out->external_local = spec->external_local;
    return true;
}
