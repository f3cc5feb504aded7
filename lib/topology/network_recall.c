#include <stdlib.h>
#include <string.h>

#include "topology/names.h"
#include "topology/network.h"

bool network_described(const struct row *row, struct network_record *out)
{
    const char *gateways = row_pair(row, "external_ids", GATEWAYS_KEY);
    const char *routed = row_pair(row, "external_ids", ROUTED_KEY);

    *out = (struct network_record){.name = row_pair(row, "external_ids", NETWORK_KEY)};
    out->is_routed = routed && !strcmp(routed, "yes");
    return out->name && gateways && routed &&
           (!*gateways || prefixes_from_text(gateways, &out->gateways)) &&
           prefixes_from_text(row_pair(row, "external_ids", SUBNETS_KEY), &out->subnets);
}

static bool recall(const struct rows *rows, const char *owner, const char *name,
                   struct network_record *out)
{
    return network_described(rows_find(rows, LEDGER_TABLE, network_ledger_id(owner, name)), out) ||
           network_described(rows_find(rows, SWITCH_TABLE, network_switch_id(owner, name)), out);
}

bool network_recall(const struct scene *scene, const char *name, struct network_record *out)
{
    return recall(scene->facts, scene->owner, name, out);
}

bool network_find(const struct scene *scene, const struct rows *wanted, const char *name,
                  struct network_record *out)
{
    return recall(wanted, scene->owner, name, out) || network_recall(scene, name, out);
}

void network_ask(const struct scene *scene, const char *name, struct rows *asked)
{
    struct row *row = rows_ask(asked, SWITCH_TABLE, network_switch_id(scene->owner, name));

    row_ask(row, "name");
    row_ask(row, "external_ids");
    row_ask(rows_ask(asked, LEDGER_TABLE, network_ledger_id(scene->owner, name)), "external_ids");
}

const struct column *network_entries(const struct scene *scene, const char *name)
{
    const struct column *entries =
        row_column(rows_find(scene->facts, LEDGER_TABLE, network_ledger_id(scene->owner, name)),
                   RECORDS_COLUMN);

    return entries && entries->is_map ? entries : NULL;
}

/* The name of the network that a row is evidence of, NULL for any other row. That the identity fits
 * shows that nobody has changed the name. */
static const char *network_of(const struct scene *scene, const struct row *row)
{
    const char *name = row_pair(row, "external_ids", NETWORK_KEY);
    const bool is_one = name && ((!strcmp(row->table, LEDGER_TABLE) &&
                                  row_id_equal(row->id, network_ledger_id(scene->owner, name))) ||
                                 (!strcmp(row->table, SWITCH_TABLE) &&
                                  row_id_equal(row->id, network_switch_id(scene->owner, name))));

    return is_one ? name : NULL;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct network_record *)a)->name,
                  ((const struct network_record *)b)->name);
}

/* Keeps one of each name, of those that are networks. */
static void keep_networks(const struct scene *scene, struct network_list *list)
{
    size_t n = 0;

    for (size_t i = 0; i < list->n; i++) {
        struct network_record network;

        if ((!n || strcmp(list->of[n - 1].name, list->of[i].name) != 0) &&
            network_recall(scene, list->of[i].name, &network)) {
            list->of[n++] = network;
        }
    }
    list->n = n;
}

bool networks_recall(const struct scene *scene, struct arena *arena, struct network_list *out)
{
    *out = (struct network_list){.of = arena_alloc(arena, (scene->facts->n + 1) * sizeof *out->of)};
    for (const struct row *row = scene->facts->first; row && out->of; row = row->next) {
        const char *name = network_of(scene, row);

        if (name) {
            out->of[out->n++].name = name;
        }
    }
    if (out->of) {
        qsort(out->of, out->n, sizeof *out->of, compare_names);
        keep_networks(scene, out);
    }
    return out->of != NULL;
}
