#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "topology/names.h"
#include "topology/port_address.h"
#include "topology/recall.h"
#include "topology/wants.h"

void ovnk8s_port_init(ovnk8s_port *port)
{
    *port = (ovnk8s_port)OVNK8S_PORT_INIT;
}

/* The row. */

void want_port(struct rows *wanted, const char *owner, const char *node,
               const struct port_record *port, struct row *ledger, bool is_new)
{
    struct arena *arena = &wanted->arena;
    const size_t namespace_length = strcspn(port->name, "_");
    const char *pod_namespace = arena_strndup(arena, port->name, namespace_length);
    const char *text = port_addresses(arena, &port->mac, &port->addresses);
    const struct row_id id = switch_port_id(owner, port->name);
    const bool is_stated = row_is_stated(wanted, SWITCH_PORT_TABLE, id);
    struct row *row = rows_want(wanted, SWITCH_PORT_TABLE, id, port->name);
    struct row *node_switch = rows_edit(wanted, SWITCH_TABLE, switch_id(owner, node), node);

    if (rows_failed(wanted)) {
        return;
    }
    row->is_new = is_new;
    row_is_string(row, "name", port->name);
    row_is_string(row, "addresses", text);
    row_is_string(row, "port_security", text);
    row_includes_pair(row, "external_ids", NAMESPACE_KEY, pod_namespace);
    row_includes_pair(row, "external_ids", POD_KEY, "true");
    row_includes_pair(row, "external_ids", NODE_KEY, node);
    if (port->pod_uid) {
        row_includes_pair(row, "external_ids", POD_UID_KEY, port->pod_uid);
    } else {
        row_excludes_key(row, "external_ids", POD_UID_KEY);
    }
    row_is_owned(row, owner);
    if (!is_stated) {
        row_includes_row(node_switch, "ports", id);
    }
    want_port_entry(ledger, port, text, is_new, is_stated);
}

/* Adding. */

/* What ports of one plan share that are on the same node: it is found out once. */
struct host {
    bool is_asked, is_asked_again, is_found;
    struct prefixes subnets;
};

/* Those whose addresses are chosen by somebody else need to know less. */
static struct host *host_of(const struct scene *scene, const struct port_wish *wish)
{
    static const char topic[] = "node of ports", chosen_topic[] = "node of chosen ports";

    return scene_note(scene, wish->choose ? chosen_topic : topic, wish->node, sizeof(struct host),
                      NULL);
}

static void ask_node(const struct port_wish *wish, const struct scene *scene, struct rows *asked)
{
    struct host *host = host_of(scene, wish);
    const bool again = scene->facts->first != NULL;

    if (!host || host->is_asked_again || (host->is_asked && !again)) {
        return;
    }
    host->is_asked = true;
    host->is_asked_again = again;
    node_ask(scene, wish->node, asked);
    if (!wish->choose) {
        port_ask_taken(scene, wish->node, asked);
    }
}

/* What is asked about the row itself tells whether it is on another node. */
static void ask(const void *params, const struct scene *scene, struct rows *asked)
{
    const struct port_wish *wish = params;

    ask_node(wish, scene, asked);
    if (scene->looks) {
        port_ask(scene, pod_port_name(&asked->arena, wish->pod_namespace, wish->pod), asked);
    }
}

/* A port that was on another node leaves it. */
static void leave_other(const struct port_view *view)
{
    const char *owner = view->scene->owner;
    const struct row_id id = switch_port_id(owner, view->name);
    const struct row *row = rows_find(view->scene->facts, SWITCH_PORT_TABLE, id);
    const char *other = row_pair(row, "external_ids", NODE_KEY);

    if (other && strcmp(other, view->wish->node) != 0) {
        row_excludes_row(rows_edit(view->wanted, SWITCH_TABLE, switch_id(owner, other), other),
                         "ports", id);
        row_excludes_key(edit_node_ledger(view->wanted, owner, other), RECORDS_COLUMN, view->name);
    }
}

/* For ovnk8s_plan_port_addresses(). */
static void remember_addresses(struct rows *wanted, struct row_id id,
                               const struct prefixes *addresses)
{
    struct row *row = rows_find(wanted, SWITCH_PORT_TABLE, id);
    char text[PREFIXES_TEXT];

    if (row) {
        row->remark = arena_strdup(&wanted->arena, prefixes_to_text(addresses, text));
    }
}

