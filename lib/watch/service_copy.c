#include "watch/service_copy.h"

#include <stdlib.h>
#include <string.h>

#include "topology/groups.h"
#include "topology/names.h"
#include "topology/recall.h"
#include "topology/service.h"
#include "watch/private.h"

/* The members of a group, sorted: groups may have tens of thousands, of which one after the other
 * is sought. */
struct sorted_group {
    struct sorted_group *next;
    struct row_id id;
    size_t n;
    struct row_id members[];
};

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct row_id));
}

static struct sorted_group *sort_group(const struct row *group)
{
    const struct column *column = row_column(group, "load_balancer");
    const size_t n = column ? column->n : 0;
    struct sorted_group *sorted = malloc(sizeof *sorted + n * sizeof *sorted->members);

    if (sorted) {
        *sorted = (struct sorted_group){.id = group->id, .n = n};
        for (size_t i = 0; i < n; i++) {
            sorted->members[i] = column->atoms[i].row;
        }
        qsort(sorted->members, n, sizeof *sorted->members, compare_ids);
    }
    return sorted;
}

static const struct sorted_group *group_of(ovnk8s_watcher *watcher, struct row_id id)
{
    struct sorted_group *group = watcher->services.sites.groups;
    const struct row *row;

    while (group && !row_id_equal(group->id, id)) {
        group = group->next;
    }
    if (group) {
        return group;
    }
    row = replica_find(conn_replica(watcher->conn), GROUP_TABLE, id);
    group = row ? sort_group(row) : NULL;
    if (group) {
        group->next = watcher->services.sites.groups;
        watcher->services.sites.groups = group;
    }
    return group;
}

static bool is_member(const void *payload, struct row_id id, struct row_id balancer)
{
    const struct sorted_group *group = group_of((ovnk8s_watcher *)payload, id);

    return group && bsearch(&balancer, group->members, group->n, sizeof balancer, compare_ids);
}

static const struct row *find(const void *payload, const char *table, struct row_id id)
{
    return replica_find(conn_replica(((const ovnk8s_watcher *)payload)->conn), table, id);
}

/* Where services are at work. */

static void take_router(const struct row *router, void *payload)
{
    ovnk8s_watcher *watcher = payload;
    const char *owner = row_pair(router, "external_ids", OWNER_KEY);

    if (owner && !strcmp(owner, watcher->owner)) {
        rows_copy(&watcher->services.sites.facts, router);
    }
}

static void take_group(const struct row *group, void *payload)
{
    rows_want(&((ovnk8s_watcher *)payload)->services.sites.facts, GROUP_TABLE, group->id, NULL);
}

/* The addresses that are somebody's already. */
static bool take_addresses(struct service_places *sites, const struct scene *scene)
{
    const struct gateway_list *gateways = service_gateways(scene);
    struct cluster_record cluster;

    if (cluster_recall(scene, &cluster)) {
        sites->cluster = cluster.subnets;
        sites->join = cluster.join;
    }
    sites->n_gateways = 0;
    sites->gateways =
        gateways ? arena_alloc(&sites->facts.arena, (2 * gateways->n + 1) * sizeof(struct ip))
                 : NULL;
    for (size_t i = 0; i < (sites->gateways ? gateways->n : 0); i++) {
        const struct prefixes *addresses = &gateways->of[i].addresses;

        for (size_t at = 0; at < addresses->n; at++) {
            sites->gateways[sites->n_gateways++] = addresses->of[at].ip;
        }
    }
    return !gateways || sites->gateways;
}

static bool learn_sites(ovnk8s_watcher *watcher)
{
    struct service_places *sites = &watcher->services.sites;
    struct notes notes = {.first = NULL};
    const struct scene scene = {
        .owner = watcher->owner, .facts = &sites->facts, .looks = true, .notes = &notes};

    if (!sites->are_known) {
        replica_each(conn_replica(watcher->conn), ROUTER_TABLE, take_router, watcher);
        replica_each(conn_replica(watcher->conn), GROUP_TABLE, take_group, watcher);
        sites->are_known = take_addresses(sites, &scene) && !rows_failed(&sites->facts);
        notes_clear(&notes);
    }
    return sites->are_known;
}

const struct service_places *service_places(ovnk8s_watcher *watcher)
{
    if (!learn_sites(watcher)) {
        service_places_forget(watcher);
        return NULL;
    }
    return &watcher->services.sites;
}

bool service_is_in_database(ovnk8s_watcher *watcher, const ovnk8s_service *service)
{
    struct service_places *sites = &watcher->services.sites;
    const struct service_copy copy = {find, is_member, watcher};
    struct notes notes = {.first = NULL};
    const struct scene scene = {
        .owner = watcher->owner, .facts = &sites->facts, .looks = true, .notes = &notes};
    bool is_settled;

    if (!service_places(watcher)) {
        return false;
    }
    is_settled = service_is_settled(&scene, service, &copy);
    notes_clear(&notes);
    return is_settled;
}

void service_places_forget(ovnk8s_watcher *watcher)
{
    struct service_places *sites = &watcher->services.sites;

    rows_clear(&sites->facts);
    sites->n_gateways = 0;
    sites->cluster = sites->join = (struct prefixes){.n = 0};
    service_groups_forget(watcher);
    sites->are_known = false;
}

void service_groups_forget(ovnk8s_watcher *watcher)
{
    struct service_places *sites = &watcher->services.sites;

    while (sites->groups) {
        struct sorted_group *group = sites->groups;

        sites->groups = group->next;
        free(group);
    }
}
