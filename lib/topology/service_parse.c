#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "topology/names.h"
#include "topology/service.h"

enum { AFFINITY_MOST = 86400 };

void ovnk8s_endpoint_init(ovnk8s_endpoint *endpoint)
{
    *endpoint = (ovnk8s_endpoint)OVNK8S_ENDPOINT_INIT;
}

void ovnk8s_service_port_init(ovnk8s_service_port *port)
{
    *port = (ovnk8s_service_port)OVNK8S_SERVICE_PORT_INIT;
}

void ovnk8s_service_init(ovnk8s_service *service)
{
    *service = (ovnk8s_service)OVNK8S_SERVICE_INIT;
}

/* Addresses. */

bool ip_list_has(const struct ip_list *list, const struct ip *ip)
{
    for (size_t i = 0; i < list->n; i++) {
        if (ip_equal(&list->of[i], ip)) {
            return true;
        }
    }
    return false;
}

static int add_ip(const char *what, const char *text, size_t length, struct ip_list *to)
{
    char word[IP_TEXT] = "";
    struct ip ip;

    if (length < sizeof word) {
        memcpy(word, text, length);
    }
    if (!ip_from_text(word, &ip)) {
        return fail(OVNK8S_INVALID, "%s \"%.*s\": expected addresses with commas between", what,
                    length < 64 ? (int)length : 64, text);
    }
    if (!ip_list_has(to, &ip)) {
        to->of[to->n++] = ip;
    }
    return 0;
}

static size_t count_words(const char *text)
{
    size_t n = 1;

    for (; *text; text++) {
        n += *text == ',';
    }
    return n;
}

/* Adds those of 'text' to the list; an address that is in it already is not there twice. */
static int parse_ips(const char *what, const char *text, struct arena *arena, struct ip_list *to)
{
    struct ip *of;
    int error = 0;

    if (!text || !*text) {
        return 0;
    }
    of = arena_alloc(arena, (to->n + count_words(text)) * sizeof *of);
    if (!of) {
        return fail_nomem();
    }
    if (to->n) {
        memcpy(of, to->of, to->n * sizeof *of);
    }
    to->of = of;
    for (const char *rest = text; rest && !error;) {
        const size_t length = strcspn(rest, ",");

        error = add_ip(what, rest, length, to);
        rest = rest[length] ? rest + length + 1 : NULL;
    }
    return error;
}

static int check_addresses(const struct service_record *service)
{
    const struct ip_list *cluster = &service->cluster;
    char text[IP_TEXT];

    if (cluster->n > 2 || (cluster->n == 2 && cluster->of[0].family == cluster->of[1].family)) {
        return fail(OVNK8S_INVALID,
                    "cluster ips: expected one address, or one of IPv4 and one of IPv6");
    }
    for (size_t i = 0; i < cluster->n; i++) {
        if (ip_list_has(&service->external, &cluster->of[i])) {
            return fail(OVNK8S_INVALID, "external ip %s is the cluster ip",
                        ip_to_text(&cluster->of[i], text));
        }
    }
    return 0;
}

/* Ports. */

static int parse_protocol(const char *text, size_t *out)
{
    for (size_t i = 0; i < SERVICE_PROTOCOLS; i++) {
        if (text && !strcmp(text, service_protocols[i])) {
            *out = i;
            return 0;
        }
    }
    return fail(OVNK8S_INVALID, "protocol \"%.20s\": expected tcp, udp or sctp", text ? text : "");
}

static int parse_endpoint(const ovnk8s_endpoint *theirs, struct arena *arena,
                          struct endpoint_record *out)
{
    ovnk8s_endpoint endpoint = OVNK8S_ENDPOINT_INIT;
    int error = options_take(&endpoint, sizeof endpoint, theirs);

    if (!error && (!endpoint.address || !ip_from_text(endpoint.address, &out->ip))) {
        error = fail(OVNK8S_INVALID, "endpoint address \"%.64s\": expected an address",
                     endpoint.address ? endpoint.address : "");
    }
    if (!error && !endpoint.port) {
        error =
            fail(OVNK8S_INVALID, "endpoint port 0 of %s: expected 1 to 65535", endpoint.address);
    }
    if (!error && endpoint.node && *endpoint.node) {
        error = check_node_name(endpoint.node);
        out->node = error ? NULL : arena_strdup(arena, endpoint.node);
    }
    out->port = endpoint.port;
    out->is_terminating = endpoint.is_terminating;
    return error;
}

/* The structs of an array are as large as the first says. Not one of no plausible size. */
static const void *element(const void *array, size_t i)
{
    const size_t stride = *(const size_t *)array;

    return (const char *)array + i * stride;
}

static int compare_endpoints(const void *a, const void *b)
{
    const struct endpoint_record *x = a, *y = b;
    int order = (x->ip.family > y->ip.family) - (x->ip.family < y->ip.family);

    order = order ? order : ip_compare(&x->ip, &y->ip);
    order = order ? order : (x->port > y->port) - (x->port < y->port);
    return order ? order : x->is_terminating - y->is_terminating;
}

/* In one order, whatever the order that they came in, and none twice: what serves counts. */
static void sort_endpoints(struct service_port_record *port)
{
    size_t n = 0;

    if (port->n_endpoints) {
        qsort(port->endpoints, port->n_endpoints, sizeof *port->endpoints, compare_endpoints);
    }
    for (size_t i = 0; i < port->n_endpoints; i++) {
        const struct endpoint_record *last = n ? &port->endpoints[n - 1] : NULL;

        if (!last || last->ip.family != port->endpoints[i].ip.family ||
            !ip_equal(&last->ip, &port->endpoints[i].ip) || last->port != port->endpoints[i].port) {
            port->endpoints[n++] = port->endpoints[i];
        }
    }
    port->n_endpoints = n;
}

