#include <ovnk8s/gateway.h>

#include <string.h>

#include "topology/gateway_place.h"
#include "topology/groups.h"
#include "topology/names.h"
#include "topology/recall.h"

/* When the first goes, another one is sought. */
void gateway_ask_removal(const struct scene *scene, const char *node, struct rows *asked)
{
    struct blocks taken = {0};
    const char *first;

    cluster_ask(scene, asked);
    gateway_ask(scene, node, asked);
    group_ask(scene, router_group(&asked->arena, node), asked);
    policies_ask_all(scene, asked);
    if (scene->facts->first &&
        (!ledger_join(scene->facts, scene->owner, &taken, &first) || !strcmp(first, node))) {
        gateways_ask_all(scene, asked);
    }
    blocks_clear(&taken);
}

static void ask_delete(const void *params, const struct scene *scene, struct rows *asked)
{
    gateway_ask_removal(scene, params, asked);
}

/* Keeps the one that comes first by its node. */
static void consider(const struct gateway_view *view, const struct gateway_record *gateway,
                     struct gateway_record *best)
{
    if (strcmp(gateway->node, view->gateway.node) != 0 &&
        (!best->node || strcmp(gateway->node, best->node) < 0)) {
        *best = *gateway;
    }
}

/* Those that the plan adds or changes are considered as it has them. */
static void consider_stated(const struct gateway_view *view, struct gateway_record *best)
{
    for (const struct row *row = view->wanted->first; row; row = row->next) {
        const char *text = row->state == ROW_WANTED && !strcmp(row->table, ROUTER_TABLE)
                               ? row_pair(row, "external_ids", GATEWAY_KEY)
                               : NULL;
        struct gateway_record gateway;

        if (text && gateway_text_parse(text, &view->wanted->arena, &gateway)) {
            consider(view, &gateway, best);
        }
    }
}

/* Another gateway becomes the first one, if there is any. */
static int promote(struct gateway_view *view)
{
    struct gateway_record best = {.node = NULL};
    struct gateway_list all;

    view->first = "";
    if (!gateways_recall(view->scene, &view->wanted->arena, &all)) {
        return fail_nomem();
    }
    for (size_t i = 0; i < all.n; i++) {
        if (!gateway_stated(view, all.of[i].node)) {
            consider(view, &all.of[i], &best);
        }
    }
    consider_stated(view, &best);
    if (!best.node) {
        return 0;
    }
    best.is_first = true;
    view->first = best.node;
    return want_gateway(view->wanted, view->scene->owner, &view->cluster, &best, NULL);
}

static int leave_place(struct gateway_view *view)
{
    int error = 0;

    for (size_t i = 0; i < view->gateway.join.n && !error; i++) {
        const struct ip *ip = &view->gateway.join.of[i].ip;

        error = blocks_release(&view->taken, &(struct prefix){*ip, ip_bits(ip)}) ? fail_nomem() : 0;
    }
    if (!error && view->gateway.is_first) {
        error = promote(view);
    }
    if (!error) {
        want_gateway_places(view);
    }
    return error;
}

/* It may have become the first one because of what the same plan has deleted before. */
int gateway_remove(const struct scene *scene, const char *node, struct rows *wanted)
{
    struct gateway_view view = {.scene = scene, .wanted = wanted};
    int error;

    if (!gateway_find(&view, node, &view.gateway)) {
        return 0;
    }
    error = gateway_count_taken(&view);
    view.gateway.is_first |= !error && !strcmp(view.first, node);
    if (!error) {
        drop_gateway(wanted, scene->owner, &view.gateway);
        drop_group(scene, router_group(&wanted->arena, node), wanted);
        drop_policies(scene, node, wanted);
    }
    if (!error && !cluster_find(scene, wanted, &view.cluster)) {
        error = leave_place(&view);
    }
    blocks_clear(&view.taken);
    return error;
}

static int resolve_delete(const void *params, const struct scene *scene, struct rows *wanted)
{
    return gateway_remove(scene, params, wanted);
}

const struct intent_type gateway_delete_type = {"deleting gateway", ask_delete, resolve_delete};

int ovnk8s_gateway_delete(ovnk8s_plan *plan, const char *node)
{
    const int error = check_node_name(node);
    const char *copy = error ? NULL : arena_strdup(&plan->arena, node);

    return error  ? error
           : copy ? gateway_intend(plan, &gateway_delete_type, copy, copy)
                  : fail_nomem();
}
