#include "watch/service_spec.h"

#include <stdlib.h>
#include <string.h>

#include <ovnk8s/service.h>

#include "base/mem.h"

enum {
    MOST_ADDRESSES = 1000, /* Of each kind. */
    DEFAULT_AFFINITY_S = 10800,
    LONGEST_AFFINITY_S = 86400,
};

#define PROXY_LABEL "service.kubernetes.io/service-proxy-name"

/* The piece of memory: the struct, the ports, the addresses, the names. */

static struct service_spec_port *ports_of(struct service_spec *spec)
{
    return (struct service_spec_port *)(spec + 1);
}

/* Ports are counted as they are read, so addresses lie behind the room for all. */
static struct ip *addresses_of(struct service_spec *spec)
{
    return (struct ip *)(ports_of(spec) + spec->n_ports);
}

const struct service_spec_port *service_spec_ports(const struct service_spec *spec)
{
    return ports_of((struct service_spec *)spec);
}

const struct ip *service_spec_addresses(const struct service_spec *spec, enum address_kind kind)
{
    const struct ip *at = addresses_of((struct service_spec *)spec);

    for (unsigned int before = 0; before < (unsigned int)kind; before++) {
        at += spec->n_addresses[before];
    }
    return at;
}

const char *service_spec_text(const struct service_spec *spec, uint32_t at)
{
    return (const char *)spec + at;
}

bool service_spec_equal(const struct service_spec *a, const struct service_spec *b)
{
    return a && b ? a->size == b->size && !memcmp(a, b, a->size) : a == b;
}

/* What is being read, before it has its place. */
struct draft {
    struct reading *reading;
    bool has_node_ports, balances;
    struct service_spec spec;
    struct service_spec_port *ports;
    const char **names;
    struct ip *addresses;
    size_t names_size;
};

static void draft_clear(struct draft *draft)
{
    free(draft->ports);
    free(draft->names);
    free(draft->addresses);
}

/* Ports. */

static bool has_port(const struct draft *draft, const struct service_spec_port *port)
{
    for (size_t i = 0; i < draft->spec.n_ports; i++) {
        const struct service_spec_port *other = &draft->ports[i];

        if (other->protocol == port->protocol &&
            (other->port == port->port ||
             (port->node_port && other->node_port == port->node_port))) {
            return true;
        }
    }
    return false;
}

static int read_one_port(void *payload, const cJSON *object, size_t i)
{
    struct draft *draft = payload;
    struct service_spec_port *port = &draft->ports[draft->spec.n_ports];
    struct reading *reading = draft->reading;
    const char *name = read_port_name(object, i, reading);

    memset(port, 0, sizeof *port);
    if (!name || !read_protocol(object, i, &port->protocol, reading) ||
        !read_port(object, i, "port", true, &port->port, reading)) {
        return 0;
    }
    if (draft->has_node_ports) {
        read_port(object, i, "nodePort", false, &port->node_port, reading);
    }
    if (has_port(draft, port)) {
        leave_out(reading, "ports[%zu]: %s port %u or its node port is there twice", i,
                  protocol_text(port->protocol), port->port);
        return 0;
    }
    draft->names[draft->spec.n_ports++] = name;
    draft->names_size += strlen(name) + 1;
    return 0;
}

static int read_ports(struct draft *draft, const cJSON *ports)
{
    const size_t n = elements_of(ports, OVNK8S_SERVICE_PORTS_MAX);

    draft->ports = calloc(n + 1, sizeof *draft->ports);
    draft->names = calloc(n + 1, sizeof *draft->names);
    if (!draft->ports || !draft->names) {
        return fail_nomem();
    }
    return read_elements(ports, "ports", OVNK8S_SERVICE_PORTS_MAX, draft->reading, read_one_port,
                         draft);
}

/* Addresses. */

static size_t count_addresses(const struct service_spec *spec)
{
    size_t n = 0;

    for (size_t i = 0; i < ADDRESS_KINDS; i++) {
        n += spec->n_addresses[i];
    }
    return n;
}

static bool has_address(const struct draft *draft, const struct ip *ip)
{
    const size_t n = count_addresses(&draft->spec);

    for (size_t i = 0; i < n; i++) {
        if (ip_equal(&draft->addresses[i], ip)) {
            return true;
        }
    }
    return false;
}

