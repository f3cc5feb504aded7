/* A topology as a picture.
 *
 * The shape is always the same: a router, the join switch beside it, and below it the switches of
 * the nodes with their pods. Somebody who knows that lays it out better than Graphviz, which has to
 * guess; it takes no dependency, and the same topology gives the same bytes. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "topology/draw.h"
#include "topology/draw_svg.h"

enum {
    MARGIN = 40,
    GUTTER = 28, /* Left of the cards, for the line that leads to the lower rows. */
    GAP = 28,    /* Between cards of a row. */
    ROW_GAP = 64,
    TURN = 12, /* The radius where a line turns. */
    HUB_WIDTH = 320,
    HUB_HEIGHT = 76,
    JOIN_WIDTH = 210,
    JOIN_GAP = 56,
    HUB_Y = 40,
};

/* Where everything is. */
struct layout {
    const struct drawing *drawing;
    size_t columns, rows;
    int width, height, left, top, row_height;
    int hub; /* The upper edge of the router: gateways are above it. */
};

static const char style[] =
    "<style>\n"
    "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;"
    "font-size:13px;fill:#1f2328}\n"
    ".mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
    "font-size:11.5px}\n"
    ".name{font-size:16px;font-weight:600}\n"
    ".dim{fill:#636c76}\n"
    ".label{font-size:9.5px;font-weight:600;letter-spacing:.8px;fill:#848d97}\n"
    ".page{fill:#f4f6f9}\n"
    ".card{fill:#fff;stroke:#d5dbe3}\n"
    ".hub{fill:#2458c5}\n"
    ".hub-text{fill:#fff}\n"
    ".hub-dim{fill:#d3e0fb}\n"
    ".icon{fill:none;stroke:#fff;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}\n"
    ".disc{fill:#fff;fill-opacity:.16}\n"
    ".wire{fill:none;stroke:#a9b6c8;stroke-width:2}\n"
    ".plug{fill:#fff;stroke:#2458c5;stroke-width:2}\n"
    ".track{fill:#e6eaf0}\n"
    ".low{fill:#2da06b}\n.mid{fill:#d99413}\n.high{fill:#d1383d}\n"
    ".chip{fill:#f1f4f8}\n"
    ".dot{fill:#2da06b}\n"
    ".gate{fill:#c2571a}\n.gate-plug{fill:#fff;stroke:#c2571a;stroke-width:2}\n"
    ".first{fill:#fbe9dd}\n.first-text{font-size:10px;font-weight:600;letter-spacing:.6px;"
    "fill:#a8480f}\n"
    ".out{fill:none;stroke:#c2571a;stroke-width:2;stroke-dasharray:2 4;stroke-linecap:round}\n"
    "@media (prefers-color-scheme:dark){\n"
    "text{fill:#e6edf3}\n.dim{fill:#9aa4b0}\n.label{fill:#7d8590}\n.page{fill:#0d1117}\n"
    ".card{fill:#161b22;stroke:#30363d}\n.hub{fill:#2f5fc9}\n.hub-text{fill:#fff}\n"
    ".hub-dim{fill:#d3e0fb}\n.wire{stroke:#48525f}\n.plug{fill:#161b22;stroke:#5b8def}\n"
    ".track{fill:#272e37}\n.chip{fill:#1f262e}\n"
    ".gate-plug{fill:#161b22;stroke:#e07b3c}\n.gate{fill:#e07b3c}\n.out{stroke:#e07b3c}\n"
    ".first{fill:#3d2413}\n.first-text{fill:#f0a371}\n"
    "}\n</style>\n";

/* Words. */

/* Takes the bytes of one more character that XML allows; others become a replacement. */
static void add_escaped(struct text *out, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const unsigned char c = (unsigned char)bytes[i];

        switch (c) {
        case '<':
            text_add(out, "&lt;");
            break;
        case '>':
            text_add(out, "&gt;");
            break;
        case '&':
            text_add(out, "&amp;");
            break;
        case '"':
            text_add(out, "&quot;");
            break;
        default:
            text_add_bytes(out, c < ' ' || c == 127 ? "?" : &bytes[i], 1);
        }
    }
}

