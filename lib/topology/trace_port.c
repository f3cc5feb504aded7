/* A port on the way: what its row says, what Open vSwitch of this host has made of it, and which
 * chassis has it. */

#include <string.h>

#include "topology/ledger.h"
#include "topology/names.h"
#include "topology/topology.h"
#include "topology/trace.h"

#define BINDING_TABLE "Port_Binding"
#define CHASSIS_TABLE "Chassis"

/* The row. */

/* What was written down when the port was added; a pod has it, a node's own port has none. */
static bool agrees_with_ledger(const struct ovnk8s_trace *trace, const struct station *station)
{
    const char *node = row_title_of(station->on), *name = row_title_of(station->port);
    const struct column *entries = ledger_entries(trace->nb, trace->owner, node);
    const struct atom *entry = entries ? column_pair(entries, name) : NULL;
    struct arena arena = {0};
    struct prefixes subnets;
    struct port_record record;
    bool agrees = true;

    if (entry && switch_subnets(station->on, &subnets) &&
        port_entry_parse(name, entry[1].string, &subnets, &arena, &record)) {
        for (size_t i = 0; i < record.addresses.n; i++) {
            agrees = agrees && port_has_ip(station->port, &record.addresses.of[i].ip);
        }
    }
    arena_clear(&arena);
    return agrees;
}

/* Port security lets nothing else through; without any, all is let through. */
static bool is_let_through(const struct row *port)
{
    const struct column *security = row_column(port, "port_security");
    const struct column *addresses = row_column(port, "addresses");

    for (size_t i = 0; security && security->n && addresses && i < addresses->n; i++) {
        if (!column_holds(security, &addresses->atoms[i])) {
            return false;
        }
    }
    return true;
}

bool trace_logical_port(struct ovnk8s_trace *trace, const struct station *station)
{
    const struct row *port = station->port;
    const struct column *enabled = row_column(port, "enabled");
    const char *name = row_title_of(port);

    if (enabled && enabled->n && !enabled->atoms[0].boolean) {
        return trace_broken(trace, SWITCH_PORT_TABLE, name, REPAIR, "it is disabled");
    }
    if (!agrees_with_ledger(trace, station)) {
        return trace_broken(trace, SWITCH_PORT_TABLE, name, REPAIR,
                            "its addresses are \"%s\", which are not those that it was given",
                            row_string(port, "addresses"));
    }
    return is_let_through(port) ||
           trace_broken(trace, SWITCH_PORT_TABLE, name, REPAIR,
                        "port_security \"%s\" drops what comes from its addresses \"%s\"",
                        row_string(port, "port_security"), row_string(port, "addresses"));
}

/* Chassis. */

static const char *text_of(const struct row *row, const char *column)
{
    const char *text = row_string(row, column);

    return text ? text : "";
}

/* A host is a node's when it is called so, or so with a domain behind. */
static bool is_called(const char *host, const char *node)
{
    const size_t length = strlen(node);

    return host && !strncmp(host, node, length) && (!host[length] || host[length] == '.');
}

static const struct row *chassis_of_node(const struct ovnk8s_trace *trace, const char *node)
{
    for (const struct row *row = rows_first(trace->sb, CHASSIS_TABLE); row; row = row->next) {
        if (!strcmp(row->table, CHASSIS_TABLE) &&
            (!strcmp(text_of(row, "name"), node) || is_called(text_of(row, "hostname"), node))) {
            return row;
        }
    }
    return NULL;
}

static const struct row *binding_of(const struct ovnk8s_trace *trace, const struct row *port)
{
    return row_with(trace->sb, BINDING_TABLE, "logical_port", row_title_of(port));
}

static const struct row *chassis_of(const struct ovnk8s_trace *trace, const struct row *port)
{
    return row_member(trace->sb, binding_of(trace, port), "chassis", CHASSIS_TABLE, 0);
}

/* This host. */

static const char *setting(const struct ovnk8s_trace *trace, const char *key)
{
    return row_pair(rows_first(trace->vswitch, "Open_vSwitch"), "external_ids", key);
}

static const char *integration_bridge(const struct ovnk8s_trace *trace)
{
    const char *name = setting(trace, "ovn-bridge");

    return name ? name : "br-int";
}

static bool is_this_chassis(const struct ovnk8s_trace *trace, const struct row *chassis)
{
    const char *id = trace->vswitch ? setting(trace, "system-id") : NULL;

    return id && chassis && !strcmp(text_of(chassis, "name"), id);
}