/* Kinds come in their order. An address that a load balancer has given may well be an external one
 * too: the first mention counts. */
static void add_address(struct draft *draft, enum address_kind kind, const struct ip *ip)
{
    if (!has_address(draft, ip)) {
        draft->addresses[count_addresses(&draft->spec)] = *ip;
        draft->spec.n_addresses[kind]++;
    }
}

static bool has_family(const struct draft *draft, unsigned int family)
{
    const size_t n = draft->spec.n_addresses[CLUSTER_IP];

    return (n > 0 && draft->addresses[0].family == family) ||
           (n > 1 && draft->addresses[1].family == family);
}

#define EXTERNAL_IPS "externalIPs"
#define INGRESS "loadBalancer.ingress"

/* Whoever knows nothing of two families has written clusterIP alone. */
static void read_cluster_ips(struct draft *draft, const cJSON *spec)
{
    const cJSON *list = member_of(spec, "clusterIPs");
    const size_t n = elements_of(list, 2);
    const cJSON *at = n ? list->child : NULL;
    struct ip ip = {0};

    if (!n && text_of(spec, "clusterIP") &&
        read_address(member_of(spec, "clusterIP"), "clusterIP", 0, &ip, draft->reading)) {
        add_address(draft, CLUSTER_IP, &ip);
    }
    for (size_t i = 0; i < n; i++, at = at->next) {
        if (!read_address(at, "clusterIPs", i, &ip, draft->reading)) {
            continue;
        }
        if (has_family(draft, ip.family)) {
            leave_out(draft->reading, "clusterIPs[%zu]: a second one of IPv%u", i, ip.family);
            continue;
        }
        add_address(draft, CLUSTER_IP, &ip);
    }
}

static int read_external_ip(void *payload, const cJSON *text, size_t i)
{
    struct draft *draft = payload;
    struct ip ip = {0};

    if (read_address(text, EXTERNAL_IPS, i, &ip, draft->reading)) {
        add_address(draft, EXTERNAL_IP, &ip);
    }
    return 0;
}

static const cJSON *ingress_of(const cJSON *object)
{
    return member_of(member_of(member_of(object, "status"), "loadBalancer"), "ingress");
}

/* A load balancer may be known by its host name only, which is nothing to packets; one of mode
 * Proxy sends to the NodePorts, from its own address. */
static int read_load_balancer_ip(void *payload, const cJSON *ingress, size_t i)
{
    struct draft *draft = payload;
    const char *mode = text_of(ingress, "ipMode");
    const cJSON *text = member_of(ingress, "ip");
    struct ip ip = {0};

    if (text && !(mode && !strcmp(mode, "Proxy")) &&
        read_address(text, INGRESS, i, &ip, draft->reading)) {
        add_address(draft, LOAD_BALANCER_IP, &ip);
    }
    return 0;
}

static int read_addresses(struct draft *draft, const cJSON *object)
{
    const cJSON *spec = member_of(object, "spec");
    const cJSON *external = member_of(spec, EXTERNAL_IPS), *ingress = ingress_of(object);
    const size_t n =
        2 + elements_of(external, MOST_ADDRESSES) + elements_of(ingress, MOST_ADDRESSES);
    int error;

    draft->addresses = calloc(n, sizeof *draft->addresses);
    if (!draft->addresses) {
        return fail_nomem();
    }
    read_cluster_ips(draft, spec);
    error = read_elements(external, EXTERNAL_IPS, MOST_ADDRESSES, draft->reading, read_external_ip,
                          draft);
    if (!error && draft->balances) {
        error = read_elements(ingress, INGRESS, MOST_ADDRESSES, draft->reading,
                              read_load_balancer_ip, draft);
    }
    return error;
}

/* The rest. */

static bool is_text(const cJSON *object, const char *name, const char *text)
{
    const char *is = text_of(object, name);

    return is && !strcmp(is, text);
}

