#include "watch/claims.h"

#include <stdlib.h>
#include <string.h>

struct claim {
    struct hashed hashed; /* By what it is of. */
    struct cached_service *service;
    struct claimed of;
};

static uint64_t hash_bytes(uint64_t before, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        before = (before ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return before;
}

static uint64_t hash_of(const struct claimed *claimed)
{
    const uint8_t rest[] = {claimed->ip.family, (uint8_t)(claimed->port >> 8),
                            (uint8_t)claimed->port, claimed->protocol};
    const size_t n = claimed->ip.family == 4 ? 4 : claimed->ip.family == 6 ? 16 : 0;

    return hash_bytes(hash_bytes(HASH_START, rest, sizeof rest), claimed->ip.bytes, n);
}

static bool is_same(const struct claimed *a, const struct claimed *b)
{
    return a->port == b->port && a->protocol == b->protocol && a->ip.family == b->ip.family &&
           (!a->ip.family || ip_equal(&a->ip, &b->ip));
}

static struct claim *next_of(struct hashed *at, const struct claimed *claimed)
{
    while (at && !is_same(&((struct claim *)at)->of, claimed)) {
        at = hash_find_next(at);
    }
    return (struct claim *)at;
}

static struct claim *first_of(const struct claims *claims, const struct claimed *claimed)
{
    return next_of(hash_find(&claims->table, hash_of(claimed)), claimed);
}

static struct claim *following(const struct claim *claim)
{
    return next_of(hash_find_next(&claim->hashed), &claim->of);
}

/* What a spec claims. */

void claimed_each(const struct service_spec *spec,
                  void (*each)(const struct claimed *claimed, void *payload), void *payload)
{
    for (size_t i = 0; spec && i < spec->n_ports; i++) {
        const struct service_spec_port *port = &service_spec_ports(spec)[i];
        const struct ip *addresses = service_spec_addresses(spec, CLUSTER_IP);
        size_t n = 0;

        for (size_t kind = 0; kind < ADDRESS_KINDS; kind++) {
            n += spec->n_addresses[kind];
        }
        for (size_t at = 0; at < n; at++) {
            each(&(struct claimed){addresses[at], port->port, port->protocol}, payload);
        }
        if (port->node_port) {
            each(&(struct claimed){.port = port->node_port, .protocol = port->protocol}, payload);
        }
    }
}

/* Claims come and go. */

struct update {
    struct claims *claims;
    struct cached_service *service;
    bool failed;
};

static void drop_claim(const struct claimed *claimed, void *payload)
{
    struct update *update = payload;
    struct claim *claim = first_of(update->claims, claimed);

    while (claim && claim->service != update->service) {
        claim = following(claim);
    }
    if (claim) {
        hash_remove(&update->claims->table, &claim->hashed);
        free(claim);
    }
}

static void add_claim(const struct claimed *claimed, void *payload)
{
    struct update *update = payload;
    struct claim *claim = malloc(sizeof *claim);

    if (claim) {
        *claim = (struct claim){.service = update->service, .of = *claimed};
    }
    if (!claim || !hash_insert(&update->claims->table, &claim->hashed, hash_of(claimed))) {
        free(claim);
        update->failed = true;
    }
}

bool claims_update(struct claims *claims, struct cached_service *service,
                   const struct service_spec *before)
{
    struct update update = {.claims = claims, .service = service};

    claimed_each(before, drop_claim, &update);
    claimed_each(service->spec, add_claim, &update);
    return !update.failed;
}

static void discard(struct hashed *hashed)
{
    free(hashed);
}

void claims_clear(struct claims *claims)
{
    hash_clear(&claims->table, discard);
}

/* Who has it. */

static bool is_cluster_ip(const struct claim *claim)
{
    const struct service_spec *spec = claim->service->spec;
    const struct ip *addresses = service_spec_addresses(spec, CLUSTER_IP);

    for (size_t i = 0; i < spec->n_addresses[CLUSTER_IP]; i++) {
        if (ip_equal(&addresses[i], &claim->of.ip)) {
            return true;
        }
    }
    return false;
}

/* The API server has given the cluster address to one service alone: whoever else names it must not
 * have what is sent to that. */
static bool goes_before(const struct claim *a, const struct claim *b)
{
    const struct cached_service *one = a->service, *other = b->service;
    int order = is_cluster_ip(b) - is_cluster_ip(a);

    order = order ? order : strcmp(one->spec->created, other->spec->created);
    order = order ? order : strcmp(one->service_namespace, other->service_namespace);
    return (order ? order : strcmp(one->name, other->name)) < 0;
}

const struct cached_service *claims_holder(const struct claims *claims,
                                           const struct claimed *claimed)
{
    const struct claim *best = first_of(claims, claimed);

    for (const struct claim *at = best; at; at = following(at)) {
        best = at != best && goes_before(at, best) ? at : best;
    }
    return best ? best->service : NULL;
}

void claims_each(const struct claims *claims, const struct claimed *claimed,
                 void (*each)(struct cached_service *service, void *payload), void *payload)
{
    for (const struct claim *at = first_of(claims, claimed); at; at = following(at)) {
        each(at->service, payload);
    }
}