/* An entry that was read tells that there is a port already. */
static bool is_new(const struct port_view *view)
{
    return !view->scene->looks && !column_pair(port_entries(view, view->scene->facts), view->name);
}

static void want_it(const struct port_view *view, const struct port_record *recalled)
{
    const struct port_wish *wish = view->wish;
    const struct node_record node = {wish->node, view->subnets};
    const char *owner = view->scene->owner;
    struct port_record port = {.name = view->name,
                               .pod_uid = wish->pod_uid,
                               .addresses = view->addresses,
                               .mac = mac_from_ip(&view->addresses.of[0].ip)};
    struct row *ledger = want_node_ledger(view->wanted, owner, &node);

    if (wish->mac) {
        port.mac = *wish->mac;
    } else if (!wish->addresses.n && recalled->addresses.n) {
        port.mac = recalled->mac;
    }
    want_port(view->wanted, owner, wish->node, &port, ledger, is_new(view));
    leave_other(view);
    ledger->guarded = true; /* Somebody else may give the address away just now. */
    remember_addresses(view->wanted, switch_port_id(owner, view->name), &view->addresses);
}

static int find_node(struct port_view *view)
{
    const char *node = view->wish->node;
    struct host *host = host_of(view->scene, view->wish);

    if (!host) {
        return fail_nomem();
    }
    if (!host->is_found && !node_find(view->scene, view->wanted, node, &host->subnets)) {
        return fail(OVNK8S_NOTFOUND, "node %s has no logical switch: add it first (minion-init)",
                    node);
    }
    host->is_found = true;
    view->subnets = host->subnets;
    return 0;
}

static int resolve(const void *params, const struct scene *scene, struct rows *wanted)
{
    const struct port_wish *wish = params;
    struct port_view view = {.wish = wish,
                             .scene = scene,
                             .wanted = wanted,
                             .name = pod_port_name(&wanted->arena, wish->pod_namespace, wish->pod),
                             .addresses = wish->addresses};
    struct port_record recalled = {.addresses.n = 0};
    int error = view.name ? find_node(&view) : fail_nomem();

    if (!error && wish->choose) {
        error = wish->choose(wish->payload, &view.addresses);
    }
    error = error ? error : port_check_addresses(&view);
    if (!error && !wish->choose) {
        error = port_find_addresses(&view, &recalled);
    }
    if (!error) {
        want_it(&view, &recalled);
    }
    return error;
}

static const struct intent_type port_type = {"adding port of pod", ask, resolve};

/* A pod as people write it. */
static const char *pod_text(struct arena *arena, const char *pod_namespace, const char *pod)
{
    return arena_join(arena, pod_namespace, "/", pod);
}

int port_intend(ovnk8s_plan *plan, const struct port_wish *wish)
{
    struct port_wish *copy = arena_alloc(&plan->arena, sizeof *copy);
    struct mac *mac = wish->mac ? arena_alloc(&plan->arena, sizeof *mac) : NULL;

    if (!copy || (wish->mac && !mac)) {
        return fail_nomem();
    }
    *copy = *wish;
    copy->pod_namespace = arena_strdup(&plan->arena, wish->pod_namespace);
    copy->pod = arena_strdup(&plan->arena, wish->pod);
    copy->node = arena_strdup(&plan->arena, wish->node);
    copy->pod_uid = arena_strdup(&plan->arena, wish->pod_uid);
    if (mac) {
        *mac = *wish->mac;
        copy->mac = mac;
    }
    return plan_intend(plan, &port_type, pod_text(&plan->arena, wish->pod_namespace, wish->pod),
                       copy);
}

static int check_names(const char *pod_namespace, const char *pod, const char *node)
{
    int error = check_dns_label("namespace", pod_namespace);

    error = error ? error : check_dns_name("pod name", pod);
    return error ? error : check_node_name(node);
}

