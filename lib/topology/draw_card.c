/* The card of a node in the picture: its name, subnet and use, gateway, and the first pods. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "topology/draw_svg.h"

enum {
    PAD = 20,
    INNER = SVG_CARD - 2 * PAD,
    NAME_Y = 34,
    SUBNET_Y = 56,
    BAR_HEIGHT = 6,
    CHIP_HEIGHT = 24,
    CHIP_STEP = 28,
    CHIP_LETTERS = 36, /* Of both texts of a chip together. */
};

/* Where the parts of a card are, from its top. */
struct card {
    int bar, labels, values, chips, height;
    size_t n_chips; /* Shown. */
};

/* Of many nodes fewer pods each are shown, so that the picture stays one. */
static size_t most_chips(const struct drawing *drawing)
{
    return drawing->n_nodes <= 6 ? 8 : drawing->n_nodes <= 24 ? 5 : 3;
}

static int count_items(const char *items)
{
    const char *item;
    int n = 0;

    while (next_item(&items, &item)) {
        n++;
    }
    return n ? n : 1;
}

static struct card measure(const struct drawing *drawing, const struct drawn_node *node)
{
    const size_t most = most_chips(drawing);
    struct card card = {.n_chips = node->n_ports < most ? node->n_ports : most};
    const int more = node->n_ports > card.n_chips ? 18 : 0;

    card.bar = SUBNET_Y + (count_items(node->state->subnet) - 1) * SVG_LINE + 14;
    card.labels = card.bar + BAR_HEIGHT + 24;
    card.values = card.labels + 17;
    card.chips = card.values + (count_items(node->state->gateways) - 1) * SVG_LINE + 16;
    card.height = card.chips + (int)card.n_chips * CHIP_STEP + more + (card.n_chips ? 10 : 6);
    return card;
}

int svg_card_height(const struct drawing *drawing, const struct drawn_node *node)
{
    return measure(drawing, node).height;
}

/* Use. */

/* In percent; a node with any pod shows some. */
static int use_of(const ovnk8s_node_state *node)
{
    const double use =
        node->capacity ? 100.0 * (double)node->n_ports / (double)node->capacity : 100.0;

    return use > 100 ? 100 : use < 1 && node->n_ports ? 1 : (int)use;
}

/* A number that says nothing to people is left out. */
static void add_count(struct text *out, const ovnk8s_node_state *node, int x, int y)
{
    enum { WORTH_TELLING = 1000000 };
    char words[64];

    if (node->capacity < WORTH_TELLING) {
        snprintf(words, sizeof words, "%" PRIu64 " / %" PRIu64, node->n_ports, node->capacity);
    } else {
        snprintf(words, sizeof words, "%" PRIu64 " pod%s", node->n_ports,
                 node->n_ports == 1 ? "" : "s");
    }
    svg_text_end(out, "dim", x, y, words, sizeof words);
}

static void add_bar(struct text *out, const ovnk8s_node_state *node, int x, int y)
{
    const int use = use_of(node), width = INNER * use / 100;

    text_printf(out,
                "<rect class=\"track\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\"/>\n",
                x, y, INNER, BAR_HEIGHT);
    if (use) {
        text_printf(out,
                    "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\"/>\n",
                    use > 90   ? "high"
                    : use > 75 ? "mid"
                               : "low",
                    x, y, width < BAR_HEIGHT ? BAR_HEIGHT : width, BAR_HEIGHT);
    }
}

/* Pods. */

/* The first address, without its length. */
static void first_address(const ovnk8s_port *port, char text[static 64])
{
    const char *rest = port->addresses, *item;
    const size_t n = next_item(&rest, &item);
    const char *slash = n ? memchr(item, '/', n) : NULL;

    snprintf(text, 64, "%.*s", (int)(slash ? (size_t)(slash - item) : n), n ? item : "");
}

static void add_tooltip(struct text *out, const ovnk8s_port *port)
{
    text_add(out, "<title>");
    svg_words(out, port->pod_namespace, 253);
    text_add(out, "/");
    svg_words(out, port->pod, 253);
    text_add(out, " ");
    svg_words(out, port->addresses ? port->addresses : "", 253);
    text_add(out, " ");
    svg_words(out, port->mac ? port->mac : "", 253);
    text_add(out, "</title>\n");
}

static void add_chip(struct text *out, const ovnk8s_port *port, int x, int y)
{
    enum { LEAST_LETTERS = 12, NAMESPACE_LETTERS = 11 };
    const size_t namespace_length = strlen(port->pod_namespace);
    size_t letters, used;
    char address[64];

    first_address(port, address);
    letters = CHIP_LETTERS - LEAST_LETTERS > (int)strlen(address) ? CHIP_LETTERS - strlen(address)
                                                                  : LEAST_LETTERS;
    used = namespace_length < NAMESPACE_LETTERS ? namespace_length : NAMESPACE_LETTERS;
    text_add(out, "<g>");
    add_tooltip(out, port);
    text_printf(out,
                "<rect class=\"chip\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"7\"/>\n"
                "<circle class=\"dot\" cx=\"%d\" cy=\"%d\" r=\"3\"/>\n"
                "<text style=\"font-size:12px\" x=\"%d\" y=\"%d\"><tspan class=\"dim\">",
                x, y, INNER, CHIP_HEIGHT, x + 12, y + CHIP_HEIGHT / 2, x + 22, y + 16);
    svg_words(out, port->pod_namespace, NAMESPACE_LETTERS);
    text_add(out, "/</tspan>");
    svg_words(out, port->pod, letters > used + 9 ? letters - used - 1 : 8);
    text_add(out, "</text>\n");
    svg_text_end(out, "mono dim", x + INNER - 10, y + 16, address, sizeof address);
    text_add(out, "</g>\n");
}

static void add_chips(struct text *out, const struct drawn_node *node, const struct card *card,
                      int x, int y)
{
    for (size_t i = 0; i < card->n_chips; i++) {
        add_chip(out, node->ports[i], x, y + card->chips + (int)i * CHIP_STEP);
    }
    if (node->n_ports > card->n_chips) {
        text_printf(out, "<text class=\"dim\" text-anchor=\"middle\" x=\"%d\" y=\"%d\">",
                    x + INNER / 2, y + card->chips + (int)card->n_chips * CHIP_STEP + 12);
        text_printf(out, "+%zu more</text>\n", node->n_ports - card->n_chips);
    }
}

void svg_card(struct text *out, const struct drawing *drawing, const struct drawn_node *node, int x,
              int y, int height)
{
    const struct card card = measure(drawing, node);
    const int inside = x + PAD;

    text_printf(out,
                "<rect class=\"card\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"14\"/>\n"
                "<circle class=\"plug\" cx=\"%d\" cy=\"%d\" r=\"4.5\"/>\n",
                x, y, SVG_CARD, height, x + SVG_CARD / 2, y);
    svg_text(out, "name", inside, y + NAME_Y, node->state->name, 24);
    add_count(out, node->state, inside + INNER, y + NAME_Y);
    svg_lines(out, "mono dim", inside, y + SUBNET_Y, node->state->subnet, '\0');
    add_bar(out, node->state, inside, y + card.bar);
    svg_text(out, "label", inside, y + card.labels, "GATEWAY", 8);
    svg_text(out, "label", inside + INNER / 2, y + card.labels, "NODE", 8);
    svg_lines(out, "mono", inside, y + card.values, node->state->gateways, '/');
    svg_lines(out, "mono", inside + INNER / 2, y + card.values, node->state->addresses, '/');
    add_chips(out, node, &card, inside, y);
}
