#include "topology/network.h"

#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "topology/names.h"
#include "topology/recall.h"
#include "topology/wished.h"

#define LEDGER_KIND "network"

enum { NAME_LENGTH = 253 };

void ovnk8s_network_init(ovnk8s_network *network)
{
    *network = (ovnk8s_network)OVNK8S_NETWORK_INIT;
}

/* Names. A network and a node may be called alike: their rows have different identities, and only
 * one of them can have its logical switch. */

static struct row_id network_id(const char *owner, const char *table, const char *name)
{
    char text[NAME_LENGTH + 16];

    snprintf(text, sizeof text, "network %s", name);
    return row_id(owner, table, text);
}

struct row_id network_switch_id(const char *owner, const char *name)
{
    return network_id(owner, SWITCH_TABLE, name);
}

struct row_id network_ledger_id(const char *owner, const char *name)
{
    return network_id(owner, LEDGER_TABLE, name);
}

struct row_id network_router_id(const char *owner)
{
    return row_id(owner, ROUTER_TABLE, "networks");
}

const char *network_router_name(struct arena *arena, const char *owner)
{
    return strcmp(owner, OVNK8S_DEFAULT_OWNER) ? arena_printf(arena, "networks_%s", owner)
                                               : "networks";
}

const char *network_router_port_name(struct arena *arena, const char *network)
{
    return arena_join(arena, "rton", "-", network);
}

const char *network_switch_port_name(struct arena *arena, const char *network)
{
    return arena_join(arena, "ntor", "-", network);
}

