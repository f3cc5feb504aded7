#include "topology/service.h"

#include <string.h>

#include "topology/groups.h"
#include "topology/names.h"
#include "topology/recall.h"
#include "topology/topology.h"

/* What ovnk8s_service_add() or ovnk8s_service_delete() was told. */
struct service_params {
    struct service_record service; /* Of one that is deleted: namespace and name alone. */
    bool is_added;
};

static const char gateways_topic[] = "gateways";

struct known_gateways {
    bool is_known;
    struct gateway_list list;
};

/* They are many times asked for in a plan with many services. NULL while nothing is known. */
static const struct gateway_list *gateways_of(const struct scene *scene)
{
    struct known_gateways *known =
        scene->facts->first ? scene_note(scene, gateways_topic, "", sizeof *known, NULL) : NULL;

    if (known && !known->is_known) {
        known->is_known = gateways_recall(scene, &scene->notes->arena, &known->list);
    }
    return known && known->is_known ? &known->list : NULL;
}

/* What there may be of a service, as its main rows tell. */

typedef void visit_fn(const struct scene *scene, struct rows *rows, const char *table,
                      struct row_id id, const char *name);

/* A protocol of a service, and what shall be done with the rows that it may have. */
struct visit {
    const struct scene *scene;
    const struct service_record *service;
    size_t protocol;
    struct rows *rows;
    visit_fn *visit;
};

static const struct row *main_fact(const struct scene *scene, const struct service_record *service,
                                   size_t protocol, struct arena *arena)
{
    const char *name = balancer_name(arena, service->service_namespace, service->name, protocol,
                                     PART_MAIN, NULL, false);

    return name
               ? rows_find(scene->facts, BALANCER_TABLE, row_id(scene->owner, BALANCER_TABLE, name))
               : NULL;
}

static void visit_part(const struct visit *v, enum service_part part, const char *site)
{
    for (int refused = 0; refused < 2; refused++) {
        const char *name = balancer_name(&v->rows->arena, v->service->service_namespace,
                                         v->service->name, v->protocol, part, site, refused);

        if (name) {
            v->visit(v->scene, v->rows, BALANCER_TABLE,
                     row_id(v->scene->owner, BALANCER_TABLE, name), name);
        }
    }
}

static void visit_gateway(const struct visit *v, const char *gateway)
{
    visit_part(v, PART_GATEWAY, gateway);
    visit_part(v, PART_LOCAL, gateway);
    for (unsigned int family = 4; family <= 6; family += 2) {
        v->visit(v->scene, v->rows, POLICY_TABLE,
                 service_policy_id(v->scene->owner, v->service->service_namespace, v->service->name,
                                   v->protocol, gateway, family),
                 NULL);
    }
}

static void visit_protocol(const struct visit *v, const struct row *main_row)
{
    const char *rest = row_pair(main_row, "external_ids", SERVICE_NODES_KEY);
    const char *marked = row_pair(main_row, "external_ids", SERVICE_GATEWAYS_KEY);
    const struct gateway_list *gateways = gateways_of(v->scene);

    visit_part(v, PART_MAIN, NULL);
    while (rest && *rest) {
        const size_t length = strcspn(rest, " ");
        const char *node = arena_strndup(&v->rows->arena, rest, length);

        if (node) {
            visit_part(v, PART_NODE, node);
        }
        rest += length + (rest[length] == ' ');
    }
    for (size_t i = 0; gateways && marked && !strcmp(marked, "yes") && i < gateways->n; i++) {
        visit_gateway(v, gateways->of[i].node);
    }
}

static void visit_all(const struct service_params *params, const struct scene *scene,
                      struct rows *rows, visit_fn *visit)
{
    struct visit v = {.scene = scene, .service = &params->service, .rows = rows, .visit = visit};

    for (; v.protocol < SERVICE_PROTOCOLS; v.protocol++) {
        const struct row *row = main_fact(scene, &params->service, v.protocol, &rows->arena);

        if (row) {
            visit_protocol(&v, row);
        }
    }
}

/* Asking. */

static void ask_row(const struct scene *scene, struct rows *asked, const char *table,
                    struct row_id id, const char *name)
{
    (void)scene;
    (void)name;
    row_ask(rows_ask(asked, table, id), "external_ids");
}

static void ask_group(const struct scene *scene, struct rows *asked, const char *group)
{
    row_ask(rows_ask(asked, GROUP_TABLE, group_id(scene->owner, group)), "name");
}