/* Where a text can be cut at or before 'at': not within a character. */
static size_t cut_before(const char *text, size_t at)
{
    while (at && ((unsigned char)text[at] & 0xc0) == 0x80) {
        at--;
    }
    return at;
}

void svg_words(struct text *out, const char *words, size_t most)
{
    const size_t length = strlen(words), tail = most / 3, head = most - tail - 1;
    size_t rest;

    if (length <= most) {
        add_escaped(out, words, length);
        return;
    }
    rest = cut_before(words, length - tail);
    add_escaped(out, words, cut_before(words, head));
    text_add(out, "…");
    add_escaped(out, words + rest, length - rest);
}

void svg_text(struct text *out, const char *class, int x, int y, const char *words, size_t most)
{
    text_printf(out, "<text class=\"%s\" x=\"%d\" y=\"%d\">", class, x, y);
    svg_words(out, words ? words : "", most);
    text_add(out, "</text>\n");
}

void svg_text_end(struct text *out, const char *class, int x, int y, const char *words, size_t most)
{
    text_printf(out, "<text class=\"%s\" text-anchor=\"end\" x=\"%d\" y=\"%d\">", class, x, y);
    svg_words(out, words ? words : "", most);
    text_add(out, "</text>\n");
}

int svg_lines(struct text *out, const char *class, int x, int y, const char *items, char end)
{
    const char *item;
    int n_lines = 0;

    for (size_t n; (n = next_item(&items, &item)); n_lines++) {
        const char *stop = end ? memchr(item, end, n) : NULL;

        text_printf(out, "<text class=\"%s\" x=\"%d\" y=\"%d\">", class, x, y + n_lines * SVG_LINE);
        add_escaped(out, item, stop ? (size_t)(stop - item) : n);
        text_add(out, "</text>\n");
    }
    return n_lines;
}

/* Layout. */

static size_t rows_of(size_t n, size_t columns)
{
    return (n + columns - 1) / columns;
}

/* About as many columns as make the picture half as wide again as it is high. */
static size_t choose_columns(size_t n, int row_height)
{
    size_t columns = 1;

    while (columns < n && columns * (SVG_CARD + GAP) * 2 <
                              3 * rows_of(n, columns) * (size_t)(row_height + ROW_GAP)) {
        columns++;
    }
    return columns;
}

static struct layout lay_out(const struct drawing *drawing)
{
    struct layout layout = {.drawing = drawing};
    /* A gateway that is alone is in the middle above the join switch. */
    const int reach = drawing->n_gateways == 1 ? (JOIN_WIDTH + SVG_CARD) / 2 : JOIN_WIDTH;
    const int least = 2 * (HUB_WIDTH / 2 + JOIN_GAP + reach);
    int grid, gutter;

    for (size_t i = 0; i < drawing->n_nodes; i++) {
        const int height = svg_card_height(drawing, &drawing->nodes[i]);

        layout.row_height = height > layout.row_height ? height : layout.row_height;
    }
    layout.columns = choose_columns(drawing->n_nodes, layout.row_height);
    layout.rows = rows_of(drawing->n_nodes, layout.columns);
    gutter = layout.rows > 1 ? GUTTER : 0;
    grid = (int)layout.columns * (SVG_CARD + GAP) - GAP;
    layout.width = 2 * MARGIN + (grid + 2 * gutter > least ? grid + 2 * gutter : least);
    layout.left = (layout.width - grid) / 2;
    layout.hub = HUB_Y + svg_gateways_height(drawing, layout.width);
    layout.top = layout.hub + HUB_HEIGHT + ROW_GAP;
    layout.height = layout.rows ? layout.top + (int)layout.rows * (layout.row_height + ROW_GAP) -
                                      ROW_GAP + MARGIN
                                : layout.hub + HUB_HEIGHT + MARGIN;
    return layout;
}

static int card_x(const struct layout *layout, size_t column)
{
    return layout->left + (int)column * (SVG_CARD + GAP);
}