int check_network_name(const char *what, const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    static const char marks[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

    if (!name || !*name || strlen(name) > NAME_LENGTH || !strchr(letters, *name) ||
        name[strspn(name, marks)]) {
        return fail(OVNK8S_INVALID,
                    "%s \"%.80s\": expected 1 to %d letters, digits, \"_\", \".\" or \"-\", of"
                    " which the first is a letter or a digit",
                    what, name ? name : "", NAME_LENGTH);
    }
    return 0;
}

/* The rows. */

static void describe(struct row *row, const struct network_record *network)
{
    char text[PREFIXES_TEXT];

    row_includes_pair(row, "external_ids", NETWORK_KEY, network->name);
    row_includes_pair(row, "external_ids", SUBNETS_KEY, prefixes_to_text(&network->subnets, text));
    row_includes_pair(row, "external_ids", GATEWAYS_KEY,
                      prefixes_to_text(&network->gateways, text));
    row_includes_pair(row, "external_ids", ROUTED_KEY, network->is_routed ? "yes" : "no");
}

struct row *want_network_ledger(struct rows *wanted, const char *owner,
                                const struct network_record *network)
{
    const struct row_id id = network_ledger_id(owner, network->name);
    struct row *row = rows_find(wanted, LEDGER_TABLE, id);

    if (row && row->state == ROW_WANTED) {
        return row;
    }
    row = rows_want(wanted, LEDGER_TABLE, id,
                    arena_printf(&wanted->arena, "ledger of network %s", network->name));
    row_includes_pair(row, "external_ids", LEDGER_KEY, LEDGER_KIND);
    describe(row, network);
    row_is_owned(row, owner);
    return row;
}

static struct row *want_switch(struct rows *wanted, const char *owner,
                               const struct network_record *network)
{
    struct row *row =
        rows_want(wanted, SWITCH_TABLE, network_switch_id(owner, network->name), network->name);

    row->sole = true;
    row_is_string(row, "name", network->name);
    describe(row, network);
    row_is_owned(row, owner);
    return row;
}

static struct row *want_router(struct rows *wanted, const char *owner)
{
    const char *name = network_router_name(&wanted->arena, owner);
    struct row *row = rows_want(wanted, ROUTER_TABLE, network_router_id(owner), name);

    if (name) {
        row->sole = true;
        row_is_string(row, "name", name);
        row_is_owned(row, owner);
    }
    return row;
}

static int want_network(struct rows *wanted, const char *owner,
                        const struct network_record *network, bool is_new)
{
    struct router_link link = {.node_switch = want_switch(wanted, owner, network),
                               .networks = network->gateways};

    want_network_ledger(wanted, owner, network);
    if (network->is_routed) {
        link.router = want_router(wanted, owner);
        link.name = network_router_port_name(&wanted->arena, network->name);
        link.peer = network_switch_port_name(&wanted->arena, network->name);
        if (rows_failed(wanted)) {
            return fail_nomem();
        }
        want_router_link(wanted, owner, &link);
        /* Whoever joins another network just now has not seen the subnet of this one. */
        link.router->guarded = is_new;
    }
    return rows_failed(wanted) ? fail_nomem() : 0;
}

/* Adding. */

/* All routed networks must be known when one more is to be joined with them. */
static void ask(const void *params, const struct scene *scene, struct rows *asked)
{
    const struct network_record *network = params;
    struct network_record there;

    network_ask(scene, network->name, asked);
    if (network->is_routed) {
        row_ask(rows_ask(asked, ROUTER_TABLE, network_router_id(scene->owner)), "external_ids");
        if (scene->facts->first && !network_recall(scene, network->name, &there)) {
            row_ask(rows_ask_where(asked, LEDGER_TABLE, ROW_BY_OWNER, scene->owner),
                    "external_ids");
        }
    }
}

static int check_same(const char *what, const struct prefixes *there, const struct prefixes *wanted)
{
    char there_text[PREFIXES_TEXT], wanted_text[PREFIXES_TEXT];

    if (prefixes_equal(there, wanted)) {
        return 0;
    }
    return fail(OVNK8S_EXISTS,
                "the network has %s %s, not %s, and cannot change it while it exists", what,
                there->n ? prefixes_to_text(there, there_text) : "none",
                wanted->n ? prefixes_to_text(wanted, wanted_text) : "none");
}

static int check_existing(const struct network_record *there, const struct network_record *wanted)
{
    int error = check_same("subnet", &there->subnets, &wanted->subnets);

    error = error ? error : check_same("gateway", &there->gateways, &wanted->gateways);
    if (!error && there->is_routed != wanted->is_routed) {
        error = fail(OVNK8S_EXISTS, "the network is %s, and cannot change it while it exists",
                     there->is_routed ? "routed" : "not routed");
    }
    return error;
}

static int check_apart(const struct rows *rows, const struct network_record *network)
{
    struct network_record other;

    for (const struct row *row = rows->first; row; row = row->next) {
        if (strcmp(row->table, LEDGER_TABLE) || !network_described(row, &other) ||
            !other.is_routed || !strcmp(other.name, network->name)) {
            continue;
        }
        for (size_t i = 0; i < network->subnets.n; i++) {
            const struct prefix *subnet = &network->subnets.of[i];
            const struct prefix *theirs = prefixes_of(&other.subnets, subnet->ip.family);
            char text[PREFIX_TEXT], their_text[PREFIX_TEXT];

            if (theirs && prefix_overlaps(subnet, theirs)) {
                return fail(
                    OVNK8S_EXISTS, "subnet %s overlaps %s of network %s, and both are routed",
                    prefix_to_text(subnet, text), prefix_to_text(theirs, their_text), other.name);
            }
        }
    }
    return 0;
}

static int resolve(const void *params, const struct scene *scene, struct rows *wanted)
{
    const struct network_record *network = params;
    struct network_record there;
    const bool is_new = !network_find(scene, wanted, network->name, &there);
    int error = is_new ? 0 : check_existing(&there, network);

    if (is_new && network->is_routed) {
        error = check_apart(scene->facts, network);
        error = error ? error : check_apart(wanted, network);
    }
    return error ? error : want_network(wanted, scene->owner, network, is_new);
}

static const struct intent_type add_type = {"adding network", ask, resolve};

/* The gateway and two containers, besides the first address and the last of IPv4. */
static int check_size(const struct prefixes *subnets)
{
    for (size_t i = 0; i < subnets->n; i++) {
        char text[PREFIX_TEXT];

        if (prefix_last_index(&subnets->of[i]) < 4) {
            return fail(OVNK8S_INVALID,
                        "network subnet \"%s\": too small: expected /29 or larger, or /125 or"
                        " larger for IPv6",
                        prefix_to_text(&subnets->of[i], text));
        }
    }
    return 0;
}

static int refuse_gateway(const char *text)
{
    return fail(OVNK8S_INVALID,
                "network gateway \"%.100s\": expected an address within each subnet, at most one",
                text);
}

static int parse_gateways(const ovnk8s_network *network, struct network_record *record)
{
    struct prefixes given;

    if (!network->gateway) {
        record->gateways = network->is_routed ? addresses_at(&record->subnets, ROUTER_INDEX)
                                              : (struct prefixes){.n = 0};
        return 0;
    }
    if (parse_wished_addresses(network->gateway, &record->subnets, &given) ||
        (network->is_routed && given.n < record->subnets.n)) {
        return refuse_gateway(network->gateway);
    }
    record->gateways = given;
    return 0;
}

static int parse_network(const ovnk8s_network *network, struct arena *arena,
                         struct network_record *record)
{
    int error = check_network_name("network name", network->name);

    error = error ? error : parse_networks("network subnet", network->subnet, &record->subnets);
    error = error ? error : check_size(&record->subnets);
    error = error ? error : parse_gateways(network, record);
    record->name = error ? NULL : arena_strdup(arena, network->name);
    record->is_routed = network->is_routed != 0;
    return error;
}

int ovnk8s_network_add(ovnk8s_plan *plan, const ovnk8s_network *theirs)
{
    struct network_record *record = arena_alloc(&plan->arena, sizeof *record);
    ovnk8s_network network = OVNK8S_NETWORK_INIT;
    int error = record ? options_take(&network, sizeof network, theirs) : fail_nomem();

    error = error ? error : parse_network(&network, &plan->arena, record);
    return error ? error : plan_intend(plan, &add_type, record->name, record);
}

const char *ovnk8s_plan_network_gateways(const ovnk8s_plan *plan, const char *name)
{
    const struct row *row =
        name ? rows_find(&plan->wanted, LEDGER_TABLE, network_ledger_id(plan->owner, name)) : NULL;

    return row_pair(row, "external_ids", GATEWAYS_KEY);
}