static int parse_endpoints(const ovnk8s_service_port *port, struct arena *arena,
                           struct service_port_record *out)
{
    int error = 0;

    if (port->n_endpoints > OVNK8S_SERVICE_ENDPOINTS_MAX) {
        return fail(OVNK8S_INVALID, "%zu endpoints of port %u: expected at most %d",
                    port->n_endpoints, port->port, OVNK8S_SERVICE_ENDPOINTS_MAX);
    }
    if (port->n_endpoints && !port->endpoints) {
        return fail(OVNK8S_INVALID, "endpoints of port %u: expected %zu, not NULL", port->port,
                    port->n_endpoints);
    }
    out->endpoints = arena_alloc(arena, (port->n_endpoints + 1) * sizeof *out->endpoints);
    error = out->endpoints ? 0 : fail_nomem();
    for (size_t i = 0; i < port->n_endpoints && !error; i++) {
        error = parse_endpoint(element(port->endpoints, i), arena, &out->endpoints[i]);
        out->n_endpoints = i + 1;
    }
    if (!error) {
        sort_endpoints(out);
    }
    return error;
}

static int parse_port(const ovnk8s_service_port *theirs, struct arena *arena,
                      struct service_port_record *out)
{
    ovnk8s_service_port port = OVNK8S_SERVICE_PORT_INIT;
    int error = options_take(&port, sizeof port, theirs);

    error = error ? error : parse_protocol(port.protocol, &out->protocol);
    if (!error && !port.port) {
        error = fail(OVNK8S_INVALID, "port 0: expected 1 to 65535");
    }
    out->port = port.port;
    out->node_port = port.node_port;
    error = error ? error : parse_ips("not at", port.not_at, arena, &out->not_at);
    return error ? error : parse_endpoints(&port, arena, out);
}

static int compare_ports(const void *a, const void *b)
{
    const struct service_port_record *x = a, *y = b;
    const int order = (x->protocol > y->protocol) - (x->protocol < y->protocol);

    return order ? order : (x->port > y->port) - (x->port < y->port);
}

static int check_node_ports(const struct service_record *service)
{
    for (size_t i = 0; i < service->n_ports; i++) {
        const struct service_port_record *one = &service->ports[i];

        for (size_t j = 0; j < i && one->node_port; j++) {
            if (service->ports[j].protocol == one->protocol &&
                service->ports[j].node_port == one->node_port) {
                return fail(OVNK8S_INVALID, "node port %u/%s is there twice", one->node_port,
                            service_protocols[one->protocol]);
            }
        }
    }
    return 0;
}

static int check_ports(struct service_record *service)
{
    qsort(service->ports, service->n_ports, sizeof *service->ports, compare_ports);
    for (size_t i = 1; i < service->n_ports; i++) {
        if (!compare_ports(&service->ports[i - 1], &service->ports[i])) {
            return fail(OVNK8S_INVALID, "port %u/%s is there twice", service->ports[i].port,
                        service_protocols[service->ports[i].protocol]);
        }
    }
    return check_node_ports(service);
}

static int parse_ports(const ovnk8s_service *service, struct arena *arena,
                       struct service_record *out)
{
    int error = 0;

    if (!service->n_ports || !service->ports || service->n_ports > OVNK8S_SERVICE_PORTS_MAX) {
        return fail(OVNK8S_INVALID, "%zu ports: expected 1 to %d", service->n_ports,
                    OVNK8S_SERVICE_PORTS_MAX);
    }
    out->ports = arena_alloc(arena, service->n_ports * sizeof *out->ports);
    error = out->ports ? 0 : fail_nomem();
    for (; out->n_ports < service->n_ports && !error; out->n_ports++) {
        error = parse_port(element(service->ports, out->n_ports), arena, &out->ports[out->n_ports]);
    }
    return error ? error : check_ports(out);
}

/* The whole. */

static int parse(const ovnk8s_service *service, struct arena *arena, struct service_record *out)
{
    int error = check_dns_label("service namespace", service->service_namespace);

    error = error ? error : check_dns_label("service name", service->name);
    error = error ? error : parse_ips("cluster ips", service->cluster_ips, arena, &out->cluster);
    error = error ? error : parse_ips("external ips", service->external_ips, arena, &out->external);
    error = error
                ? error
                : parse_ips("load balancer ips", service->load_balancer_ips, arena, &out->external);
    error = error ? error : check_addresses(out);
    if (!error && service->affinity_s > AFFINITY_MOST) {
        error = fail(OVNK8S_INVALID, "affinity of %u s: expected at most %d", service->affinity_s,
                     AFFINITY_MOST);
    }
    return error ? error : parse_ports(service, arena, out);
}

int service_parse(const ovnk8s_service *theirs, struct arena *arena, struct service_record *out)
{
    ovnk8s_service service = OVNK8S_SERVICE_INIT;
    int error = options_take(&service, sizeof service, theirs);

    *out = (struct service_record){.has_affinity = service.affinity_s > 0,
                                   .internal_local = service.internal_local,
                                   .external_local = service.external_local};
    error = error ? error : parse(&service, arena, out);
    if (error) {
        return error;
    }
    out->service_namespace = arena_strdup(arena, service.service_namespace);
    out->name = arena_strdup(arena, service.name);
    return arena->failed ? fail_nomem() : 0;
}
