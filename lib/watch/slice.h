/* An EndpointSlice of discovery.k8s.io/v1: some of the endpoints of a Service. */

#ifndef WATCH_SLICE_H
#define WATCH_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "watch/reading.h"

enum {
    SLICE_ENDPOINTS_MAX = 1000, /* The API server allows no more. */
    SLICE_PORTS_MAX = 1000,
};

/* Names of nodes, each of which is kept once: equal names are the same pointer. */
struct node_name {
    struct hashed hashed;
    size_t uses;
    char text[];
};

struct node_names {
    struct hash table;
};

/* NULL when memory ran out. */
struct node_name *node_name_use(struct node_names *names, const char *text);
void node_name_release(struct node_names *names, struct node_name *name); /* NULL is accepted. */

struct slice_port {
    uint32_t name;   /* See slice_text(). */
    uint16_t number; /* Where the endpoints listen. */
    uint8_t protocol;
};

struct slice_endpoint {
    struct ip address;
    bool is_terminating;    /* Serves, but is about to go. */
    struct node_name *node; /* NULL: unknown, or on none. */
};

/* Each endpoint listens on each port. One piece of memory, as struct service_spec is; the pointers
 * in it are to names of nodes, of which the same are equal. */
struct slice {
    size_t size;
    uint32_t n_ports, n_endpoints;
    uint32_t left_out; /* Of what the object says. */
};

/* Reads the EndpointSlice 'object' into '*out', to be freed by slice_free(). Of its endpoints those
 * are kept that serve: that are ready, which is also said of all that exist where the Service wants
 * them published before they are ready; or that are still serving while they are terminating. NULL
 * when the slice is not of IP addresses. Fails with OVNK8S_NOMEM. */
int slice_read(struct slice **out, const cJSON *object, struct node_names *names,
               struct reading *reading);

void slice_free(struct slice *slice, struct node_names *names); /* NULL is accepted. */

/* Both may be NULL. */
bool slice_equal(const struct slice *a, const struct slice *b);

const struct slice_port *slice_ports(const struct slice *slice);
const struct slice_endpoint *slice_endpoints(const struct slice *slice);
const char *slice_text(const struct slice *slice, uint32_t at);

#endif /* slice.h */
