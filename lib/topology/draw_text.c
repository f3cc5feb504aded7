/* A topology as a tree for a terminal, and for Graphviz. */

#include <inttypes.h>
#include <string.h>

#include "topology/draw.h"

/* Control characters would be orders to a terminal. */
static void add_plain(struct text *out, const char *value)
{
    for (const char *c = value ? value : ""; *c; c++) {
        text_add_bytes(out, (unsigned char)*c < ' ' || *c == 127 ? "?" : c, 1);
    }
}

static void add_padded(struct text *out, const char *value, size_t width)
{
    const size_t length = strlen(value);

    add_plain(out, value);
    for (size_t i = length; i < width; i++) {
        text_add(out, " ");
    }
}

/* Tree. */

static size_t longest_name(const struct drawing *drawing)
{
    size_t longest = strlen("join");

    for (size_t i = 0; i < drawing->n_nodes; i++) {
        const size_t length = strlen(drawing->nodes[i].state->name);

        longest = length > longest ? length : longest;
    }
    return longest;
}

static size_t longest_subnet(const struct drawing *drawing)
{
    size_t longest = 0;

    for (size_t i = 0; i < drawing->n_nodes; i++) {
        const size_t length = strlen(drawing->nodes[i].state->subnet);

        longest = length > longest ? length : longest;
    }
    return longest;
}

static void add_use(struct text *out, const ovnk8s_node_state *node)
{
    text_printf(out, "%" PRIu64, node->n_ports);
    if (node->capacity != UINT64_MAX) {
        text_printf(out, " of %" PRIu64, node->capacity);
    }
    text_add(out, node->n_ports == 1 && node->capacity == UINT64_MAX ? " port" : " ports");
}

/* "n1  100.64.1.2/24  10.0.0.5/24 on eth1 via 10.0.0.1  for 192.168.3.0/24  first" */
static void add_gateway(struct text *out, const ovnk8s_gateway_state *state)
{
    const ovnk8s_gateway *gateway = state->gateway;

    add_plain(out, gateway->node);
    text_add(out, "  ");
    add_plain(out, state->join_addresses);
    text_add(out, "  ");
    add_plain(out, gateway->physical_ips);
    text_add(out, " on ");
    add_plain(out, gateway->interface);
    if (*gateway->default_gateways) {
        text_add(out, " via ");
        add_plain(out, gateway->default_gateways);
    }
    if (*gateway->rampout_subnets) {
        text_add(out, "  for ");
        add_plain(out, gateway->rampout_subnets);
    }
    text_add(out, gateway->single_default ? "  single" : "");
    text_add(out, state->is_first ? "  first\n" : "\n");
}

static void add_gateways(struct text *out, const struct drawing *drawing)
{
    const char *before = drawing->n_nodes ? "│   " : "    ";

    for (size_t i = 0; i < drawing->n_gateways; i++) {
        text_printf(out, "%s%s gateway ", before, i + 1 < drawing->n_gateways ? "├──" : "└──");
        add_gateway(out, drawing->gateways[i]);
    }
}

static void add_pods(struct text *out, const struct drawn_node *node, const char *before)
{
    for (size_t i = 0; i < node->n_ports; i++) {
        const ovnk8s_port *port = node->ports[i];

        text_printf(out, "%s%s ", before, i + 1 < node->n_ports ? "├──" : "└──");
        add_plain(out, port->pod_namespace);
        text_add(out, "/");
        add_plain(out, port->pod);
        text_add(out, "  ");
        add_plain(out, port->addresses ? port->addresses : "-");
        text_add(out, "  ");
        add_plain(out, port->mac ? port->mac : "-");
        text_add(out, "\n");
    }
}

void draw_text(const struct drawing *drawing, struct text *out)
{
    const size_t name = longest_name(drawing), subnet = longest_subnet(drawing);

    if (!drawing->cluster) {
        text_add(out, "no cluster\n");
        return;
    }
    add_plain(out, drawing->cluster->name);
    text_add(out, "  ");
    add_plain(out, drawing->cluster->subnet);
    if (drawing->cluster->service_range) {
        text_add(out, "  services ");
        add_plain(out, drawing->cluster->service_range);
    }
    text_printf(out, "\n%s ", drawing->n_nodes ? "├──" : "└──");
    add_padded(out, "join", name);
    text_add(out, "  ");
    add_plain(out, drawing->cluster->join_subnet ? drawing->cluster->join_subnet : "-");
    text_add(out, "\n");
    add_gateways(out, drawing);
    for (size_t i = 0; i < drawing->n_nodes; i++) {
        const struct drawn_node *node = &drawing->nodes[i];
        const bool is_last = i + 1 == drawing->n_nodes;

        text_printf(out, "%s ", is_last ? "└──" : "├──");
        add_padded(out, node->state->name, name);
        text_add(out, "  ");
        add_padded(out, node->state->subnet, subnet);
        text_add(out, "  ");
        add_use(out, node->state);
        text_add(out, "\n");
        add_pods(out, node, is_last ? "    " : "│   ");
    }
}

