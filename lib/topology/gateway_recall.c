#include <stdlib.h>
#include <string.h>

#include "topology/gateway.h"
#include "topology/names.h"
#include "topology/recall.h"

void gateway_ask(const struct scene *scene, const char *node, struct rows *asked)
{
    row_ask(rows_ask(asked, LEDGER_TABLE, gateway_ledger_id(scene->owner, node)), "external_ids");
    row_ask(rows_ask(asked, ROUTER_TABLE, gateway_router_id(scene->owner, node)), "external_ids");
    row_ask(rows_ask(asked, SWITCH_TABLE, outer_switch_id(scene->owner, node)), "external_ids");
}

void gateways_ask_all(const struct scene *scene, struct rows *asked)
{
    static const char *const tables[] = {LEDGER_TABLE, ROUTER_TABLE, SWITCH_TABLE};

    for (size_t i = 0; i < 3; i++) {
        row_ask(rows_ask_where(asked, tables[i], ROW_BY_OWNER, scene->owner), "external_ids");
    }
}

/* A text that somebody has put there for another node, or that makes no sense, is no evidence. */
static const char *witness(const struct row *row, const char *node, struct arena *arena)
{
    const char *text = row_pair(row, "external_ids", GATEWAY_KEY);
    struct gateway_record gateway;

    return text && gateway_text_parse(text, arena, &gateway) && !strcmp(gateway.node, node) ? text
                                                                                            : NULL;
}

bool gateway_recall(const struct scene *scene, const char *node, struct arena *arena,
                    struct gateway_record *out)
{
    const char *owner = scene->owner;
    const struct row *const rows[] = {
        rows_find(scene->facts, LEDGER_TABLE, gateway_ledger_id(owner, node)),
        rows_find(scene->facts, ROUTER_TABLE, gateway_router_id(owner, node)),
        rows_find(scene->facts, SWITCH_TABLE, outer_switch_id(owner, node)),
    };
    const char *said[3], *truth;

    for (size_t i = 0; i < 3; i++) {
        said[i] = witness(rows[i], node, arena);
    }
    truth = vote(said, 3);
    return truth && gateway_text_parse(truth, arena, out);
}

/* The node that a row tells to be a gateway. The identity of the row shows whether that is true. */
static const char *gateway_of(const struct scene *scene, const struct row *row, struct arena *arena)
{
    const char *text = row_pair(row, "external_ids", GATEWAY_KEY);
    const char *owner = scene->owner;
    struct gateway_record gateway;
    bool fits;

    if (!text || !gateway_text_parse(text, arena, &gateway)) {
        return NULL;
    }
    fits = row_id_equal(row->id, gateway_ledger_id(owner, gateway.node)) ||
           row_id_equal(row->id, gateway_router_id(owner, gateway.node)) ||
           row_id_equal(row->id, outer_switch_id(owner, gateway.node));
    return fits ? gateway.node : NULL;
}

static int compare_nodes(const void *a, const void *b)
{
    return strcmp(((const struct gateway_record *)a)->node,
                  ((const struct gateway_record *)b)->node);
}

bool gateways_recall(const struct scene *scene, struct arena *arena, struct gateway_list *out)
{
    struct gateway_list found = {.of = arena_alloc(arena, (scene->facts->n + 1) * sizeof *out->of)};
    size_t n = 0;

    for (const struct row *row = scene->facts->first; row && found.of; row = row->next) {
        const char *node = gateway_of(scene, row, arena);

        if (node) {
            found.of[found.n++].node = node;
        }
    }
    *out = found;
    if (!found.of) {
        return false;
    }
    qsort(found.of, found.n, sizeof *found.of, compare_nodes);
    for (size_t i = 0; i < found.n; i++) {
        struct gateway_record gateway;

        if ((!n || strcmp(out->of[n - 1].node, found.of[i].node) != 0) &&
            gateway_recall(scene, found.of[i].node, arena, &gateway)) {
            out->of[n++] = gateway;
        }
    }
    out->n = n;
    return true;
}
