/* Drawing a topology: each form is a function from a drawing to text.
 *
 * A drawing is the topology sorted out for drawing, so that no form needs to search: it points to
 * what the topology holds, and can be made by hand. */

#ifndef TOPOLOGY_DRAW_H
#define TOPOLOGY_DRAW_H

#include <ovnk8s/topology.h>

#include "base/text.h"

struct drawn_node {
    const ovnk8s_node_state *state;
    const ovnk8s_port *const *ports; /* Those that were read. */
    size_t n_ports;
};

struct drawing {
    const ovnk8s_cluster *cluster; /* NULL: there is none. */
    struct drawn_node *nodes;
    size_t n_nodes;
    bool has_ports; /* All ports that there are were read. */
    const ovnk8s_gateway_state *const *gateways;
    size_t n_gateways;
};

void draw_text(const struct drawing *drawing, struct text *out);
void draw_dot(const struct drawing *drawing, struct text *out);
void draw_svg(const struct drawing *drawing, struct text *out);
void draw_json(const struct drawing *drawing, struct text *out);

/* How many pods have a port on all nodes together. */
uint64_t drawing_pods(const struct drawing *drawing);

/* Takes the next item off a text of several with commas between, which may be NULL. Returns its
 * length, 0 at the end. */
size_t next_item(const char **rest, const char **item);

/* Adds these items with 'between' in place of the commas. */
void add_items(struct text *out, const char *items, const char *between);

#endif /* draw.h */
