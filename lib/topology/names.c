#include "topology/names.h"

#include <ovnk8s/plan.h>

#include <stdio.h>
#include <string.h>

enum { DNS_NAME_LENGTH = 253 };

struct row_id cluster_router_id(const char *owner)
{
    return row_id(owner, ROUTER_TABLE, CLUSTER_ROUTER_KEY);
}

struct row_id join_switch_id(const char *owner)
{
    return row_id(owner, SWITCH_TABLE, JOIN_SWITCH);
}

struct row_id switch_id(const char *owner, const char *name)
{
    return row_id(owner, SWITCH_TABLE, name);
}

struct row_id switch_port_id(const char *owner, const char *name)
{
    return row_id(owner, SWITCH_PORT_TABLE, name);
}

struct row_id router_port_id(const char *owner, const char *name)
{
    return row_id(owner, ROUTER_PORT_TABLE, name);
}

static struct row_id named_id(const char *owner, const char *table, const char *kind,
                              const char *node)
{
    char name[512];

    snprintf(name, sizeof name, "%s%s", kind, node);
    return row_id(owner, table, name);
}

/* A node may be called anything, "cluster" too. */
struct row_id cluster_ledger_id(const char *owner)
{
    return row_id(owner, LEDGER_TABLE, "cluster");
}

/* A plan with many ports needs it for each. */
struct row_id node_ledger_id(const char *owner, const char *node)
{
    char name[512] = "node ";

    strncat(name, node, sizeof name - strlen(name) - 1);
    return row_id(owner, LEDGER_TABLE, name);
}

struct row_id gateway_ledger_id(const char *owner, const char *node)
{
    return named_id(owner, LEDGER_TABLE, "gateway ", node);
}

struct row_id gateway_router_id(const char *owner, const char *node)
{
    return named_id(owner, ROUTER_TABLE, "GR_", node);
}

struct row_id outer_switch_id(const char *owner, const char *node)
{
    return named_id(owner, SWITCH_TABLE, "ext_", node);
}

static struct row_id destination_id(const char *owner, const char *table, const char *kind,
                                    const char *node, const struct prefix *to)
{
    char name[512], text[PREFIX_TEXT];

    snprintf(name, sizeof name, "%s %s %s", kind, prefix_to_text(to, text), node);
    return row_id(owner, table, name);
}

struct row_id gateway_route_id(const char *owner, const char *kind, const char *node,
                               const struct prefix *to)
{
    return destination_id(owner, ROUTE_TABLE, kind, node, to);
}

struct row_id gateway_policy_id(const char *owner, const char *kind, const char *node,
                                const struct prefix *to)
{
    return destination_id(owner, POLICY_TABLE, kind, node, to);
}

struct row_id service_range_policy_id(const char *owner, const struct prefix *range)
{
    char text[PREFIX_TEXT];

    return named_id(owner, POLICY_TABLE, "services ", prefix_to_text(range, text));
}

struct row_id gateway_nat_id(const char *owner, const char *node, unsigned int family)
{
    return named_id(owner, NAT_TABLE, family == 4 ? "ipv4 " : "ipv6 ", node);
}

const char *outer_interface_name(struct arena *arena, const char *interface, const char *node)
{
    return arena_printf(arena, "%s_%s", interface, node);
}

const char *route_title(struct arena *arena, const char *prefix, const char *node,
                        const struct prefix *to)
{
    char text[PREFIX_TEXT];

    return arena_printf(arena, "%s%s to %s", prefix, node, prefix_to_text(to, text));
}

const char *pod_port_name(struct arena *arena, const char *pod_namespace, const char *pod)
{
    return arena_join(arena, pod_namespace, "_", pod);
}

const char *join_switch_name(struct arena *arena, const char *owner)
{
    return strcmp(owner, OVNK8S_DEFAULT_OWNER) ? arena_printf(arena, JOIN_SWITCH "_%s", owner)
                                               : JOIN_SWITCH;
}

const char *management_port_name(struct arena *arena, const char *node)
{
    return arena_printf(arena, "k8s-%s", node);
}

const char *node_router_port_name(struct arena *arena, const char *node)
{
    return arena_printf(arena, "rtos-%s", node);
}

const char *node_switch_port_name(struct arena *arena, const char *node)
{
    return arena_printf(arena, "stor-%s", node);
}

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_dns_label(const char *label, size_t length)
{
    if (!length || length > 63 || !is_alphanumeric(label[0]) ||
        !is_alphanumeric(label[length - 1])) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!is_alphanumeric(label[i]) && label[i] != '-') {
            return false;
        }
    }
    return true;
}

int check_dns_label(const char *what, const char *name)
{
    if (!name || !is_dns_label(name, strlen(name))) {
        return fail(OVNK8S_INVALID,
                    "%s \"%s\": expected a DNS label: up to 63 lower-case letters, digits and"
                    " dashes, with no dash at either end",
                    what, name ? name : "");
    }
    return 0;
}

static bool is_dns_name(const char *name)
{
    size_t length = strcspn(name, ".");

    while (is_dns_label(name, length) && name[length] == '.') {
        name += length + 1;
        length = strcspn(name, ".");
    }
    return !name[length] && is_dns_label(name, length);
}

int check_dns_name(const char *what, const char *name)
{
    if (name && strlen(name) > DNS_NAME_LENGTH) {
        return fail(OVNK8S_INVALID, "%s \"%.20s...\": expected at most %d characters", what, name,
                    DNS_NAME_LENGTH);
    }
    if (!name || !is_dns_name(name)) {
        return fail(OVNK8S_INVALID,
                    "%s \"%s\": expected a DNS label, or several with dots between: each up to 63"
                    " lower-case letters, digits and dashes, with no dash at either end",
                    what, name ? name : "");
    }
    return 0;
}

bool is_pod_port_name(const char *name)
{
    const size_t length = strcspn(name, "_");

    return name[length] && is_dns_label(name, length) && is_dns_name(name + length + 1) &&
           strlen(name + length + 1) <= DNS_NAME_LENGTH;
}

int check_node_name(const char *name)
{
    const int error = check_dns_name("node name", name);

    if (!error && !strcmp(name, JOIN_SWITCH)) {
        return fail(OVNK8S_INVALID,
                    "node name \"" JOIN_SWITCH "\": the logical switch for gateways has this name");
    }
    return error;
}
