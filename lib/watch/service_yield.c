#include "watch/service_yield.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* What is looked at, and what becomes of it. */
struct yielding {
    const struct claims *claims;
    const struct service_places *places;
    const struct cached_service *service;
    struct arena *arena;
    ovnk8s_service *value;
    ovnk8s_service_port *ports; /* A copy of the value's, from the first that yields something. */
    struct reading *reading;
};

static bool is_of_gateway(const struct service_places *places, const struct ip *ip)
{
    for (size_t i = 0; places && i < places->n_gateways; i++) {
        if (ip_equal(&places->gateways[i], ip)) {
            return true;
        }
    }
    return false;
}

static bool is_within(const struct prefixes *subnets, const struct ip *ip)
{
    const struct prefix *subnet = prefixes_of(subnets, ip->family);

    return subnet && prefix_contains(subnet, ip);
}

/* "80/TCP". */
static const char *port_text(uint16_t port, uint8_t protocol, char out[static 16])
{
    size_t n = (size_t)snprintf(out, 16, "%u/", port);

    for (const char *at = protocol_text(protocol); *at && n < 15; at++) {
        out[n++] = (char)toupper((unsigned char)*at);
    }
    out[n] = '\0';
    return out;
}

/* The service that has the address and port; of a node port, at a gateway, it may be the same. */
static const struct cached_service *holder_of(const struct yielding *y,
                                              const struct claimed *claimed, bool *is_node_port)
{
    const struct claimed node_port = {.port = claimed->port, .protocol = claimed->protocol};
    const struct cached_service *holder = claims_holder(y->claims, &node_port);

    *is_node_port = holder && claimed->ip.family && is_of_gateway(y->places, &claimed->ip);
    return *is_node_port ? holder : claims_holder(y->claims, claimed);
}

static const char *kind_text(enum address_kind kind)
{
    return kind == CLUSTER_IP    ? "cluster IP"
           : kind == EXTERNAL_IP ? "external IP"
                                 : "load balancer IP";
}

/* Whether somebody else has the address at this port, which is told. */
static bool is_taken(const struct yielding *y, enum address_kind kind,
                     const struct claimed *claimed)
{
    bool is_node_port;
    const struct cached_service *holder = holder_of(y, claimed, &is_node_port);
    char ip[IP_TEXT], port[16];

    if (!holder || (holder == y->service && !is_node_port)) {
        return false;
    }
    if (holder != y->service) {
        leave_out(y->reading, "%s %s port %s is taken by %sservice %s/%s", kind_text(kind),
                  ip_to_text(&claimed->ip, ip), port_text(claimed->port, claimed->protocol, port),
                  is_node_port ? "the node port of " : "", holder->service_namespace, holder->name);
    }
    return true;
}

/* Whether the address is one that pods, nodes or routers have. */
static bool is_inside(const struct yielding *y, enum address_kind kind, const struct ip *ip)
{
    char text[IP_TEXT];

    if (kind == CLUSTER_IP || !y->places ||
        (!is_within(&y->places->cluster, ip) && !is_within(&y->places->join, ip))) {
        return false;
    }
    leave_out(y->reading, "%s %s is an address inside the cluster", kind_text(kind),
              ip_to_text(ip, text));
    return true;
}

/* The port, to be changed. */
static ovnk8s_service_port *edit(struct yielding *y, size_t i)
{
    const size_t size = y->value->n_ports * sizeof *y->ports;

    if (!y->ports) {
        y->ports = arena_alloc(y->arena, size);
        if (!y->ports) {
            return NULL;
        }
        memcpy(y->ports, y->value->ports, size);
        y->value->ports = y->ports;
    }
    return &y->ports[i];
}

static void yield_address(struct yielding *y, size_t i, const struct ip *ip)
{
    ovnk8s_service_port *port = edit(y, i);
    char text[IP_TEXT];

    if (port) {
        ip_to_text(ip, text);
        port->not_at = port->not_at ? arena_join(y->arena, port->not_at, ",", text)
                                    : arena_strdup(y->arena, text);
    }
}

static void yield_addresses(struct yielding *y, size_t i, enum address_kind kind)
{
    const struct service_spec *spec = y->service->spec;
    const struct service_spec_port *port = &service_spec_ports(spec)[i];
    const struct ip *addresses = service_spec_addresses(spec, kind);

    for (size_t at = 0; at < spec->n_addresses[kind]; at++) {
        const struct claimed claimed = {addresses[at], port->port, port->protocol};

        if (is_inside(y, kind, &claimed.ip) || is_taken(y, kind, &claimed)) {
            yield_address(y, i, &claimed.ip);
        }
    }
}

/* The API server gives each once; two may have the same for the moment that it takes to tell of
 * one that has gone. */
static void yield_node_port(struct yielding *y, size_t i)
{
    const struct service_spec_port *port = &service_spec_ports(y->service->spec)[i];
    const struct claimed claimed = {.port = port->node_port, .protocol = port->protocol};
    const struct cached_service *holder =
        port->node_port ? claims_holder(y->claims, &claimed) : NULL;
    char text[16];

    if (holder && holder != y->service) {
        ovnk8s_service_port *edited = edit(y, i);

        leave_out(y->reading, "node port %s is taken by service %s/%s",
                  port_text(port->node_port, port->protocol, text), holder->service_namespace,
                  holder->name);
        if (edited) {
            edited->node_port = 0;
        }
    }
}

void service_yield(const struct claims *claims, const struct service_places *places,
                   const struct cached_service *service, struct arena *arena, ovnk8s_service *value,
                   struct reading *reading)
{
    struct yielding y = {.claims = claims,
                         .places = places,
                         .service = service,
                         .arena = arena,
                         .value = value,
                         .reading = reading};

    for (size_t i = 0; i < service->spec->n_ports && !arena->failed; i++) {
        for (unsigned int kind = 0; kind < ADDRESS_KINDS; kind++) {
            yield_addresses(&y, i, (enum address_kind)kind);
        }
        yield_node_port(&y, i);
    }
}

/* Rivals. */

struct search {
    const struct claims *claims;
    const struct service_places *places;
    const struct cached_service *service;
    void (*each)(struct cached_service *service, void *payload);
    void *payload;
};

static void tell_other(struct cached_service *other, void *payload)
{
    const struct search *search = payload;

    if (other != search->service) {
        search->each(other, search->payload);
    }
}

/* A node port is at all gateways, whose addresses others may name. */
static void seek(const struct claimed *claimed, void *payload)
{
    const struct search *search = payload;
    const struct service_places *places = search->places;

    claims_each(search->claims, claimed, tell_other, payload);
    for (size_t i = 0; !claimed->ip.family && places && i < places->n_gateways; i++) {
        struct claimed there = *claimed;

        there.ip = places->gateways[i];
        claims_each(search->claims, &there, tell_other, payload);
    }
}

void service_rivals_each(const struct claims *claims, const struct service_places *places,
                         const struct cached_service *service, const struct service_spec *spec,
                         void (*each)(struct cached_service *service, void *payload), void *payload)
{
    struct search search = {claims, places, service, each, payload};

    claimed_each(spec, seek, &search);
}