static void ask_nodes(const struct service_record *service, const struct scene *scene,
                      struct rows *asked)
{
    for (size_t i = 0; i < service->n_ports; i++) {
        const struct service_port_record *port = &service->ports[i];

        for (size_t j = 0; j < port->n_endpoints && service->internal_local; j++) {
            if (port->endpoints[j].node) {
                ask_group(scene, asked, switch_group(&asked->arena, port->endpoints[j].node));
            }
        }
    }
}

static bool has_group(const struct scene *scene, const struct rows *wanted, const char *group)
{
    const struct row_id id = group_id(scene->owner, group);

    return rows_find(scene->facts, GROUP_TABLE, id) ||
           (wanted && row_is_stated(wanted, GROUP_TABLE, id));
}

static void ask_main_rows(const struct service_record *service, const struct scene *scene,
                          struct rows *asked)
{
    for (size_t i = 0; i < SERVICE_PROTOCOLS; i++) {
        const char *name = balancer_name(&asked->arena, service->service_namespace, service->name,
                                         i, PART_MAIN, NULL, false);

        if (name) {
            ask_row(scene, asked, BALANCER_TABLE, row_id(scene->owner, BALANCER_TABLE, name), name);
        }
    }
}

static void ask(const void *opaque, const struct scene *scene, struct rows *asked)
{
    const struct service_params *params = opaque;

    if (asked->is_plain) {
        return;
    }
    asked->uses_newer = true;
    cluster_ask(scene, asked);
    ask_group(scene, asked, ALL_SWITCHES);
    row_ask(rows_ask_where(asked, ROUTER_TABLE, ROW_BY_OWNER, scene->owner), "external_ids");
    ask_main_rows(&params->service, scene, asked);
    ask_nodes(&params->service, scene, asked);
    visit_all(params, scene, asked, ask_row);
    if (scene->facts->first && params->is_added && !has_group(scene, NULL, ALL_SWITCHES)) {
        nodes_ask_all(scene, false, asked);
    }
}

/* Adding. */

/* A cluster from before there were services gets its groups. */
static int want_all_groups(const struct scene *scene, struct rows *wanted)
{
    const struct gateway_list *gateways = gateways_of(scene);
    struct arena *arena = &wanted->arena;
    struct node_list nodes;

    if (!nodes_recall(scene, &scene->notes->arena, &nodes)) {
        return fail_nomem();
    }
    want_group(wanted, scene->owner, ALL_SWITCHES);
    want_group(wanted, scene->owner, ALL_ROUTERS);
    for (size_t i = 0; i < nodes.n; i++) {
        const char *node = nodes.of[i].name;

        want_in_groups(wanted, scene->owner,
                       rows_edit(wanted, SWITCH_TABLE, switch_id(scene->owner, node), node),
                       ALL_SWITCHES, switch_group(arena, node));
    }
    for (size_t i = 0; gateways && i < gateways->n; i++) {
        const char *node = gateways->of[i].node;

        want_in_groups(wanted, scene->owner,
                       rows_edit(wanted, ROUTER_TABLE, gateway_router_id(scene->owner, node),
                                 arena_printf(arena, "GR_%s", node)),
                       ALL_ROUTERS, router_group(arena, node));
    }
    return 0;
}

struct node_view {
    const struct scene *scene;
    struct rows *wanted;
};

static bool has_node(const void *payload, const char *node)
{
    const struct node_view *view = payload;

    return has_group(view->scene, view->wanted, switch_group(&view->wanted->arena, node));
}

/* Those that the plan itself has added, or changed, are as it has them. */
static bool is_gone(const struct rows *wanted, const char *owner, const char *node)
{
    const struct row *row = rows_find(wanted, ROUTER_TABLE, gateway_router_id(owner, node));

    return row && (row->state == ROW_DROPPED || row_pair(row, "external_ids", GATEWAY_KEY));
}

static const char *stated_gateway(const struct row *row)
{
    return row->state == ROW_WANTED && !strcmp(row->table, ROUTER_TABLE)
               ? row_pair(row, "external_ids", GATEWAY_KEY)
               : NULL;
}

static size_t count_stated(const struct rows *wanted)
{
    size_t n = 0;

    for (const struct row *row = wanted->first; row; row = row->next) {
        n += stated_gateway(row) != NULL;
    }
    return n;
}

