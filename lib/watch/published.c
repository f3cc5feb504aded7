#include "watch/published.h"

#include <string.h>

#include "base/text.h"

typedef void published_fn(const struct published *published, void *payload);

static void each_node_port(const struct service_spec *spec, published_fn *each, void *payload)
{
    const struct service_spec_port *ports = service_spec_ports(spec);

    for (size_t i = 0; i < spec->n_ports; i++) {
        const struct published published = {ports[i].protocol, NULL, ports[i].node_port};

        if (ports[i].node_port) {
            each(&published, payload);
        }
    }
}

static void each_at(const struct service_spec *spec, const struct ip *address, published_fn *each,
                    void *payload)
{
    const struct service_spec_port *ports = service_spec_ports(spec);

    for (size_t i = 0; i < spec->n_ports; i++) {
        const struct published published = {ports[i].protocol, address, ports[i].port};

        each(&published, payload);
    }
}

static void each_of_kind(const struct service_spec *spec, enum address_kind kind,
                         published_fn *each, void *payload)
{
    const struct ip *addresses = service_spec_addresses(spec, kind);

    for (size_t i = 0; i < spec->n_addresses[kind]; i++) {
        each_at(spec, &addresses[i], each, payload);
    }
}

void published_each(const struct service_spec *spec, published_fn *each, void *payload)
{
    if (spec) {
        each_node_port(spec, each, payload);
        each_of_kind(spec, EXTERNAL_IP, each, payload);
        each_of_kind(spec, LOAD_BALANCER_IP, each, payload);
    }
}

static void count(const struct published *published, void *payload)
{
    (void)published;
    ++*(size_t *)payload;
}

bool publishes(const struct service_spec *spec)
{
    size_t n = 0;

    published_each(spec, count, &n);
    return n;
}

static void write_down(const struct published *published, void *payload)
{
    text_add_bytes(payload, &published->protocol, sizeof published->protocol);
    text_add_bytes(payload, &published->port, sizeof published->port);
    text_add_bytes(payload, published->address ? published->address : &(struct ip){0},
                   sizeof *published->address);
}

bool published_equal(const struct service_spec *a, const struct service_spec *b)
{
    _cleanup_text_ struct text one = {0}, other = {0};

    published_each(a, write_down, &one);
    published_each(b, write_down, &other);
    /* Without memory nobody knows. */
    return !one.failed && !other.failed && one.length == other.length &&
           (!one.length || !memcmp(one.bytes, other.bytes, one.length));
}
