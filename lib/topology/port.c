#include <string.h>

#include "base/options.h"
#include "topology/names.h"
#include "topology/topology.h"

void ovnk8s_port_init(ovnk8s_port *port)
{
    *port = (ovnk8s_port)OVNK8S_PORT_INIT;
}

static void ask(const void *params, const char *owner, struct rows *asked)
{
    const struct port_wish *wish = params;

    row_ask(rows_ask(asked, SWITCH_TABLE, switch_id(owner, wish->node)), "external_ids");
}

static int check_address(const struct prefix *address, const struct prefixes *subnets,
                         const char *node)
{
    const struct prefix *subnet = prefixes_of(subnets, address->ip.family);
    char text[PREFIX_TEXT], subnet_text[PREFIXES_TEXT];
    uint64_t index;

    prefix_to_text(address, text);
    if (!subnet || subnet->length != address->length || !prefix_contains(subnet, &address->ip)) {
        return fail(OVNK8S_INVALID, "address %s is not one of subnet %s of node %s", text,
                    prefixes_to_text(subnets, subnet_text), node);
    }
    index = prefix_index(subnet, &address->ip);
    if (index < FIRST_POD_INDEX) {
        return fail(OVNK8S_INVALID, "address %s is that of the router or of node %s", text, node);
    }
    if (!is_pod_index(subnet, index)) {
        return fail(OVNK8S_INVALID, "address %s is for broadcast", text);
    }
    return 0;
}

static int check_addresses(const struct port_wish *wish, const struct prefixes *addresses,
                           const struct row *node_switch)
{
    struct prefixes subnets;
    int error = 0;

    if (!switch_subnets(node_switch, &subnets)) {
        return fail(OVNK8S_NOTFOUND, "node %s has no logical switch: add it first (minion-init)",
                    wish->node);
    }
    for (size_t i = 0; i < addresses->n && !error; i++) {
        error = check_address(&addresses->of[i], &subnets, wish->node);
    }
    return error;
}

static void want_port(const struct port_wish *wish, const struct prefixes *addresses,
                      const char *owner, struct rows *wanted)
{
    const struct mac mac = wish->mac ? *wish->mac : mac_from_ip(&addresses->of[0].ip);
    const char *name = pod_port_name(&wanted->arena, wish->pod_namespace, wish->pod);
    const char *text = port_addresses(&wanted->arena, &mac, addresses);
    const struct row_id id = switch_port_id(owner, name ? name : "");
    struct row *port = rows_want(wanted, SWITCH_PORT_TABLE, id, name);
    struct row *node_switch =
        rows_edit(wanted, SWITCH_TABLE, switch_id(owner, wish->node), wish->node);

    if (rows_failed(wanted)) {
        return;
    }
    port->is_new = true;
    row_is_string(port, "name", name);
    row_is_string(port, "addresses", text);
    row_is_string(port, "port_security", text);
    row_includes_pair(port, "external_ids", NAMESPACE_KEY, wish->pod_namespace);
    row_includes_pair(port, "external_ids", POD_KEY, "true");
    row_includes_pair(port, "external_ids", NODE_KEY, wish->node);
    if (wish->pod_uid) {
        row_includes_pair(port, "external_ids", POD_UID_KEY, wish->pod_uid);
    }
    row_is_owned(port, owner);
    row_includes_row(node_switch, "ports", id);
    node_switch->guarded |= wish->choose != NULL;
}

static int resolve(const void *params, const char *owner, const struct rows *facts,
                   struct rows *wanted)
{
    const struct port_wish *wish = params;
    const struct row_id id = switch_id(owner, wish->node);
    const struct row *node_switch = rows_find(facts, SWITCH_TABLE, id);
    struct prefixes addresses = wish->addresses;
    int error = wish->choose ? wish->choose(wish->payload, &addresses) : 0;

    node_switch = node_switch ? node_switch : rows_find(wanted, SWITCH_TABLE, id);
    error = error ? error : check_addresses(wish, &addresses, node_switch);
    if (!error) {
        want_port(wish, &addresses, owner, wanted);
    }
    return error;
}

static const struct intent_type port_type = {"adding port of pod", ask, resolve};

/* A pod as people write it. */
static const char *pod_text(struct arena *arena, const char *pod_namespace, const char *pod)
{
    return arena_printf(arena, "%s/%s", pod_namespace, pod);
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
    return error ? error : check_dns_name("node name", node);
}

int ovnk8s_port_add(ovnk8s_plan *plan, const ovnk8s_port *theirs)
{
    ovnk8s_port port = OVNK8S_PORT_INIT;
    struct prefixes addresses;
    struct mac mac;
    int error = options_take(&port, sizeof port, theirs);

    error = error ? error : check_names(port.pod_namespace, port.pod, port.node);
    if (error) {
        return error;
    }
    if (!prefixes_from_text(port.addresses, &addresses)) {
        return fail(OVNK8S_INVALID,
                    "addresses \"%s\" of pod %s/%s: expected ADDRESS/LENGTH, or one of IPv4 and one"
                    " of IPv6 with a comma between",
                    port.addresses ? port.addresses : "", port.pod_namespace, port.pod);
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

/* Deleting. */

static int resolve_delete(const void *params, const char *owner, const struct rows *facts,
                          struct rows *wanted)
{
    const struct port_wish *wish = params;
    const char *name = pod_port_name(&wanted->arena, wish->pod_namespace, wish->pod);
    const struct row_id id = switch_port_id(owner, name ? name : "");

    (void)facts;
    rows_drop(wanted, SWITCH_PORT_TABLE, id, name);
    row_excludes_row(rows_edit(wanted, SWITCH_TABLE, switch_id(owner, wish->node), wish->node),
                     "ports", id);
    return 0;
}

static const struct intent_type delete_type = {"deleting port of pod", NULL, resolve_delete};

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