static bool is_this_host(const struct ovnk8s_trace *trace, const struct row *port, const char *node,
                         const char *chassis)
{
    const char *id = setting(trace, "system-id");

    if (chassis) {
        return id && !strcmp(id, chassis);
    }
    return (id && !strcmp(id, node)) || is_called(setting(trace, "hostname"), node) ||
           (trace->sb && (is_this_chassis(trace, chassis_of(trace, port)) ||
                          is_this_chassis(trace, chassis_of_node(trace, node))));
}

static const char *bridge_of(const struct ovnk8s_trace *trace, const struct row *interface)
{
    const struct row *port = rows_referrer(trace->vswitch, "Port", "interfaces", interface->id);

    return row_title_of(port ? rows_referrer(trace->vswitch, "Bridge", "ports", port->id) : NULL);
}

/* Where an interface of br-int stands: taken up by ovs-vswitchd, and without an error. */
static bool look_at_interface(struct ovnk8s_trace *trace, const struct row *interface)
{
    const char *name = row_title_of(interface), *error = row_string(interface, "error");
    const char *bridge = bridge_of(trace, interface);

    if (strcmp(bridge, integration_bridge(trace)) != 0) {
        return trace_broken(trace, "Interface", name, "plug it in again",
                            "it is on bridge %s, not %s", *bridge ? bridge : "none",
                            integration_bridge(trace));
    }
    if (error && *error) {
        return trace_broken(trace, "Interface", name,
                            "plug it in again: the link is gone, or was never there", "%s", error);
    }
    return row_integer(interface, "ofport") > 0 ||
           trace_broken(trace, "Interface", name, "is ovs-vswitchd running?",
                        "ovs-vswitchd has not taken it up");
}

/* What it was given when it was plugged in. */
static bool has_same_addresses(const struct row *interface, const struct row *port)
{
    const char *text = row_pair(interface, "external_ids", "ip_address");
    struct prefixes given;

    for (size_t i = 0; text && prefixes_from_text(text, &given) && i < given.n; i++) {
        if (!port_has_ip(port, &given.of[i].ip)) {
            return false;
        }
    }
    return true;
}

static bool look_at_plug(struct ovnk8s_trace *trace, const struct row *interface,
                         const struct row *port)
{
    const char *name = row_title_of(interface);
    const char *installed = row_pair(interface, "external_ids", "ovn-installed");

    if (!look_at_interface(trace, interface)) {
        return false;
    }
    if (!has_same_addresses(interface, port)) {
        return trace_broken(trace, "Interface", name, REPAIR ", or let the pod be made again",
                            "it was given %s, and its logical port has \"%s\"",
                            row_pair(interface, "external_ids", "ip_address"),
                            row_string(port, "addresses"));
    }
    return installed && !strcmp(installed, "true")
               ? trace_ok(trace, "Interface", name, "port %lld of %s, ovn-installed, for %s",
                          (long long)row_integer(interface, "ofport"), integration_bridge(trace),
                          row_title_of(port))
               : trace_broken(trace, "Interface", name, "is ovn-controller running on this host?",
                              "ovn-controller has not installed the flows of %s",
                              row_title_of(port));
}

static bool look_at_host(struct ovnk8s_trace *trace, const struct row *port, const char *node,
                         const char *chassis)
{
    const char *name = row_title_of(port), *bridge = integration_bridge(trace);
    const struct row *interface =
        row_with_pair(trace->vswitch, "Interface", "external_ids", "iface-id", name);

    if (!interface && !is_this_host(trace, port, node, chassis)) {
        return true;
    }
    if (!row_with(trace->vswitch, "Bridge", "name", bridge)) {
        return trace_broken(trace, "Bridge", bridge, "is ovn-controller running on this host?",
                            "there is none");
    }
    return interface ? look_at_plug(trace, interface, port)
                     : trace_broken(trace, "Interface", name,
                                    "let it be plugged in again: for a pod, delete the pod; for a"
                                    " node or a gateway, repeat its init command",
                                    "%s has none with external_ids:iface-id=%s", bridge, name);
}

/* The Southbound database. */

static bool is_right_chassis(const struct ovnk8s_trace *trace, const struct row *there,
                             const char *node, const char *chassis)
{
    const struct row *right = chassis ? row_with(trace->sb, CHASSIS_TABLE, "name", chassis)
                                      : chassis_of_node(trace, node);

    return chassis ? right == there : !right || right == there;
}

static bool is_down(const struct row *binding)
{
    const struct column *up = row_column(binding, "up");

    return up && up->n && !up->atoms[0].boolean;
}

