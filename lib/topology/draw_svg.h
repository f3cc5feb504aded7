/* What the files of the picture share. Lengths are pixels at full size. */

#ifndef TOPOLOGY_DRAW_SVG_H
#define TOPOLOGY_DRAW_SVG_H

#include "topology/draw.h"

enum { SVG_CARD = 320, SVG_LINE = 15 };

/* Adds 'words', escaped; of more than 'most' bytes the middle is left out. */
void svg_words(struct text *out, const char *words, size_t most);

/* Adds a line of text that begins, or ends, at 'x'. */
void svg_text(struct text *out, const char *class, int x, int y, const char *words, size_t most);
void svg_text_end(struct text *out, const char *class, int x, int y, const char *words,
                  size_t most);

/* Adds a line for each item of a text of several, up to 'end' if that is in it. Returns how many.
 */
int svg_lines(struct text *out, const char *class, int x, int y, const char *items, char end);

/* The cards of gateways, of which the first row has its upper edge at 'y', and wires from them down
 * to the join switch, whose upper edge has its middle at 'join_x' and 'join_y'; and how much
 * higher they make the picture. */
int svg_gateways_height(const struct drawing *drawing, int width);
void svg_gateways(struct text *out, const struct drawing *drawing, int y, int width, int join_x,
                  int join_y);

/* The card of a node. */
int svg_card_height(const struct drawing *drawing, const struct drawn_node *node);
void svg_card(struct text *out, const struct drawing *drawing, const struct drawn_node *node, int x,
              int y, int height);

#endif /* draw_svg.h */
