#include "watch/slice.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { LONGEST_NODE_NAME = 253 };

/* The piece of memory: the struct, the endpoints, the ports, the names of these. */

static struct slice_endpoint *endpoints_of(struct slice *slice)
{
    return (struct slice_endpoint *)(slice + 1);
}

static struct slice_port *ports_of(struct slice *slice)
{
    return (struct slice_port *)(endpoints_of(slice) + slice->n_endpoints);
}

const struct slice_endpoint *slice_endpoints(const struct slice *slice)
{
    return endpoints_of((struct slice *)slice);
}

const struct slice_port *slice_ports(const struct slice *slice)
{
    return ports_of((struct slice *)slice);
}

const char *slice_text(const struct slice *slice, uint32_t at)
{
    return (const char *)slice + at;
}

bool slice_equal(const struct slice *a, const struct slice *b)
{
    return a && b ? a->size == b->size && !memcmp(a, b, a->size) : a == b;
}

void slice_free(struct slice *slice, struct node_names *names)
{
    for (size_t i = 0; slice && i < slice->n_endpoints; i++) {
        node_name_release(names, endpoints_of(slice)[i].node);
    }
    free(slice);
}

/* What is being read, before it has its place. */
struct draft {
    struct reading *reading;
    struct node_names *node_names;
    unsigned int family;
    struct slice_endpoint *endpoints;
    struct slice_port *ports;
    const char **names;
    size_t n_endpoints, n_ports, names_size;
};

static void draft_clear(struct draft *draft)
{
    for (size_t i = 0; i < draft->n_endpoints; i++) {
        node_name_release(draft->node_names, draft->endpoints[i].node);
    }
    free(draft->endpoints);
    free(draft->ports);
    free(draft->names);
}

/* Ports. A port without a number stands for all of them, which is nothing to a load balancer. */

static int read_one_port(void *payload, const cJSON *object, size_t i)
{
    struct draft *draft = payload;
    struct slice_port *port = &draft->ports[draft->n_ports];
    const char *name = read_port_name(object, i, draft->reading);

    if (name && read_protocol(object, i, &port->protocol, draft->reading) &&
        read_port(object, i, "port", false, &port->number, draft->reading)) {
        draft->names[draft->n_ports++] = name;
        draft->names_size += strlen(name) + 1;
    }
    return 0;
}

static int read_ports(struct draft *draft, const cJSON *ports)
{
    const size_t n = elements_of(ports, SLICE_PORTS_MAX);

    draft->ports = calloc(n + 1, sizeof *draft->ports);
    draft->names = calloc(n + 1, sizeof *draft->names);
    if (!draft->ports || !draft->names) {
        return fail_nomem();
    }
    return read_elements(ports, "ports", SLICE_PORTS_MAX, draft->reading, read_one_port, draft);
}

/* Endpoints. */

/* A condition that is missing is what is usual: ready, serving, not terminating. */
static bool condition(const cJSON *conditions, const char *name, bool otherwise)
{
    const cJSON *condition = member_of(conditions, name);

    return cJSON_IsBool(condition) ? cJSON_IsTrue(condition) : otherwise;
}

/* Whether it serves at all; sets '*is_terminating' if that is only while there is no other. */
static bool serves(const cJSON *endpoint, bool *is_terminating)
{
    const cJSON *conditions = member_of(endpoint, "conditions");
    const bool ready = condition(conditions, "ready", true);

    *is_terminating = !ready;
    return ready ||
           (condition(conditions, "serving", true) && condition(conditions, "terminating", false));
}

static int use_node(struct draft *draft, const cJSON *object, size_t i, struct node_name **out)
{
    const char *name = text_of(object, "nodeName");

    *out = NULL;
    if (name && strlen(name) > LONGEST_NODE_NAME) {
        leave_out(draft->reading,
                  "endpoints[%zu].nodeName: \"%.20s...\": longer than %d characters", i, name,
                  LONGEST_NODE_NAME);
    } else if (name) {
        *out = node_name_use(draft->node_names, name);
        return *out ? 0 : fail_nomem();
    }
    return 0;
}

/* The addresses of one endpoint are of the same pod, so the first does. */
static int read_endpoint(void *payload, const cJSON *object, size_t i)
{
    struct draft *draft = payload;
    struct slice_endpoint *endpoint = &draft->endpoints[draft->n_endpoints];
    const cJSON *address = cJSON_GetArrayItem(member_of(object, "addresses"), 0);

    if (!serves(object, &endpoint->is_terminating) ||
        !read_address(address, "endpoints", i, &endpoint->address, draft->reading)) {
        return 0;
    }
    if (endpoint->address.family != draft->family) {
        leave_out(draft->reading, "endpoints[%zu]: \"%.50s\": expected an address of IPv%u", i,
                  cJSON_GetStringValue(address), draft->family);
        return 0;
    }
    draft->n_endpoints++;
    return use_node(draft, object, i, &endpoint->node);
}

static int read_endpoints(struct draft *draft, const cJSON *endpoints)
{
    const size_t n = elements_of(endpoints, SLICE_ENDPOINTS_MAX);

    draft->endpoints = calloc(n + 1, sizeof *draft->endpoints);
    if (!draft->endpoints) {
        return fail_nomem();
    }
    return read_elements(endpoints, "endpoints", SLICE_ENDPOINTS_MAX, draft->reading, read_endpoint,
                         draft);
}

/* Puts everything in its place in one piece of memory. */
static int finish(struct draft *draft, struct slice **out)
{
    const size_t fixed = sizeof **out + draft->n_endpoints * sizeof *draft->endpoints +
                         draft->n_ports * sizeof *draft->ports;
    struct slice *slice = calloc(1, fixed + draft->names_size);
    size_t at = fixed;

    if (!slice) {
        return fail_nomem();
    }
    slice->size = fixed + draft->names_size;
    slice->n_endpoints = (uint32_t)draft->n_endpoints;
    slice->n_ports = (uint32_t)draft->n_ports;
    slice->left_out = (uint32_t)draft->reading->left_out;
    memcpy(endpoints_of(slice), draft->endpoints, draft->n_endpoints * sizeof *draft->endpoints);
    memcpy(ports_of(slice), draft->ports, draft->n_ports * sizeof *draft->ports);
    for (size_t i = 0; i < draft->n_ports; i++) {
        const size_t length = strlen(draft->names[i]) + 1;

        ports_of(slice)[i].name = (uint32_t)at;
        memcpy((char *)slice + at, draft->names[i], length);
        at += length;
    }
    draft->n_endpoints = 0; /* Their nodes are the slice's now. */
    *out = slice;
    return 0;
}

static unsigned int family_of(const cJSON *object, struct reading *reading)
{
    const char *type = text_of(object, "addressType");

    if (type && !strcmp(type, "IPv4")) {
        return 4;
    }
    if (type && !strcmp(type, "IPv6")) {
        return 6;
    }
    if (!type || strcmp(type, "FQDN") != 0) {
        leave_out(reading, "addressType: \"%.20s\": expected IPv4, IPv6 or FQDN", type ? type : "");
    }
    return 0;
}

int slice_read(struct slice **out, const cJSON *object, struct node_names *names,
               struct reading *reading)
{
    struct draft draft = {
        .reading = reading, .node_names = names, .family = family_of(object, reading)};
    int error;

    *out = NULL;
    if (!draft.family) {
        return 0;
    }
    error = read_ports(&draft, member_of(object, "ports"));
    error = error ? error : read_endpoints(&draft, member_of(object, "endpoints"));
    error = error ? error : finish(&draft, out);
    draft_clear(&draft);
    return error;
}
