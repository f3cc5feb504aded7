#include "topology/gateway_place.h"

#include <string.h>

#include "topology/names.h"
#include "topology/recall.h"

int gateway_count(struct blocks *taken, const struct gateway_record *gateway)
{
    int error = 0;

    for (size_t i = 0; i < gateway->join.n && !error; i++) {
        const struct ip *ip = &gateway->join.of[i].ip;
        const struct prefix one = {*ip, ip_bits(ip)};

        error = blocks_add(taken, &one);
    }
    return error ? fail_nomem() : 0;
}

static int count_all(struct gateway_view *view)
{
    struct gateway_list all;
    int error = gateways_recall(view->scene, &view->scene->notes->arena, &all) ? 0 : fail_nomem();

    view->first = "";
    for (size_t i = 0; i < all.n && !error; i++) {
        error = gateway_count(&view->taken, &all.of[i]);
        view->first = all.of[i].is_first ? all.of[i].node : view->first;
    }
    return error;
}

int gateway_count_taken(struct gateway_view *view)
{
    const char *owner = view->scene->owner;

    if (ledger_join(view->wanted, owner, &view->taken, &view->first) ||
        ledger_join(view->scene->facts, owner, &view->taken, &view->first)) {
        return 0;
    }
    blocks_clear(&view->taken);
    return count_all(view);
}

const struct row *gateway_stated(const struct gateway_view *view, const char *node)
{
    return rows_find(view->wanted, ROUTER_TABLE, gateway_router_id(view->scene->owner, node));
}

bool gateway_find(const struct gateway_view *view, const char *node, struct gateway_record *out)
{
    const struct row *stated = gateway_stated(view, node);
    const char *text = row_pair(stated, "external_ids", GATEWAY_KEY);

    if (stated) {
        return stated->state == ROW_WANTED && text &&
               gateway_text_parse(text, &view->wanted->arena, out);
    }
    return gateway_recall(view->scene, node, &view->wanted->arena, out);
}

void want_gateway_places(const struct gateway_view *view)
{
    struct row *ledger = want_cluster_ledger(view->wanted, view->scene->owner, &view->cluster);

    ledger->guarded = true;
    want_join(view->wanted, view->scene->owner, &view->taken, view->first);
}

/* Intents. */

int gateway_intend(ovnk8s_plan *plan, const struct intent_type *type, const char *node,
                   const void *params)
{
    plan_withdraw(plan, &gateway_add_type, node);
    plan_withdraw(plan, &gateway_delete_type, node);
    return plan_intend(plan, type, node, params);
}
