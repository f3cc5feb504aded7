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

static struct row_id main_id(const struct scene *scene, const struct service_record *service,
                             size_t protocol, struct arena *arena)
{
    const char *name = balancer_name(arena, service->service_namespace, service->name, protocol,
                                     PART_MAIN, NULL, false);

    return row_id(scene->owner, BALANCER_TABLE, name ? name : "");
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
    const struct gateway_list *gateways = service_gateways(v->scene);

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

/* 'facts' has the main rows. */
static void visit_all(const struct service_params *params, const struct scene *scene,
                      const struct rows *facts, struct rows *rows, visit_fn *visit)
{
    struct visit v = {.scene = scene, .service = &params->service, .rows = rows, .visit = visit};

    for (; v.protocol < SERVICE_PROTOCOLS; v.protocol++) {
        const struct row *row = rows_find(
            facts, BALANCER_TABLE, main_id(scene, &params->service, v.protocol, &rows->arena));

        if (row) {
            visit_protocol(&v, row);
        }
    }
}

/* Asking. */

/* Whether it is there is enough for what shall go. */
static void ask_row(const struct scene *scene, struct rows *asked, const char *table,
                    struct row_id id, const char *name)
{
    (void)scene;
    (void)name;
    row_ask(rows_ask(asked, table, id), "external_ids");
}

/* What stays is compared: asked for at once, it need not be asked for again. */
static void ask_whole_row(const struct scene *scene, struct rows *asked, const char *table,
                          struct row_id id, const char *name)
{
    static const char *const of_balancer[] = {"name",    "protocol", "vips", "selection_fields",
                                              "options", NULL};
    static const char *const of_policy[] = {"priority", "match", "action", "nexthop", NULL};
    const char *const *columns = strcmp(table, POLICY_TABLE) ? of_balancer : of_policy;
    struct row *row = rows_ask(asked, table, id);

    ask_row(scene, asked, table, id, name);
    for (size_t i = 0; columns[i]; i++) {
        row_ask(row, columns[i]);
    }
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
                          struct rows *asked, visit_fn *ask_one)
{
    for (size_t i = 0; i < SERVICE_PROTOCOLS; i++) {
        const char *name = balancer_name(&asked->arena, service->service_namespace, service->name,
                                         i, PART_MAIN, NULL, false);

        if (name) {
            ask_one(scene, asked, BALANCER_TABLE, row_id(scene->owner, BALANCER_TABLE, name), name);
        }
    }
}

static void ask(const void *opaque, const struct scene *scene, struct rows *asked)
{
    const struct service_params *params = opaque;
    visit_fn *ask_one = params->is_added ? ask_whole_row : ask_row;

    if (asked->is_plain) {
        return;
    }
    asked->uses_newer = true;
    cluster_ask(scene, asked);
    ask_group(scene, asked, ALL_SWITCHES);
    row_ask(rows_ask_where(asked, ROUTER_TABLE, ROW_BY_OWNER, scene->owner), "external_ids");
    ask_main_rows(&params->service, scene, asked, ask_one);
    ask_nodes(&params->service, scene, asked);
    visit_all(params, scene, scene->facts, asked, ask_one);
    if (scene->facts->first && params->is_added && !has_group(scene, NULL, ALL_SWITCHES)) {
        nodes_ask_all(scene, false, asked);
    }
}

/* Adding. */

/* A cluster from before there were services gets its groups. */
static int want_all_groups(const struct scene *scene, struct rows *wanted)
{
    const struct gateway_list *gateways = service_gateways(scene);
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

/* All rows of a protocol come and go with its main one, so none is looked for in vain. */
static void find_new(const struct service_params *params, const struct scene *scene,
                     struct arena *arena, struct service_sites *sites)
{
    for (size_t i = 0; i < SERVICE_PROTOCOLS; i++) {
        const struct row_id id = main_id(scene, &params->service, i, arena);

        sites->is_new[i] = !scene->looks && !rows_find(scene->facts, BALANCER_TABLE, id);
    }
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
        error = service_find_gateways(scene, wanted, &sites);
    }
    if (!error) {
        find_new(params, scene, &wanted->arena, &sites);
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
                                                           ": services need OVN 21.12 or newer")
                                : 0;
    }
    error = params->is_added ? add(params, scene, wanted) : 0;
    if (!error) {
        visit_all(params, scene, scene->facts, wanted, drop_row);
    }
    return error ? error : rows_failed(wanted) ? fail_nomem() : 0;
}

