/* A Service, as far as it matters to packets: one reading for all who follow Services. */

#ifndef WATCH_SERVICE_SPEC_H
#define WATCH_SERVICE_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watch/reading.h"

/* The addresses of a Service, by where they come from. No address is there twice. */
enum address_kind {
    CLUSTER_IP,
    EXTERNAL_IP,
    LOAD_BALANCER_IP, /* Of status.loadBalancer, unless the balancer sends to NodePorts. */
    ADDRESS_KINDS,
};

struct service_spec_port {
    uint32_t name; /* See service_spec_text(). */
    uint16_t port;
    uint16_t node_port; /* 0: none. */
    uint8_t protocol;
};

/* All of it is one piece of memory without pointers, so that two are equal if their bytes are. */
struct service_spec {
    size_t size; /* Of the piece. */
    uint32_t n_ports, n_addresses[ADDRESS_KINDS];
    uint32_t affinity_s; /* 0: none. */
    uint32_t left_out;   /* Of what the object says. */
    uint16_t health_check_node_port;
    bool internal_local, external_local;
    char created[24]; /* "2026-11-23T08:20:11Z": the order of time is that of texts. */
};

/* Reads the Service 'object' into '*out', to be freed by free(). NULL for one that gives no
 * addresses to be served here: headless, of type ExternalName, or left to another proxy by the
 * label service.kubernetes.io/service-proxy-name. Fails with OVNK8S_NOMEM. */
int service_spec_read(struct service_spec **out, const cJSON *object, struct reading *reading);

/* Both may be NULL. */
bool service_spec_equal(const struct service_spec *a, const struct service_spec *b);

const struct service_spec_port *service_spec_ports(const struct service_spec *spec);
const struct ip *service_spec_addresses(const struct service_spec *spec, enum address_kind kind);
const char *service_spec_text(const struct service_spec *spec, uint32_t at);

#endif /* service_spec.h */