static int find_gateways(const struct scene *scene, struct rows *wanted,
                         struct service_sites *sites)
{
    const struct gateway_list *known = gateways_of(scene);
    const size_t n = known ? known->n : 0;
    struct gateway_record *all =
        arena_alloc(&wanted->arena, (n + count_stated(wanted) + 1) * sizeof *all);

    for (size_t i = 0; i < n && all; i++) {
        if (!is_gone(wanted, scene->owner, known->of[i].node)) {
            all[sites->n_gateways++] = known->of[i];
        }
    }
    for (const struct row *row = wanted->first; row && all; row = row->next) {
        const char *text = stated_gateway(row);

        if (text && gateway_text_parse(text, &wanted->arena, &all[sites->n_gateways])) {
            sites->n_gateways++;
        }
    }
    sites->gateways = all;
    return all ? 0 : fail_nomem();
}

static bool needs_gateways(const struct service_record *service)
{
    bool has_node_port = false;

    for (size_t i = 0; i < service->n_ports; i++) {
        has_node_port |= service->ports[i].node_port;
    }
    return has_node_port || service->external_local;
}

static int add(const struct service_params *params, const struct scene *scene, struct rows *wanted)
{
    const struct node_view view = {.scene = scene, .wanted = wanted};
    struct cluster_record cluster;
    struct service_sites sites = {.cluster = &cluster, .has_node = has_node, .payload = &view};
    int error = cluster_find(scene, wanted, &cluster);

    if (!error && !has_group(scene, wanted, ALL_SWITCHES)) {
        error = want_all_groups(scene, wanted);
    }
    if (!error && needs_gateways(&params->service)) {
        error = find_gateways(scene, wanted, &sites);
    }
    if (!error) {
        want_service(wanted, scene->owner, &params->service, &sites);
    }
    return error;
}

/* What is there and was not stated goes. */
static void drop_row(const struct scene *scene, struct rows *wanted, const char *table,
                     struct row_id id, const char *name)
{
    if (!rows_find(scene->facts, table, id) || row_is_stated(wanted, table, id)) {
        return;
    }
    rows_drop(wanted, table, id, name);
    if (!strcmp(table, POLICY_TABLE)) {
        row_excludes_row(rows_edit(wanted, ROUTER_TABLE, cluster_router_id(scene->owner), NULL),
                         "policies", id);
    }
}

static int resolve(const void *opaque, const struct scene *scene, struct rows *wanted)
{
    const struct service_params *params = opaque;
    int error = 0;

    if (wanted->is_plain) {
        return params->is_added ? fail(OVNK8S_UNSUPPORTED, "the server has no table " GROUP_TABLE
                                                           ": services need OVN 22.03 or newer")
                                : 0;
    }
    error = params->is_added ? add(params, scene, wanted) : 0;
    if (!error) {
        visit_all(params, scene, wanted, drop_row);
    }
    return error ? error : rows_failed(wanted) ? fail_nomem() : 0;
}

static const struct intent_type add_type = {"adding service", ask, resolve};
static const struct intent_type delete_type = {"deleting service", ask, resolve};

/* Of several wishes about one service the last counts. */
static int intend(ovnk8s_plan *plan, const struct intent_type *type,
                  const struct service_params *params)
{
    const char *object =
        arena_join(&plan->arena, params->service.service_namespace, "/", params->service.name);

    if (!object) {
        return fail_nomem();
    }
    plan_withdraw(plan, &add_type, object);
    plan_withdraw(plan, &delete_type, object);
    return plan_intend(plan, type, object, params);
}

int ovnk8s_service_add(ovnk8s_plan *plan, const ovnk8s_service *service)
{
    struct service_params *params = arena_alloc(&plan->arena, sizeof *params);
    const int error =
        params ? service_parse(service, &plan->arena, &params->service) : fail_nomem();

    if (error) {
        return error;
    }
    params->is_added = true;
    return intend(plan, &add_type, params);
}

int ovnk8s_service_delete(ovnk8s_plan *plan, const char *service_namespace, const char *name)
{
    struct service_params *params = arena_alloc(&plan->arena, sizeof *params);
    int error = params ? check_dns_label("service namespace", service_namespace) : fail_nomem();

    error = error ? error : check_dns_label("service name", name);
    if (error) {
        return error;
    }
    params->service.service_namespace = arena_strdup(&plan->arena, service_namespace);
    params->service.name = arena_strdup(&plan->arena, name);
    return params->service.name ? intend(plan, &delete_type, params) : fail_nomem();
}