/* Comparing with a copy of the database. */

struct comparison {
    struct rows wanted; /* First: what visits are given. */
    struct rows facts;  /* What is there of that. */
    const struct service_copy *copy;
    bool has_other; /* There is a row that is not wanted. */
};

static const struct row *look_up(const struct comparison *c, const char *table, struct row_id id)
{
    return c->copy->find(c->copy->payload, table, id);
}

/* Of a set that the row is wanted to have something in: what of that it has. */
static void take_members(struct comparison *c, const struct row *row)
{
    struct row *fact = rows_want(&c->facts, row->table, row->id, row->name);

    for (const struct column *column = row->columns; column; column = column->next) {
        for (size_t i = 0; i < column->n; i++) {
            const struct row_id member = column->atoms[i].row;
            const bool is_there = strcmp(row->table, GROUP_TABLE)
                                      ? look_up(c, POLICY_TABLE, member) != NULL
                                      : c->copy->is_member(c->copy->payload, row->id, member);

            if (is_there) {
                row_add_atoms(fact, column->name, COLUMN_IS, false, &column->atoms[i], 1);
            }
        }
    }
}

static void take_stated(struct comparison *c)
{
    for (const struct row *row = c->wanted.first; row; row = row->next) {
        if (row->state == ROW_EDITED) {
            take_members(c, row);
        } else {
            const struct row *fact = look_up(c, row->table, row->id);

            if (fact) {
                rows_copy(&c->facts, fact);
            }
        }
    }
}

static void seek_other(const struct scene *scene, struct rows *wanted, const char *table,
                       struct row_id id, const char *name)
{
    struct comparison *c = (struct comparison *)wanted;

    (void)scene;
    (void)name;
    c->has_other |= !row_is_stated(wanted, table, id) && look_up(c, table, id);
}

/* Main rows of protocols that the service has not are taken, too: they tell what else there is. */
static void take_main_rows(const struct service_params *params, const struct scene *scene,
                           struct comparison *c)
{
    for (size_t i = 0; i < SERVICE_PROTOCOLS; i++) {
        const struct row_id id = main_id(scene, &params->service, i, &c->wanted.arena);
        const struct row *row = look_up(c, BALANCER_TABLE, id);

        if (row && !row_is_stated(&c->wanted, BALANCER_TABLE, id)) {
            c->has_other = true;
        }
    }
}

static bool is_same(const struct service_params *params, const struct scene *scene,
                    struct comparison *c)
{
    struct changes changes = {.n = 0};
    bool is_same = false;

    take_main_rows(params, scene, c);
    take_stated(c);
    visit_all(params, scene, &c->facts, &c->wanted, seek_other);
    if (!c->has_other && !rows_failed(&c->wanted) && !rows_failed(&c->facts)) {
        is_same = !changes_compute(&c->wanted, &c->facts, &changes) && !changes.n;
    }
    changes_clear(&changes);
    return is_same;
}

bool service_is_settled(const struct scene *scene, const ovnk8s_service *service,
                        const struct service_copy *copy)
{
    struct comparison c = {.copy = copy};
    struct service_params params = {.is_added = true};
    struct arena arena = {0};
    const bool is_settled = has_group(scene, NULL, ALL_SWITCHES) &&
                            !service_parse(service, &arena, &params.service) &&
                            !add(&params, scene, &c.wanted) && is_same(&params, scene, &c);

    rows_clear(&c.facts);
    rows_clear(&c.wanted);
    arena_clear(&arena);
    return is_settled;
}

/* Intents. */

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