/* Graphviz. */

static void add_quoted(struct text *out, const char *value)
{
    for (const char *c = value ? value : ""; *c; c++) {
        text_add(out, *c == '"' || *c == '\\' ? "\\" : "");
        text_add_bytes(out, (unsigned char)*c < ' ' ? " " : c, 1);
    }
}

/* Text in quotes: the kind of thing, which keeps names of different kinds apart, and the name. */
static void add_id(struct text *out, const char *kind, const char *name, const char *more)
{
    text_printf(out, "\"%s:", kind);
    add_quoted(out, name);
    if (more) {
        text_add(out, "/");
        add_quoted(out, more);
    }
    text_add(out, "\"");
}

static void add_label(struct text *out, const char *first, const char *second, const char *items)
{
    text_add(out, " [label=\"");
    add_quoted(out, first);
    if (second) {
        text_add(out, "/");
        add_quoted(out, second);
    }
    text_add(out, "\\n");
    add_items(out, items, "\\n");
    text_add(out, "\"");
}

static void add_dot_pods(struct text *out, const struct drawn_node *node)
{
    for (size_t i = 0; i < node->n_ports; i++) {
        const ovnk8s_port *port = node->ports[i];

        text_add(out, "    ");
        add_id(out, "pod", port->pod_namespace, port->pod);
        add_label(out, port->pod_namespace, port->pod, port->addresses);
        text_add(out, ", shape=box, style=rounded];\n    ");
        add_id(out, "switch", node->state->name, NULL);
        text_add(out, " -- ");
        add_id(out, "pod", port->pod_namespace, port->pod);
        text_add(out, ";\n");
    }
}

static void add_dot_link(struct text *out, const char *router, const char *name,
                         const char *addresses)
{
    text_add(out, "    ");
    add_id(out, "router", router, NULL);
    text_add(out, " -- ");
    add_id(out, "switch", name, NULL);
    text_add(out, " [label=\"");
    add_items(out, addresses, "\\n");
    text_add(out, "\"];\n");
}

static void add_dot_switch(struct text *out, const char *name, const char *subnet)
{
    text_add(out, "    ");
    add_id(out, "switch", name, NULL);
    add_label(out, name, NULL, subnet);
    text_add(out, ", shape=box];\n");
}

/* A gateway's router between the join switch and its outer one. */
static void add_dot_gateway(struct text *out, const ovnk8s_gateway_state *state)
{
    const ovnk8s_gateway *gateway = state->gateway;

    text_add(out, "    ");
    add_id(out, "gateway", gateway->node, NULL);
    text_add(out, " [label=\"GR_");
    add_quoted(out, gateway->node);
    text_add(out, state->is_first ? " (first)\", shape=ellipse];\n" : "\", shape=ellipse];\n");
    text_add(out, "    \"switch:join\" -- ");
    add_id(out, "gateway", gateway->node, NULL);
    text_add(out, " [label=\"");
    add_items(out, state->join_addresses, "\\n");
    text_add(out, "\"];\n    ");
    add_id(out, "outside", gateway->node, NULL);
    add_label(out, gateway->interface, NULL, gateway->default_gateways);
    text_add(out, ", shape=box, style=dashed];\n    ");
    add_id(out, "gateway", gateway->node, NULL);
    text_add(out, " -- ");
    add_id(out, "outside", gateway->node, NULL);
    text_add(out, " [label=\"");
    add_items(out, gateway->physical_ips, "\\n");
    text_add(out, "\"];\n");
}

void draw_dot(const struct drawing *drawing, struct text *out)
{
    const ovnk8s_cluster *cluster = drawing->cluster;

    text_add(out, "graph topology {\n    node [fontname=\"sans-serif\"];\n"
                  "    edge [fontname=\"sans-serif\", fontsize=10];\n");
    if (cluster) {
        text_add(out, "    ");
        add_id(out, "router", cluster->name, NULL);
        add_label(out, cluster->name, NULL, cluster->subnet);
        text_add(out, ", shape=ellipse];\n");
        add_dot_switch(out, "join", cluster->join_subnet);
        add_dot_link(out, cluster->name, "join", NULL);
    }
    for (size_t i = 0; i < drawing->n_gateways; i++) {
        add_dot_gateway(out, drawing->gateways[i]);
    }
    for (size_t i = 0; i < drawing->n_nodes; i++) {
        const struct drawn_node *node = &drawing->nodes[i];

        add_dot_switch(out, node->state->name, node->state->subnet);
        if (cluster) {
            add_dot_link(out, cluster->name, node->state->name, node->state->gateways);
        }
        add_dot_pods(out, node);
    }
    text_add(out, "}\n");
}
