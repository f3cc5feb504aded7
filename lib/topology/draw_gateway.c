/* The cards of gateways in the picture, above the router: their way to the outside goes up, and
 * wires lead down to the join switch. */

#include <string.h>

#include "topology/draw_svg.h"

enum {
    PAD = 20,
    INNER = SVG_CARD - 2 * PAD,
    GAP = 28,
    MARGIN = 40,
    GUTTER = 28,  /* Right of the cards, for the line that leads down from the upper rows. */
    OUTSIDE = 26, /* Above each card, for the way out. */
    ROW_GAP = 56,
    TURN = 12,
    NAME_Y = 34,
    ADDRESS_Y = 56,
};

struct grid {
    size_t columns, rows;
    int left, right, card, step; /* The height of a card, and from row to row. */
};

static int count_items(const char *items)
{
    const char *item;
    int n = 0;

    while (next_item(&items, &item)) {
        n++;
    }
    return n;
}

static int at_least_one(int n)
{
    return n > 1 ? n : 1;
}

/* Where the labels are, and the rampout subnets, from the upper edge of the card. */
static int labels_of(const ovnk8s_gateway_state *state)
{
    return ADDRESS_Y + (at_least_one(count_items(state->gateway->physical_ips)) - 1) * SVG_LINE +
           24;
}

static int rampout_of(const ovnk8s_gateway_state *state)
{
    const int join = count_items(state->join_addresses);
    const int via = count_items(state->gateway->default_gateways);

    return labels_of(state) + 17 + at_least_one(join > via ? join : via) * SVG_LINE + 8;
}

static int height_of(const ovnk8s_gateway_state *state)
{
    const int n = count_items(state->gateway->rampout_subnets);

    return rampout_of(state) + (n ? 19 + n * SVG_LINE : -8) + 8;
}

static struct grid lay_out(const struct drawing *drawing, int width)
{
    const size_t room = (size_t)(width - 2 * MARGIN + GAP) / (SVG_CARD + GAP);
    struct grid grid = {.columns = drawing->n_gateways < room ? drawing->n_gateways : room};
    int wide;

    grid.rows = (drawing->n_gateways + grid.columns - 1) / grid.columns;
    if (grid.rows > 1 && grid.columns > 1 &&
        (int)grid.columns * (SVG_CARD + GAP) - GAP + 2 * (MARGIN + GUTTER) > width) {
        grid.columns--; /* The gutter needs room too. */
        grid.rows = (drawing->n_gateways + grid.columns - 1) / grid.columns;
    }
    wide = (int)grid.columns * (SVG_CARD + GAP) - GAP;
    grid.left = (width - wide) / 2;
    grid.right = grid.left + wide;
    for (size_t i = 0; i < drawing->n_gateways; i++) {
        const int height = height_of(drawing->gateways[i]);

        grid.card = height > grid.card ? height : grid.card;
    }
    grid.step = OUTSIDE + grid.card + ROW_GAP;
    return grid;
}

int svg_gateways_height(const struct drawing *drawing, int width)
{
    const struct grid grid =
        drawing->n_gateways ? lay_out(drawing, width) : (struct grid){.rows = 0};

    return (int)grid.rows * grid.step;
}

static int card_x(const struct drawing *drawing, const struct grid *grid, size_t i, int join_x)
{
    return drawing->n_gateways == 1 ? join_x - SVG_CARD / 2
                                    : grid->left + (int)(i % grid->columns) * (SVG_CARD + GAP);
}

/* Wires. Of those that share a way only one is drawn there. */

/* Down from 'x' at the lower edge of a card, and into the line along 'y'. */
static void add_drop(struct text *out, int x, int from, int y, int turn)
{
    text_printf(out, "<path class=\"wire\" d=\"M%d %d V%d Q%d %d %d %d\"/>\n", x, from, y - TURN, x,
                y, x + turn, y);
}

/* Along 'y' from 'x' and down to the join switch. */
static void add_bus(struct text *out, int x, int y, int join_x)
{
    const int turn = x < join_x ? TURN : -TURN;

    text_printf(out, "<path class=\"wire\" d=\"M%d %d H%d Q%d %d %d %d\"/>\n", x + turn, y,
                join_x - turn, join_x, y, join_x, y + TURN);
}

/* Along 'y' from 'x' to the gutter and into the line there. */
static void add_upper_bus(struct text *out, int x, int y, int gutter)
{
    text_printf(out, "<path class=\"wire\" d=\"M%d %d H%d Q%d %d %d %d\"/>\n", x + TURN, y,
                gutter - TURN, gutter, y, gutter, y + TURN);
}

