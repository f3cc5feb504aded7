#include "topology/ledger.h"

#include <string.h>

#include "topology/names.h"
#include "topology/service_range.h"

#define TAKEN_KEY "k8s-taken-subnets"
#define JOIN_TAKEN_KEY "k8s-taken-join-addresses"
#define FIRST_GATEWAY_KEY "k8s-first-gateway"

/* Between the addresses of a port and the uid of its pod. */
#define UID_MARK ";"

struct row *want_cluster_ledger(struct rows *wanted, const char *owner,
                                const struct cluster_record *cluster)
{
    struct row *row =
        rows_want(wanted, LEDGER_TABLE, cluster_ledger_id(owner), "ledger of the cluster");
    char text[PREFIXES_TEXT];

    row_includes_pair(row, "external_ids", LEDGER_KEY, "cluster");
    row_includes_pair(row, "external_ids", CLUSTER_NAME_KEY, cluster->name);
    row_includes_pair(row, "external_ids", CLUSTER_SUBNET_KEY,
                      prefixes_to_text(&cluster->subnets, text));
    row_includes_pair(row, "external_ids", JOIN_SUBNET_KEY, prefixes_to_text(&cluster->join, text));
    describe_service_range(row, cluster);
    row_is_owned(row, owner);
    return row;
}

struct row *want_node_ledger(struct rows *wanted, const char *owner, const struct node_record *node)
{
    const struct row_id id = node_ledger_id(owner, node->name);
    struct row *row = rows_find(wanted, LEDGER_TABLE, id);
    char text[PREFIXES_TEXT];

    if (row && row->state == ROW_WANTED) {
        return row; /* For one port after the other. */
    }
    row = rows_want(wanted, LEDGER_TABLE, id,
                    arena_printf(&wanted->arena, "ledger of %s", node->name));
    row_includes_pair(row, "external_ids", LEDGER_KEY, "node");
    row_includes_pair(row, "external_ids", NODE_KEY, node->name);
    row_includes_pair(row, "external_ids", SUBNETS_KEY, prefixes_to_text(&node->subnets, text));
    row_is_owned(row, owner);
    return row;
}

struct row *edit_node_ledger(struct rows *wanted, const char *owner, const char *node)
{
    return rows_edit(wanted, LEDGER_TABLE, node_ledger_id(owner, node),
                     arena_printf(&wanted->arena, "ledger of %s", node));
}

void want_port_entry(struct row *ledger, const struct port_record *port, const char *addresses,
                     bool is_new, bool is_stated)
{
    const char *entry = port->pod_uid
                            ? arena_join(&ledger->rows->arena, addresses, UID_MARK, port->pod_uid)
                            : addresses;

    if (is_stated && !rows_failed(ledger->rows)) {
        row_includes_pair(ledger, RECORDS_COLUMN, port->name, entry);
    } else if (!rows_failed(ledger->rows)) {
        row_includes_entry(ledger, RECORDS_COLUMN, port->name, entry, is_new);
    }
}

const struct column *ledger_entries(const struct rows *rows, const char *owner, const char *node)
{
    const struct row *ledger = rows_find(rows, LEDGER_TABLE, node_ledger_id(owner, node));
    const struct column *entries = row_column(ledger, RECORDS_COLUMN);

    return entries && entries->is_map ? entries : NULL;
}

bool port_entry_parse(const char *name, const char *entry, const struct prefixes *subnets,
                      struct arena *arena, struct port_record *out)
{
    const size_t length = strcspn(entry, UID_MARK);
    const char *addresses = arena_strndup(arena, entry, length);

    *out = (struct port_record){.name = name};
    if (entry[length]) {
        out->pod_uid = arena_strdup(arena, entry + length + 1);
    }
    return addresses && port_addresses_parse(addresses, subnets, &out->mac, &out->addresses);
}

/* What the two rows agree about; NULL if they do not. */
static const char *agreed(const struct rows *rows, const char *owner, const char *key)
{
    const struct row *ledger = rows_find(rows, LEDGER_TABLE, cluster_ledger_id(owner));
    const struct row *router = rows_find(rows, ROUTER_TABLE, cluster_router_id(owner));
    const char *text = row_pair(ledger, "external_ids", key);
    const char *again = row_pair(router, "external_ids", key);

    return text && again && !strcmp(text, again) ? text : NULL;
}

static void want_agreed(struct rows *wanted, const char *owner, const char *key, const char *text)
{
    struct row *ledger = rows_edit(wanted, LEDGER_TABLE, cluster_ledger_id(owner), NULL);
    struct row *router = rows_edit(wanted, ROUTER_TABLE, cluster_router_id(owner), NULL);

    if (text) {
        row_includes_pair(ledger, "external_ids", key, text);
        row_includes_pair(router, "external_ids", key, text);
    }
}

bool ledger_taken(const struct rows *rows, const char *owner, struct blocks *out)
{
    const char *text = agreed(rows, owner, TAKEN_KEY);

    return text && blocks_from_text(text, out);
}

void want_taken(struct rows *wanted, const char *owner, const struct blocks *taken)
{
    want_agreed(wanted, owner, TAKEN_KEY, blocks_to_text(&wanted->arena, taken));
}

bool ledger_join(const struct rows *rows, const char *owner, struct blocks *taken,
                 const char **first)
{
    const char *text = agreed(rows, owner, JOIN_TAKEN_KEY);

    *first = agreed(rows, owner, FIRST_GATEWAY_KEY);
    return text && *first && blocks_from_text(text, taken);
}

void want_join(struct rows *wanted, const char *owner, const struct blocks *taken,
               const char *first)
{
    want_agreed(wanted, owner, JOIN_TAKEN_KEY, blocks_to_text(&wanted->arena, taken));
    want_agreed(wanted, owner, FIRST_GATEWAY_KEY, first);
}