static bool look_at_binding(struct ovnk8s_trace *trace, const struct row *port, const char *node,
                            const char *expected)
{
    const struct row *binding = binding_of(trace, port), *chassis = chassis_of(trace, port);
    const char *name = row_title_of(port), *host = chassis ? text_of(chassis, "hostname") : "";

    if (!binding) {
        return trace_broken(trace, BINDING_TABLE, name, "is ovn-northd running?", "there is none");
    }
    if (!chassis) {
        return trace_broken(trace, BINDING_TABLE, name,
                            trace_printf(trace,
                                         "is ovn-controller running on %s, and is it"
                                         " plugged in there?",
                                         node ? node : expected),
                            "no chassis has it");
    }
    if (!is_right_chassis(trace, chassis, node, expected)) {
        return trace_broken(trace, BINDING_TABLE, name, "unplug it there",
                            "chassis %s of host %s has it, not that of %s",
                            text_of(chassis, "name"), host, node ? node : expected);
    }
    return is_down(binding)
               ? trace_broken(trace, BINDING_TABLE, name,
                              trace_printf(trace, "is ovn-controller running on %s?", host),
                              "chassis %s has it, but is not done with its flows",
                              text_of(chassis, "name"))
               : trace_ok(trace, BINDING_TABLE, name, "up on chassis %s of host %s",
                          text_of(chassis, "name"), host);
}

static void remember(struct ovnk8s_trace *trace, const struct row *port)
{
    struct port_name *met = arena_alloc(&trace->arena, sizeof *met);

    if (met) {
        *met = (struct port_name){trace->met, trace_printf(trace, "%s", row_title_of(port))};
        trace->met = met;
    }
}

/* The host comes first: a chassis gives up a port whose interface is gone. */
bool trace_bound_port(struct ovnk8s_trace *trace, const struct row *port, const char *node,
                      const char *chassis)
{
    if (!node && !chassis) {
        return trace_broken(trace, SWITCH_PORT_TABLE, row_title_of(port), REPAIR,
                            "the router behind it is on no chassis");
    }
    remember(trace, port);
    return (!trace->vswitch || look_at_host(trace, port, node, chassis)) &&
           (!trace->sb || look_at_binding(trace, port, node, chassis));
}

/* Tunnels. */

/* An interface of this host for one of the encapsulations of the chassis. */
static const struct row *tunnel_to(const struct ovnk8s_trace *trace, const struct row *chassis)
{
    const size_t n = row_members(chassis, "encaps");

    for (size_t i = 0; i < n; i++) {
        const struct row *encap = row_member(trace->sb, chassis, "encaps", "Encap", i);

        for (const struct row *row = rows_first(trace->vswitch, "Interface"); row && encap;
             row = row->next) {
            const char *remote = row_pair(row, "options", "remote_ip");

            if (!strcmp(row->table, "Interface") && remote &&
                !strcmp(remote, text_of(encap, "ip")) &&
                !strcmp(text_of(row, "type"), text_of(encap, "type")) &&
                !strcmp(bridge_of(trace, row), integration_bridge(trace))) {
                return row;
            }
        }
    }
    return NULL;
}

static bool look_at_tunnel(struct ovnk8s_trace *trace, const struct row *chassis)
{
    const struct row *encap = row_member(trace->sb, chassis, "encaps", "Encap", 0), *interface;
    const char *host = text_of(chassis, "hostname");

    if (!encap) {
        return trace_broken(
            trace, CHASSIS_TABLE, text_of(chassis, "name"),
            "set external_ids:ovn-encap-type and ovn-encap-ip of Open_vSwitch there",
            "host %s has no encapsulation", host);
    }
    interface = tunnel_to(trace, chassis);
    if (!interface) {
        return trace_broken(trace, "Interface", trace_printf(trace, "to %s", host),
                            "is ovn-controller running on this host?", "%s has no %s tunnel to %s",
                            integration_bridge(trace), text_of(encap, "type"),
                            text_of(encap, "ip"));
    }
    return look_at_interface(trace, interface) &&
           trace_ok(trace, "Interface", row_title_of(interface), "%s tunnel to %s of host %s",
                    text_of(interface, "type"), row_pair(interface, "options", "remote_ip"), host);
}

/* Each host knows its own tunnels. */
bool trace_tunnel(struct ovnk8s_trace *trace, const struct row *one, const struct row *other)
{
    const struct row *a = trace->sb ? chassis_of(trace, one) : NULL;
    const struct row *b = trace->sb ? chassis_of(trace, other) : NULL;

    if (!a || !b || a == b || !trace->vswitch) {
        return true;
    }
    if (is_this_chassis(trace, a)) {
        return look_at_tunnel(trace, b);
    }
    return !is_this_chassis(trace, b) || look_at_tunnel(trace, a);
}
