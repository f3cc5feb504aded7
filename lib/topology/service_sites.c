/* The gateways that services are served by. */

#include <string.h>

#include "topology/names.h"
#include "topology/service.h"

static const char gateways_topic[] = "gateways";

struct known_gateways {
    bool is_known;
    struct gateway_list list;
};

/* They are many times asked for in a plan with many services. */
const struct gateway_list *service_gateways(const struct scene *scene)
{
    struct known_gateways *known =
        scene->facts->first ? scene_note(scene, gateways_topic, "", sizeof *known, NULL) : NULL;

    if (known && !known->is_known) {
        known->is_known = gateways_recall(scene, &scene->notes->arena, &known->list);
    }
    return known && known->is_known ? &known->list : NULL;
}

/* Those that the plan itself has added, or changed, are as it has them. */
static bool is_gone(const struct rows *wanted, const char *owner, const char *node)
{
    const struct row *row = rows_find(wanted, ROUTER_TABLE, gateway_router_id(owner, node));

    return row && (row->state == ROW_DROPPED || row_pair(row, "external_ids", GATEWAY_KEY));
}

static const char *stated_gateway(const struct row *row)
{
    return row->state == ROW_WANTED ? row_pair(row, "external_ids", GATEWAY_KEY) : NULL;
}

static const char routers_topic[] = "routers";

/* The routers that a plan says something about, other than the cluster's. */
struct stated_routers {
    const struct row *last; /* So far. */
    const struct row **of;
    size_t n, room;
};

static bool add_router(struct stated_routers *routers, const struct row *row, struct arena *arena)
{
    if (routers->n == routers->room) {
        const size_t room = routers->room ? 2 * routers->room : 8;
        const struct row **of = arena_alloc(arena, room * sizeof *of);

        if (!of) {
            return false;
        }
        for (size_t i = 0; i < routers->n; i++) {
            of[i] = routers->of[i];
        }
        routers->of = of;
        routers->room = room;
    }
    routers->of[routers->n++] = row;
    return true;
}

/* Each row of the plan is looked at once, however many services there are. NULL when memory ran
 * out. */
static const struct stated_routers *routers_of(const struct scene *scene, const struct rows *wanted)
{
    struct stated_routers *routers = scene_note(scene, routers_topic, "", sizeof *routers, NULL);
    const struct row_id cluster = cluster_router_id(scene->owner);
    const struct row *row = !routers ? NULL : routers->last ? routers->last->next : wanted->first;

    for (; row; row = row->next) {
        routers->last = row;
        if (!strcmp(row->table, ROUTER_TABLE) && !row_id_equal(row->id, cluster) &&
            !add_router(routers, row, &scene->notes->arena)) {
            return NULL;
        }
    }
    return routers;
}

/* Gateways as they are after the plan. */
static int merge_gateways(const struct scene *scene, const struct gateway_list *known,
                          const struct stated_routers *routers, struct rows *wanted,
                          struct service_sites *sites)
{
    struct gateway_record *all =
        arena_alloc(&wanted->arena, (known->n + routers->n + 1) * sizeof *all);

    for (size_t i = 0; i < known->n && all; i++) {
        if (!is_gone(wanted, scene->owner, known->of[i].node)) {
            all[sites->n_gateways++] = known->of[i];
        }
    }
    for (size_t i = 0; i < routers->n && all; i++) {
        const char *text = stated_gateway(routers->of[i]);

        if (text && gateway_text_parse(text, &wanted->arena, &all[sites->n_gateways])) {
            sites->n_gateways++;
        }
    }
    sites->gateways = all;
    return all ? 0 : fail_nomem();
}

int service_find_gateways(const struct scene *scene, struct rows *wanted,
                          struct service_sites *sites)
{
    static const struct gateway_list none = {.n = 0};
    const struct gateway_list *known = service_gateways(scene);
    const struct stated_routers *routers = routers_of(scene, wanted);

    known = known ? known : &none;
    if (!routers) {
        return fail_nomem();
    }
    if (routers->n) {
        return merge_gateways(scene, known, routers, wanted, sites);
    }
    sites->gateways = known->of;
    sites->n_gateways = known->n;
    return 0;
}
