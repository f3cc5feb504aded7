#include "topology/adopt_identity.h"

#include <string.h>

#include "topology/gateway.h"
#include "topology/groups.h"
#include "topology/leader.h"
#include "topology/names.h"
#include "topology/network.h"
#include "topology/topology.h"

bool identity_is_marked(const char *owner, const struct row *row)
{
    const char *mark = row_pair(row, "external_ids", OWNER_KEY);

    return mark && !strcmp(mark, owner);
}

bool identity_is_root(const char *table)
{
    return !strcmp(table, SWITCH_TABLE) || !strcmp(table, ROUTER_TABLE) ||
           !strcmp(table, LEDGER_TABLE) || !strcmp(table, BALANCER_TABLE) ||
           !strcmp(table, GROUP_TABLE);
}

static bool of_gateway(const char *owner, const char *text, struct arena *arena, struct row_id *out)
{
    struct gateway_record gateway;

    if (!text || !gateway_text_parse(text, arena, &gateway)) {
        return false;
    }
    *out = gateway_ledger_id(owner, gateway.node);
    return true;
}

/* Of a kind of row and a name that may be missing. */
static bool of_object(const char *owner, const char *name,
                      struct row_id (*id)(const char *owner, const char *name), struct row_id *out)
{
    if (name) {
        *out = id(owner, name);
    }
    return name;
}

static bool of_ledger(const char *owner, const struct row *row, struct arena *arena,
                      struct row_id *out)
{
    const char *kind = row_pair(row, "external_ids", LEDGER_KEY);

    if (!kind) {
        return false;
    }
    if (!strcmp(kind, "gateway")) {
        return of_gateway(owner, row_pair(row, "external_ids", GATEWAY_KEY), arena, out);
    }
    if (!strcmp(kind, "node")) {
        return of_object(owner, row_pair(row, "external_ids", NODE_KEY), node_ledger_id, out);
    }
    if (!strcmp(kind, "network")) {
        return of_object(owner, row_pair(row, "external_ids", NETWORK_KEY), network_ledger_id, out);
    }
    *out = strcmp(kind, "leader") ? cluster_ledger_id(owner) : leader_id(owner);
    return !strcmp(kind, "leader") || !strcmp(kind, "cluster");
}

static struct row_id of_switch(const char *owner, const struct row *row, const char *name)
{
    const char *network = row_pair(row, "external_ids", NETWORK_KEY);

    if (network) {
        return network_switch_id(owner, network);
    }
    return row_pair(row, "external_ids", CLUSTER_NAME_KEY) ? join_switch_id(owner)
                                                           : switch_id(owner, name);
}

static struct row_id of_router(const char *owner, const struct row *row, const char *name,
                               struct arena *arena)
{
    const char *networks = network_router_name(arena, owner);

    if (row_pair(row, "external_ids", CLUSTER_ROUTER_KEY)) {
        return cluster_router_id(owner);
    }
    return networks && !strcmp(name, networks) ? network_router_id(owner)
                                               : row_id(owner, ROUTER_TABLE, name);
}

/* "<owner>/<group>". */
static bool of_group(const char *owner, const char *name, struct row_id *out)
{
    const size_t length = strlen(owner);

    if (!name || strncmp(name, owner, length) != 0 || name[length] != '/') {
        return false;
    }
    *out = group_id(owner, name + length + 1);
    return true;
}

static bool is_called(const struct row *row)
{
    return !strcmp(row->table, SWITCH_PORT_TABLE) || !strcmp(row->table, ROUTER_PORT_TABLE) ||
           !strcmp(row->table, BALANCER_TABLE);
}

bool identity_of(const char *owner, const struct row *row, struct arena *arena, struct row_id *out)
{
    const char *name = row_string(row, "name");

    if (!strcmp(row->table, GROUP_TABLE)) {
        return of_group(owner, name, out);
    }
    if (!identity_is_marked(owner, row)) {
        return false;
    }
    if (!strcmp(row->table, LEDGER_TABLE)) {
        return of_ledger(owner, row, arena, out);
    }
    if (!name) {
        return false;
    }
    if (!strcmp(row->table, SWITCH_TABLE)) {
        *out = of_switch(owner, row, name);
    } else if (!strcmp(row->table, ROUTER_TABLE)) {
        *out = of_router(owner, row, name, arena);
    } else if (is_called(row)) {
        *out = row_id(owner, row->table, name);
    } else {
        return false;
    }
    return true;
}