int ovnk8s_port_add(ovnk8s_plan *plan, const ovnk8s_port *theirs)
{
    ovnk8s_port port = OVNK8S_PORT_INIT;
    struct prefixes addresses = {.n = 0};
    struct mac mac;
    int error = options_take(&port, sizeof port, theirs);

    error = error ? error : check_names(port.pod_namespace, port.pod, port.node);
    if (error) {
        return error;
    }
    if (port.addresses && !prefixes_from_text(port.addresses, &addresses)) {
        return fail(OVNK8S_INVALID,
                    "addresses \"%s\" of pod %s/%s: expected ADDRESS/LENGTH, or one of IPv4 and one"
                    " of IPv6 with a comma between",
                    port.addresses, port.pod_namespace, port.pod);
    }
    if (port.mac && (!mac_from_text(port.mac, &mac) || mac.bytes[0] & 1)) {
        return fail(OVNK8S_INVALID,
                    "MAC \"%s\" of pod %s/%s: expected a unicast one such as"
                    " 0a:58:0a:01:02:03",
                    port.mac, port.pod_namespace, port.pod);
    }
    return port_intend(plan, &(struct port_wish){.pod_namespace = port.pod_namespace,
                                                 .pod = port.pod,
                                                 .node = port.node,
                                                 .pod_uid = port.pod_uid,
                                                 .addresses = addresses,
                                                 .mac = port.mac ? &mac : NULL});
}

const char *ovnk8s_plan_port_addresses(const ovnk8s_plan *plan, const char *pod_namespace,
                                       const char *pod)
{
    char name[512];
    const struct row *row;

    snprintf(name, sizeof name, "%s_%s", pod_namespace ? pod_namespace : "", pod ? pod : "");
    row = rows_find(&plan->wanted, SWITCH_PORT_TABLE, switch_port_id(plan->owner, name));
    return row ? row->remark : NULL;
}

/* Deleting. */

/* Nothing at first: most are where they are said to be. */
static void ask_delete(const void *params, const struct scene *scene, struct rows *asked)
{
    const struct port_wish *wish = params;
    const char *name = pod_port_name(&asked->arena, wish->pod_namespace, wish->pod);

    if (scene->looks && name) {
        node_ask_ports(scene, wish->node, asked);
        row_ask(rows_ask(asked, SWITCH_PORT_TABLE, switch_port_id(scene->owner, name)),
                "external_ids");
    }
}

static bool is_elsewhere(const struct scene *scene, const char *node, const char *name)
{
    const struct row *port =
        rows_find(scene->facts, SWITCH_PORT_TABLE, switch_port_id(scene->owner, name));
    const char *there = row_pair(port, "external_ids", NODE_KEY);

    return there && strcmp(there, node) != 0 &&
           !column_pair(ledger_entries(scene->facts, scene->owner, node), name);
}

static int resolve_delete(const void *params, const struct scene *scene, struct rows *wanted)
{
    const struct port_wish *wish = params;
    const char *owner = scene->owner;
    const char *name = pod_port_name(&wanted->arena, wish->pod_namespace, wish->pod);
    const struct row_id id = switch_port_id(owner, name ? name : "");
    struct row *ledger;

    if (!name) {
        return fail_nomem();
    }
    if (is_elsewhere(scene, wish->node, name)) {
        return 0;
    }
    rows_drop(wanted, SWITCH_PORT_TABLE, id, name);
    row_excludes_row(rows_edit(wanted, SWITCH_TABLE, switch_id(owner, wish->node), wish->node),
                     "ports", id);
    ledger = edit_node_ledger(wanted, owner, wish->node);
    ledger->touched = true;
    row_excludes_key(ledger, RECORDS_COLUMN, name);
    return 0;
}

static const struct intent_type delete_type = {"deleting port of pod", ask_delete, resolve_delete};

int ovnk8s_port_delete(ovnk8s_plan *plan, const char *pod_namespace, const char *pod,
                       const char *node)
{
    struct port_wish *wish = arena_alloc(&plan->arena, sizeof *wish);
    const int error = wish ? check_names(pod_namespace, pod, node) : fail_nomem();

    if (error) {
        return error;
    }
    wish->pod_namespace = arena_strdup(&plan->arena, pod_namespace);
    wish->pod = arena_strdup(&plan->arena, pod);
    wish->node = arena_strdup(&plan->arena, node);
    return plan_intend(plan, &delete_type, pod_text(&plan->arena, pod_namespace, pod), wish);
}