static int card_y(const struct layout *layout, size_t row)
{
    return layout->top + (int)row * (layout->row_height + ROW_GAP);
}

/* How many cards there are in a row; only the last may have fewer. */
static size_t cards_in(const struct layout *layout, size_t row)
{
    const size_t left = layout->drawing->n_nodes - row * layout->columns;

    return left < layout->columns ? left : layout->columns;
}

/* Wires. */

/* Along a row, down to its last card. */
static void add_bus(const struct layout *layout, size_t row, struct text *out)
{
    const int y = card_y(layout, row) - ROW_GAP / 2, top = card_y(layout, row);
    const int last = card_x(layout, cards_in(layout, row) - 1) + SVG_CARD / 2;

    text_printf(out, "H%d Q%d %d %d %d V%d\"/>\n", last - TURN, last, y, last, y + TURN, top);
}

/* The only row has its lines left and right of the router's. */
static void wire_one_row(const struct layout *layout, struct text *out)
{
    const int y = layout->top - ROW_GAP / 2, first = card_x(layout, 0) + SVG_CARD / 2;

    if (layout->drawing->n_nodes > 1) {
        text_printf(out, "<path class=\"wire\" d=\"M%d %d V%d Q%d %d %d %d ", first, layout->top,
                    y + TURN, first, y, first + TURN, y);
        add_bus(layout, 0, out);
    }
}

/* Several rows hang on a line in the gutter. */
static void wire_rows(const struct layout *layout, struct text *out)
{
    const int y = layout->top - ROW_GAP / 2, x = layout->left - GUTTER;

    for (size_t row = 0; row < layout->rows; row++) {
        const int bus = card_y(layout, row) - ROW_GAP / 2;

        if (row) {
            text_printf(out, "<path class=\"wire\" d=\"M%d %d V%d Q%d %d %d %d ", x, y + TURN,
                        bus - TURN, x, bus, x + TURN, bus);
        } else {
            text_printf(out, "<path class=\"wire\" d=\"M%d %d Q%d %d %d %d ", x, y + TURN, x, y,
                        x + TURN, y);
        }
        add_bus(layout, row, out);
    }
}

/* From the lines down to the cards; the last of each row is connected already. */
static void wire_cards(const struct layout *layout, struct text *out)
{
    for (size_t i = 0; i < layout->drawing->n_nodes; i++) {
        const size_t row = i / layout->columns, column = i % layout->columns;
        const int x = card_x(layout, column) + SVG_CARD / 2, top = card_y(layout, row);
        const bool is_end =
            column + 1 == cards_in(layout, row) || (layout->rows == 1 && column == 0);

        if (!is_end) {
            text_printf(out, "<path class=\"wire\" d=\"M%d %d V%d\"/>\n", x, top - ROW_GAP / 2,
                        top);
        }
    }
}

static void add_wires(const struct layout *layout, struct text *out)
{
    const int middle = layout->width / 2;

    text_printf(out, "<path class=\"wire\" d=\"M%d %d H%d\"/>\n", middle + HUB_WIDTH / 2,
                layout->hub + HUB_HEIGHT / 2, middle + HUB_WIDTH / 2 + JOIN_GAP);
    if (!layout->rows) {
        return;
    }
    text_printf(out, "<path class=\"wire\" d=\"M%d %d V%d\"/>\n", middle, layout->hub + HUB_HEIGHT,
                layout->drawing->n_nodes == 1 ? layout->top : layout->top - ROW_GAP / 2);
    if (layout->rows == 1) {
        wire_one_row(layout, out);
    } else {
        wire_rows(layout, out);
    }
    wire_cards(layout, out);
}

/* The middle of it. */