static uint32_t read_affinity(const cJSON *spec, struct reading *reading)
{
    const cJSON *config = member_of(member_of(spec, "sessionAffinityConfig"), "clientIP");
    const cJSON *timeout = member_of(config, "timeoutSeconds");

    if (!is_text(spec, "sessionAffinity", "ClientIP")) {
        return 0;
    }
    if (!timeout || cJSON_IsNull(timeout)) {
        return DEFAULT_AFFINITY_S;
    }
    if (!cJSON_IsNumber(timeout) || timeout->valueint < 1 ||
        timeout->valueint > LONGEST_AFFINITY_S) {
        leave_out(reading, "sessionAffinityConfig.clientIP.timeoutSeconds: expected 1 to %d",
                  LONGEST_AFFINITY_S);
        return DEFAULT_AFFINITY_S;
    }
    return (uint32_t)timeout->valueint;
}

static void read_policies(struct draft *draft, const cJSON *spec)
{
    const cJSON *check = member_of(spec, "healthCheckNodePort");

    draft->spec.internal_local = is_text(spec, "internalTrafficPolicy", "Local");
    draft->spec.external_local = is_text(spec, "externalTrafficPolicy", "Local");
    draft->spec.affinity_s = read_affinity(spec, draft->reading);
    if (draft->spec.external_local && draft->balances && cJSON_IsNumber(check) &&
        check->valueint > 0 && check->valueint <= UINT16_MAX) {
        draft->spec.health_check_node_port = (uint16_t)check->valueint;
    }
}

/* Puts everything in its place in one piece of memory. */
static int finish(const struct draft *draft, struct service_spec **out)
{
    const size_t n = count_addresses(&draft->spec);
    const size_t fixed =
        sizeof **out + draft->spec.n_ports * sizeof *draft->ports + n * sizeof *draft->addresses;
    struct service_spec *spec = calloc(1, fixed + draft->names_size);
    size_t at = fixed;

    if (!spec) {
        return fail_nomem();
    }
    memcpy(spec, &draft->spec, sizeof *spec);
    spec->size = fixed + draft->names_size;
    spec->left_out = (uint32_t)draft->reading->left_out;
    memcpy(ports_of(spec), draft->ports, spec->n_ports * sizeof *draft->ports);
    memcpy(addresses_of(spec), draft->addresses, n * sizeof *draft->addresses);
    for (size_t i = 0; i < spec->n_ports; i++) {
        const size_t length = strlen(draft->names[i]) + 1;

        ports_of(spec)[i].name = (uint32_t)at;
        memcpy((char *)spec + at, draft->names[i], length);
        at += length;
    }
    *out = spec;
    return 0;
}

/* Of two cluster addresses either both or none are "None". */
static bool is_served(const cJSON *object)
{
    const cJSON *spec = member_of(object, "spec");
    const cJSON *first = cJSON_GetArrayItem(member_of(spec, "clusterIPs"), 0);
    const char *text = cJSON_GetStringValue(first);

    return !is_text(spec, "type", "ExternalName") && !is_text(spec, "clusterIP", "None") &&
           !(text && !strcmp(text, "None")) &&
           !text_of(member_of(member_of(object, "metadata"), "labels"), PROXY_LABEL);
}

/* Of two services that claim the same the older one has it. */
static void read_age(struct draft *draft, const cJSON *object)
{
    const char *text = text_of(member_of(object, "metadata"), "creationTimestamp");

    if (text && strlen(text) < sizeof draft->spec.created) {
        memcpy(draft->spec.created, text, strlen(text));
    }
}

static int read_all(struct draft *draft, const cJSON *object)
{
    const cJSON *spec = member_of(object, "spec");
    int error;

    read_age(draft, object);
    draft->balances = is_text(spec, "type", "LoadBalancer");
    draft->has_node_ports = draft->balances || is_text(spec, "type", "NodePort");
    error = read_ports(draft, member_of(spec, "ports"));
    error = error ? error : read_addresses(draft, object);
    read_policies(draft, spec);
    return error;
}

int service_spec_read(struct service_spec **out, const cJSON *object, struct reading *reading)
{
    struct draft draft;
    int error;

    *out = NULL;
    if (!is_served(object)) {
        return 0;
    }
    memset(&draft, 0, sizeof draft); /* They are compared as bytes. */
    draft.reading = reading;
    error = read_all(&draft, object);
    if (!error && draft.spec.n_ports) {
        error = finish(&draft, out);
    } else if (!error) {
        leave_out(reading, "ports: none");
    }
    draft_clear(&draft);
    return error;
}