/* The last row, and the gutter if there is one, at the join switch. */
static void wire_join(struct text *out, const struct drawing *drawing, const struct grid *grid,
                      int y, int join_x, int join_y)
{
    const int half = SVG_CARD / 2, last = (int)drawing->n_gateways - 1;
    const int first_x = card_x(drawing, grid, (grid->rows - 1) * grid->columns, join_x) + half;
    const int last_x = card_x(drawing, grid, (size_t)last, join_x) + half;

    text_printf(out,
                "<path class=\"wire\" d=\"M%d %d V%d\"/>\n"
                "<circle class=\"plug\" cx=\"%d\" cy=\"%d\" r=\"4.5\"/>\n",
                join_x, first_x == join_x ? y - ROW_GAP / 2 : y + TURN, join_y, join_x, join_y);
    if (first_x < join_x) {
        add_bus(out, first_x, y, join_x);
    }
    if (grid->rows > 1) {
        add_bus(out, grid->right + GUTTER, y, join_x);
    } else if (last_x > join_x) {
        add_bus(out, last_x, y, join_x);
    }
}

static void add_wires(struct text *out, const struct drawing *drawing, const struct grid *grid,
                      int y, int join_x, int join_y)
{
    const int gutter = grid->right + GUTTER, half = SVG_CARD / 2;
    int bus = y + grid->step - ROW_GAP / 2;

    for (size_t i = 0; i < drawing->n_gateways; i++) {
        const bool is_last = i / grid->columns + 1 == grid->rows;
        const int x = card_x(drawing, grid, i, join_x) + half;

        bus = y + (int)(i / grid->columns + 1) * grid->step - ROW_GAP / 2;
        if (x != join_x || !is_last) {
            add_drop(out, x, bus - ROW_GAP / 2, bus, is_last && x > join_x ? -TURN : TURN);
        }
        if (!is_last && i % grid->columns == 0) {
            add_upper_bus(out, x, bus, gutter);
        }
    }
    if (grid->rows > 1) {
        text_printf(out, "<path class=\"wire\" d=\"M%d %d V%d Q%d %d %d %d\"/>\n", gutter,
                    y + grid->step - ROW_GAP / 2 + TURN, bus - TURN, gutter, bus, gutter - TURN,
                    bus);
    }
    wire_join(out, drawing, grid, bus, join_x, join_y);
}

/* Cards. */

static void add_first_mark(struct text *out, int right, int y)
{
    enum { WIDTH = 46, HEIGHT = 19 };

    text_printf(
        out,
        "<rect class=\"first\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"9.5\"/>\n"
        "<text class=\"first-text\" text-anchor=\"middle\" x=\"%d\" y=\"%d\">FIRST</text>\n",
        right - WIDTH, y - 14, WIDTH, HEIGHT, right - WIDTH / 2, y);
}

static void add_frame(struct text *out, int x, int y, int height)
{
    const int middle = x + SVG_CARD / 2;

    text_printf(out,
                "<path class=\"out\" d=\"M%d %d V%d\"/>\n"
                "<path class=\"gate\" d=\"M%d %dl-5 8h10z\"/>\n"
                "<rect class=\"card\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"14\"/>\n"
                "<circle class=\"gate-plug\" cx=\"%d\" cy=\"%d\" r=\"4.5\"/>\n"
                "<circle class=\"plug\" cx=\"%d\" cy=\"%d\" r=\"4.5\"/>\n",
                middle, y, y - OUTSIDE + 10, middle, y - OUTSIDE, x, y, SVG_CARD, height, middle, y,
                middle, y + height);
}

static void add_card(struct text *out, const ovnk8s_gateway_state *state, int x, int y, int height)
{
    const ovnk8s_gateway *gateway = state->gateway;
    const int inside = x + PAD, labels = y + labels_of(state), rampout = y + rampout_of(state);

    add_frame(out, x, y, height);
    svg_text(out, "name", inside, y + NAME_Y, gateway->node, state->is_first ? 20 : 26);
    if (state->is_first) {
        add_first_mark(out, inside + INNER, y + NAME_Y);
    }
    svg_lines(out, "mono dim", inside, y + ADDRESS_Y, gateway->physical_ips, '\0');
    svg_text_end(out, "mono dim", inside + INNER, y + ADDRESS_Y, gateway->interface, 15);
    svg_text(out, "label", inside, labels, "NEXT HOP", 8);
    svg_text(out, "label", inside + INNER / 2, labels, "JOIN", 8);
    if (!svg_lines(out, "mono", inside, labels + 17, gateway->default_gateways, '\0')) {
        svg_text(out, "mono dim", inside, labels + 17, "none", 8);
    }
    svg_lines(out, "mono", inside + INNER / 2, labels + 17, state->join_addresses, '/');
    if (*gateway->rampout_subnets) {
        svg_text(out, "label", inside, rampout, "RAMPOUT", 8);
        svg_lines(out, "mono", inside, rampout + 17, gateway->rampout_subnets, '\0');
    }
}

void svg_gateways(struct text *out, const struct drawing *drawing, int y, int width, int join_x,
                  int join_y)
{
    const struct grid grid = lay_out(drawing, width);

    add_wires(out, drawing, &grid, y, join_x, join_y);
    for (size_t i = 0; i < drawing->n_gateways; i++) {
        add_card(out, drawing->gateways[i], card_x(drawing, &grid, i, join_x),
                 y + OUTSIDE + (int)(i / grid.columns) * grid.step, grid.card);
    }
}
