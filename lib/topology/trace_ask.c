/* What must be known for a trace: a query, and the rows that it is about. */

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "topology/ledger.h"
#include "topology/names.h"
#include "topology/topology.h"
#include "topology/trace.h"

void ovnk8s_trace_query_init(ovnk8s_trace_query *query)
{
    *query = (ovnk8s_trace_query)OVNK8S_TRACE_QUERY_INIT;
}

/* Of the Northbound database. Of ports, of which there are many, only those are read that are on
 * switches where the way may lead. */

static void ask_columns(struct rows *asked, const char *table, const char *const columns[])
{
    struct row *row = rows_ask_where(asked, table, ROW_ANY, "");

    for (; *columns; columns++) {
        row_ask(row, *columns);
    }
}

static void ask_network(struct rows *asked)
{
    static const char *const switches[] = {
        "name", "ports", "external_ids", "acls", "load_balancer", "load_balancer_group", NULL};
    static const char *const routers[] = {
        "name",    "ports",         "static_routes",       "policies",     "nat", "options",
        "enabled", "load_balancer", "load_balancer_group", "external_ids", NULL};
    static const char *const ports[] = {"name", "networks", "enabled", NULL};
    static const char *const routes[] = {"ip_prefix", "nexthop", "output_port", "policy", NULL};
    static const char *const policies[] = {"priority", "match", "action", NULL};
    static const char *const nat[] = {"type", "logical_ip", "external_ip", NULL};
    static const char *const acls[] = {"priority", "direction", "match", "action", "name", NULL};
    static const char *const groups[] = {"name", "ports", "acls", NULL};
    static const char *const balancers[] = {"name", "vips", "protocol", "external_ids", NULL};
    static const char *const balancer_groups[] = {"name", "load_balancer", NULL};

    ask_columns(asked, SWITCH_TABLE, switches);
    ask_columns(asked, ROUTER_TABLE, routers);
    ask_columns(asked, ROUTER_PORT_TABLE, ports);
    ask_columns(asked, ROUTE_TABLE, routes);
    ask_columns(asked, POLICY_TABLE, policies);
    ask_columns(asked, NAT_TABLE, nat);
    ask_columns(asked, ACL_TABLE, acls);
    ask_columns(asked, PORT_GROUP_TABLE, groups);
    ask_columns(asked, BALANCER_TABLE, balancers);
    ask_columns(asked, BALANCER_GROUP_TABLE, balancer_groups);
}

static void ask_port_columns(struct row *row)
{
    static const char *const columns[] = {"name",    "type",          "addresses",   "options",
                                          "enabled", "port_security", "external_ids"};

    for (size_t i = 0; i < COUNT_OF(columns); i++) {
        row_ask(row, columns[i]);
    }
}

/* One that somebody else has made is read as well. */
static void ask_place(const struct scene *scene, const struct place *place, struct rows *asked)
{
    if (place->kind == PLACE_PORT) {
        ask_port_columns(
            rows_ask(asked, SWITCH_PORT_TABLE, switch_port_id(scene->owner, place->port)));
        ask_port_columns(rows_ask_where(asked, SWITCH_PORT_TABLE, ROW_BY_NAME, place->port));
    }
}

/* Whether a place is on a switch. */
struct interest {
    const struct scene *scene;
    const struct query *query;
    const struct row *on;
    struct prefixes subnets;
};

static bool holds_ip(const struct interest *interest, const struct ip *ip)
{
    const struct prefix *subnet = prefixes_of(&interest->subnets, ip->family);

    return subnet && prefix_contains(subnet, ip);
}

static bool holds_place(const struct interest *interest, const struct place *place)
{
    const struct row *named;

    if (place->kind == PLACE_ADDRESS) {
        return holds_ip(interest, &place->ip);
    }
    if (place->kind != PLACE_PORT) {
        return false;
    }
    named = row_with(interest->scene->facts, SWITCH_PORT_TABLE, "name", place->port);
    return named && row_refers(interest->on, "ports", named->id);
}

struct backend_search {
    const struct interest *interest;
    bool found;
};

static bool look_at_backends(const struct virtual_ip *vip, void *payload)
{
    struct backend_search *search = payload;
    const char *list = vip->backends;
    struct ip ip;
    unsigned int port;

    while (!search->found && next_backend(&list, &ip, &port)) {
        search->found = holds_ip(search->interest, &ip);
    }
    return !search->found;
}

/* Whatever is no node's switch lies between routers. */
static bool is_of_interest(const struct interest *interest)
{
    struct backend_search search = {interest, false};

    if (!is_node_switch(interest->on) || holds_place(interest, &interest->query->source) ||
        holds_place(interest, &interest->query->destination)) {
        return true;
    }
    each_virtual_ip(interest->scene->facts, interest->query, look_at_backends, &search);
    return search.found;
}

