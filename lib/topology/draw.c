#include "topology/draw.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* What all forms use. */

uint64_t drawing_pods(const struct drawing *drawing)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < drawing->n_nodes; i++) {
        sum += drawing->nodes[i].state->n_ports;
    }
    return sum;
}

size_t next_item(const char **rest, const char **item)
{
    size_t length;

    *item = *rest;
    if (!*rest || !**rest) {
        return 0;
    }
    length = strcspn(*rest, ",");
    *rest += length + ((*rest)[length] == ',');
    return length;
}

void add_items(struct text *out, const char *items, const char *between)
{
    const char *item;
    bool is_first = true;

    for (size_t n; (n = next_item(&items, &item)); is_first = false) {
        text_add(out, is_first ? "" : between);
        text_add_bytes(out, item, n);
    }
}

/* Sorting out. Nodes and ports are ordered by the same names, so one walk along both will do. */

static void take_ports(struct drawn_node *node, const ovnk8s_port *const *ports, size_t n_ports,
                       size_t *next)
{
    while (*next < n_ports && strcmp(ports[*next]->node, node->state->name) < 0) {
        ++*next;
    }
    node->ports = ports + *next;
    while (*next < n_ports && !strcmp(ports[*next]->node, node->state->name)) {
        node->n_ports++;
        ++*next;
    }
}

static void sort_out(struct drawing *drawing, const ovnk8s_topology *topology,
                     const ovnk8s_port **ports, size_t n_ports)
{
    size_t next = 0;

    drawing->cluster = ovnk8s_topology_cluster(topology);
    for (size_t i = 0; i < n_ports; i++) {
        ports[i] = ovnk8s_topology_port(topology, i);
    }
    for (size_t i = 0; i < drawing->n_nodes; i++) {
        drawing->nodes[i].state = ovnk8s_topology_node(topology, i);
        take_ports(&drawing->nodes[i], ports, n_ports, &next);
    }
    drawing->has_ports = n_ports || !drawing_pods(drawing);
}

int ovnk8s_topology_draw(char **out, const ovnk8s_topology *topology, enum ovnk8s_drawing form)
{
    static void (*const forms[])(const struct drawing *, struct text *) = {
        [OVNK8S_DRAWING_TEXT] = draw_text,
        [OVNK8S_DRAWING_JSON] = draw_json,
        [OVNK8S_DRAWING_DOT] = draw_dot,
        [OVNK8S_DRAWING_SVG] = draw_svg,
    };
    const size_t n_ports = ovnk8s_topology_ports(topology);
    struct drawing drawing = {.n_nodes = ovnk8s_topology_nodes(topology),
                              .n_gateways = ovnk8s_topology_gateways(topology)};
    _cleanup_free_ const ovnk8s_port **ports = calloc(n_ports + 1, sizeof(ovnk8s_port *));
    _cleanup_free_ const ovnk8s_gateway_state **gateways =
        calloc(drawing.n_gateways + 1, sizeof(ovnk8s_gateway_state *));
    _cleanup_free_ struct drawn_node *nodes = calloc(drawing.n_nodes + 1, sizeof *nodes);
    struct text text = {0};

    *out = NULL;
    if ((size_t)form >= COUNT_OF(forms)) {
        return fail(OVNK8S_INVALID, "drawing: there is no form %d", (int)form);
    }
    if (!ports || !gateways || !nodes) {
        return fail_nomem();
    }
    for (size_t i = 0; i < drawing.n_gateways; i++) {
        gateways[i] = ovnk8s_topology_gateway(topology, i);
    }
    drawing.gateways = gateways;
    drawing.nodes = nodes;
    sort_out(&drawing, topology, ports, n_ports);
    forms[form](&drawing, &text);
    return text_take(&text, out);
}