/* Four arrows in a disc, as routers have always been drawn. */
static void add_router_icon(int x, int y, struct text *out)
{
    text_printf(out,
                "<circle class=\"disc\" cx=\"%d\" cy=\"%d\" r=\"22\"/>\n"
                "<path class=\"icon\" d=\"M%d %dm-13 0h8m-3-3 3 3-3 3M%d %dm13 0h-8m3-3-3 3 3 3"
                "M%d %dm0-4v-9m-3 3 3-3 3 3M%d %dm0 4v9m-3-3 3 3 3-3\"/>\n",
                x, y, x, y, x, y, x, y, x, y);
}

static void add_hub(const struct layout *layout, struct text *out)
{
    const ovnk8s_cluster *cluster = layout->drawing->cluster;
    const int x = (layout->width - HUB_WIDTH) / 2, words = x + 72;

    text_printf(out,
                "<rect class=\"hub\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"16\"/>\n", x,
                layout->hub, HUB_WIDTH, HUB_HEIGHT);
    add_router_icon(x + 38, layout->hub + HUB_HEIGHT / 2, out);
    svg_text(out, "name hub-text", words, layout->hub + 33, cluster ? cluster->name : "no cluster",
             28);
    if (cluster) {
        svg_text(out, "mono hub-dim", words, layout->hub + 54, cluster->subnet, 34);
    }
}

static void add_join(const struct layout *layout, struct text *out)
{
    const int x = layout->width / 2 + HUB_WIDTH / 2 + JOIN_GAP, y = layout->hub + 4;

    text_printf(out,
                "<rect class=\"card\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"14\"/>\n"
                "<circle class=\"plug\" cx=\"%d\" cy=\"%d\" r=\"4.5\"/>\n",
                x, y, JOIN_WIDTH, HUB_HEIGHT - 8, x, layout->hub + HUB_HEIGHT / 2);
    svg_text(out, "name", x + 20, y + 26, "join", 8);
    if (layout->drawing->cluster) {
        svg_lines(out, "mono dim", x + 20, y + 44, layout->drawing->cluster->join_subnet, '\0');
    }
}

static void add_gateways(const struct layout *layout, struct text *out)
{
    const int join = layout->width / 2 + HUB_WIDTH / 2 + JOIN_GAP + JOIN_WIDTH / 2;

    if (layout->drawing->n_gateways) {
        svg_gateways(out, layout->drawing, HUB_Y, layout->width, join, layout->hub + 4);
        text_printf(out, "<text class=\"dim\" x=\"%d\" y=\"%d\">%zu gateway%s</text>\n", MARGIN,
                    layout->hub + 72, layout->drawing->n_gateways,
                    layout->drawing->n_gateways == 1 ? "" : "s");
    }
}

static void add_summary(const struct layout *layout, struct text *out)
{
    const uint64_t n_pods = drawing_pods(layout->drawing);

    text_printf(out,
                "<text class=\"name\" x=\"%d\" y=\"%d\">%zu node%s</text>\n"
                "<text class=\"dim\" x=\"%d\" y=\"%d\">%" PRIu64 " pod%s</text>\n",
                MARGIN, layout->hub + 33, layout->drawing->n_nodes,
                layout->drawing->n_nodes == 1 ? "" : "s", MARGIN, layout->hub + 54, n_pods,
                n_pods == 1 ? "" : "s");
}

void draw_svg(const struct drawing *drawing, struct text *out)
{
    const struct layout layout = lay_out(drawing);

    text_printf(out,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\""
                " height=\"%d\" role=\"img\">\n<title>Cluster ",
                layout.width, layout.height, layout.width, layout.height);
    svg_words(out, drawing->cluster ? drawing->cluster->name : "(none)", 253);
    text_printf(out, "</title>\n%s<rect class=\"page\" width=\"%d\" height=\"%d\"/>\n", style,
                layout.width, layout.height);
    add_wires(&layout, out);
    add_hub(&layout, out);
    add_join(&layout, out);
    add_gateways(&layout, out);
    add_summary(&layout, out);
    for (size_t i = 0; i < drawing->n_nodes; i++) {
        svg_card(out, drawing, &drawing->nodes[i], card_x(&layout, i % layout.columns),
                 card_y(&layout, i / layout.columns), layout.row_height);
    }
    text_add(out, "</svg>\n");
}