/* That of a node is also called like one, with the ledger to go with it. */
static void ask_ports(const struct interest *interest, struct rows *asked)
{
    const struct column *ports = row_column(interest->on, "ports");
    const char *name = row_string(interest->on, "name");

    for (size_t i = 0; ports && i < ports->n; i++) {
        ask_port_columns(rows_ask(asked, SWITCH_PORT_TABLE, ports->atoms[i].row));
    }
    if (name && is_node_switch(interest->on)) {
        row_ask(rows_ask(asked, LEDGER_TABLE, node_ledger_id(interest->scene->owner, name)),
                RECORDS_COLUMN);
    }
}

static void ask_nb(const void *params, const struct scene *scene, struct rows *asked)
{
    const struct query *query = params;

    ask_network(asked);
    ask_place(scene, &query->source, asked);
    ask_place(scene, &query->destination, asked);
    for (const struct row *row = scene->facts->first; row; row = row->next) {
        struct interest interest = {.scene = scene, .query = query, .on = row};

        if (!strcmp(row->table, SWITCH_TABLE)) {
            switch_subnets(row, &interest.subnets);
            if (is_of_interest(&interest)) {
                ask_ports(&interest, asked);
            }
        }
    }
}

static int want_nothing(const void *params, const struct scene *scene, struct rows *wanted)
{
    (void)params;
    (void)scene;
    (void)wanted;
    return 0;
}

static const struct intent_type nb_type = {"tracing", ask_nb, want_nothing};

int ovnk8s_trace_read_nb(ovnk8s_plan *plan, const ovnk8s_trace_query *theirs)
{
    struct query *query = arena_alloc(&plan->arena, sizeof *query);
    const int error = query ? query_parse(&plan->arena, theirs, query) : fail_nomem();

    return error ? error : plan_intend(plan, &nb_type, query->source.text, query);
}

const struct query *trace_query(const ovnk8s_plan *nb)
{
    const struct intent *intent = nb->first;

    while (intent && intent->type != &nb_type) {
        intent = intent->next;
    }
    return intent ? intent->params : NULL;
}

/* Of the Southbound database: the ports that the way has led to so far. */

static void ask_sb(const void *params, const struct scene *scene, struct rows *asked)
{
    static const char *const chassis[] = {"name", "hostname", "encaps", NULL};
    static const char *const encaps[] = {"type", "ip", NULL};

    (void)scene;
    ask_columns(asked, "Chassis", chassis);
    ask_columns(asked, "Encap", encaps);
    for (const struct port_name *met = params; met; met = met->next) {
        struct row *binding = rows_ask_where(asked, "Port_Binding", ROW_BY_PORT, met->name);

        row_ask(binding, "logical_port");
        row_ask(binding, "chassis");
        row_ask(binding, "up");
    }
}

static const struct intent_type sb_type = {"tracing", ask_sb, want_nothing};

static struct port_name *copy_names(struct arena *arena, const struct port_name *from)
{
    struct port_name *first = NULL;

    for (; from; from = from->next) {
        struct port_name *copy = arena_alloc(arena, sizeof *copy);

        if (copy) {
            *copy = (struct port_name){first, arena_strdup(arena, from->name)};
            first = copy;
        }
    }
    return first;
}

int ovnk8s_trace_read_sb(ovnk8s_plan *plan, const ovnk8s_plan *nb)
{
    const struct port_name *names;
    ovnk8s_trace *trace;
    const int error = ovnk8s_trace_new(&trace, nb, NULL, NULL);

    if (error) {
        return error;
    }
    names = copy_names(&plan->arena, trace->met);
    ovnk8s_trace_free(trace);
    return plan_intend(plan, &sb_type, "ports", names);
}

/* Of Open vSwitch. */

static void ask_vswitch(const void *params, const struct scene *scene, struct rows *asked)
{
    static const char *const settings[] = {"external_ids", NULL};
    static const char *const bridges[] = {"name", "ports", NULL};
    static const char *const ports[] = {"name", "interfaces", NULL};
    static const char *const interfaces[] = {"name",    "type", "external_ids", "ofport", "error",
                                             "options", NULL};

    (void)params;
    (void)scene;
    ask_columns(asked, "Open_vSwitch", settings);
    ask_columns(asked, "Bridge", bridges);
    ask_columns(asked, "Port", ports);
    ask_columns(asked, "Interface", interfaces);
}

static const struct intent_type vswitch_type = {"tracing", ask_vswitch, want_nothing};

int ovnk8s_trace_read_vswitch(ovnk8s_plan *plan)
{
    return plan_intend(plan, &vswitch_type, "interfaces", NULL);
}
