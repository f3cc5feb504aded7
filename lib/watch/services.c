#include "watch/services.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/mem.h"
#include "watch/pods.h"

/* A list of published ports that grows. */
struct ports {
    struct published *of;
    size_t n, room;
    bool failed;
};

/* Reading a Service. */

static const char *text_of(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static uint16_t port_of(const cJSON *object, const char *name)
{
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsNumber(number) && number->valueint > 0 && number->valueint <= UINT16_MAX
               ? (uint16_t)number->valueint
               : 0;
}

/* Protocols that a later Kubernetes may have are none of ours. */
static bool read_protocol(const cJSON *port, char out[static 8])
{
    static const char *const protocols[] = {"tcp", "udp", "sctp"};
    const char *text = text_of(port, "protocol");

    for (size_t i = 0; i < COUNT_OF(protocols); i++) {
        if (!strcasecmp(text ? text : "tcp", protocols[i])) {
            strcpy(out, protocols[i]);
            return true;
        }
    }
    return false;
}

static void publish(struct ports *ports, const cJSON *port, const struct ip *address,
                    uint16_t number)
{
    struct published *last;

    if (!number) {
        return;
    }
    if (ports->n == ports->room) {
        const size_t room = ports->room ? 2 * ports->room : 4;
        struct published *of = reallocarray(ports->of, room, sizeof *of);

        ports->failed |= !of;
        if (!of) {
            return;
        }
        ports->of = of;
        ports->room = room;
    }
    last = &ports->of[ports->n];
    memset(last, 0, sizeof *last); /* They are compared as bytes. */
    last->address = *address;
    last->port = number;
    ports->n += read_protocol(port, last->protocol);
}

/* All ports of the Service at this address, which others than IP addresses are not. */
static void publish_all(struct ports *ports, const cJSON *spec, const char *address)
{
    struct ip ip = {0};
    const cJSON *port;

    if (address && ip_from_text(address, &ip)) {
        cJSON_ArrayForEach (port, cJSON_GetObjectItemCaseSensitive(spec, "ports")) {
            publish(ports, port, &ip, port_of(port, "port"));
        }
    }
}

static void publish_node_ports(struct ports *ports, const cJSON *spec)
{
    const struct ip anywhere = {0};
    const cJSON *port;

    cJSON_ArrayForEach (port, cJSON_GetObjectItemCaseSensitive(spec, "ports")) {
        publish(ports, port, &anywhere, port_of(port, "nodePort"));
    }
}

static void publish_external_ips(struct ports *ports, const cJSON *spec)
{
    const cJSON *address;

    cJSON_ArrayForEach (address, cJSON_GetObjectItemCaseSensitive(spec, "externalIPs")) {
        publish_all(ports, spec, cJSON_GetStringValue(address));
    }
}

/* A load balancer of mode Proxy sends to the NodePorts, from its own address. */
static void publish_load_balancer(struct ports *ports, const cJSON *spec, const cJSON *status)
{
    const cJSON *balancer = cJSON_GetObjectItemCaseSensitive(status, "loadBalancer"), *ingress;

    cJSON_ArrayForEach (ingress, cJSON_GetObjectItemCaseSensitive(balancer, "ingress")) {
        const char *mode = text_of(ingress, "ipMode");

        if (!mode || strcmp(mode, "Proxy") != 0) {
            publish_all(ports, spec, text_of(ingress, "ip"));
        }
    }
}

static struct ports read_ports(const cJSON *object)
{
    const cJSON *spec = cJSON_GetObjectItemCaseSensitive(object, "spec");
    const char *type = text_of(spec, "type");
    const bool balances = type && !strcmp(type, "LoadBalancer");
    struct ports ports = {0};

    if (type && !strcmp(type, "ExternalName")) {
        return ports;
    }
    if (balances || (type && !strcmp(type, "NodePort"))) {
        publish_node_ports(&ports, spec);
    }
    publish_external_ips(&ports, spec);
    if (balances) {
        publish_load_balancer(&ports, spec, cJSON_GetObjectItemCaseSensitive(object, "status"));
    }
    return ports;
}

/* Keeping. */

static uint64_t hash_of(const char *service_namespace, const char *name)
{
    return hash_text(hash_text(HASH_START, service_namespace), name);
}

static void service_free(struct hashed *hashed)
{
    struct service *service = (struct service *)hashed;

    free(service->service_namespace);
    free(service->name);
    free(service->published);
    free(service);
}

void services_clear(struct services *services)
{
    hash_clear(&services->table, service_free);
}

static bool is_named(const struct hashed *hashed, const char *service_namespace, const char *name)
{
    const struct service *service = (const struct service *)hashed;

    return !strcmp(service->name, name) && !strcmp(service->service_namespace, service_namespace);
}

static struct service *find(const struct services *services, const char *service_namespace,
                            const char *name)
{
    struct hashed *at = hash_find(&services->table, hash_of(service_namespace, name));

    while (at && !is_named(at, service_namespace, name)) {
        at = hash_find_next(at);
    }
    return (struct service *)at;
}

static void drop(struct services *services, struct service *service)
{
    hash_remove(&services->table, &service->hashed);
    service_free(&service->hashed);
}

static int add(struct services *services, const char *service_namespace, const char *name,
               struct ports *ports)
{
    struct service *service = calloc(1, sizeof *service);

    if (!service) {
        return fail_nomem();
    }
    service->service_namespace = strdup(service_namespace);
    service->name = strdup(name);
    if (!service->service_namespace || !service->name ||
        !hash_insert(&services->table, &service->hashed, hash_of(service_namespace, name))) {
        service_free(&service->hashed);
        return fail_nomem();
    }
    service->published = STEAL(ports->of);
    service->n_published = ports->n;
    service->is_seen = true;
    return 0;
}

static bool replace(struct service *service, struct ports *ports)
{
    const bool same = service->n_published == ports->n &&
                      !memcmp(service->published, ports->of, ports->n * sizeof *ports->of);

    free(service->published);
    service->published = STEAL(ports->of);
    service->n_published = ports->n;
    service->is_seen = true;
    return !same;
}

static int put(struct services *services, const char *service_namespace, const char *name,
               struct ports *ports, bool *changed)
{
    struct service *there = find(services, service_namespace, name);

    if (ports->failed) {
        return fail_nomem();
    }
    if (there && ports->n) {
        *changed = replace(there, ports);
    } else if (there) {
        drop(services, there);
        *changed = true;
    } else if (ports->n) {
        *changed = true;
        return add(services, service_namespace, name, ports);
    }
    return 0;
}

int services_put(struct services *services, const cJSON *object, bool *changed)
{
    const char *service_namespace, *name;
    struct ports ports;
    int error;

    *changed = false;
    if (!object_name(object, &service_namespace, &name)) {
        return 0;
    }
    ports = read_ports(object);
    error = put(services, service_namespace, name, &ports, changed);
    free(ports.of);
    return error;
}

bool services_remove(struct services *services, const cJSON *object)
{
    const char *service_namespace, *name;
    struct service *gone;

    if (!object_name(object, &service_namespace, &name)) {
        return false;
    }
    gone = find(services, service_namespace, name);
    if (gone) {
        drop(services, gone);
    }
    return gone;
}

void services_unsee(struct services *services)
{
    struct hash *table = &services->table;

    for (struct hashed *at = hash_first(table); at; at = hash_next(table, at)) {
        ((struct service *)at)->is_seen = false;
    }
}

bool services_remove_unseen(struct services *services)
{
    struct hash *table = &services->table;
    const size_t before = table->n;

    for (struct hashed *at = hash_first(table), *next; at; at = next) {
        next = hash_next(table, at);
        if (!((struct service *)at)->is_seen) {
            drop(services, (struct service *)at);
        }
    }
    return table->n != before;
}

void services_each(const struct services *services,
                   void (*each)(const struct service *service, void *payload), void *payload)
{
    const struct hash *table = &services->table;

    for (struct hashed *at = hash_first(table); at; at = hash_next(table, at)) {
        each((const struct service *)at, payload);
    }
}
