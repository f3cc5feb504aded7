/* Taking a JSON stream apart as its bytes arrive, without ever holding all of it.
 *
 * A scanner cuts the elements of "items" and the other members out of the answer to a LIST; a line
 * splitter cuts the events out of the answer to a WATCH. Both hold one piece at a time and bound
 * its size. What is cut out has balanced brackets; whether it is JSON is found out by parsing it.
 */

#ifndef KUBE_SCAN_H
#define KUBE_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum { SCAN_PIECE_MAX = 16 << 20 };

/* Receive a piece, which is not zero-terminated. An error, told by fail(), ends the scan. */
struct scan_handler {
    int (*element)(const char *json, size_t n, void *payload);                 /* Of "items". */
    int (*member)(const char *key, const char *json, size_t n, void *payload); /* Any other. */
    void *payload;
};

struct scanner {
    const struct scan_handler *handler;
    size_t most; /* Of one piece. */
    enum {
        SCAN_START,
        SCAN_FIRST_KEY,
        SCAN_KEY,
        SCAN_COLON,
        SCAN_VALUE,
        SCAN_AFTER_VALUE,
        SCAN_FIRST_ELEMENT,
        SCAN_ELEMENT,
        SCAN_AFTER_ELEMENT,
        SCAN_END,
    } state;
    bool cutting; /* Within a piece: the key, value or element that 'state' expects. */
    bool in_string, escaped;
    size_t depth; /* Of brackets within the piece. */
    char key[64]; /* Of the member; cut when longer. */
    struct text piece;
};

/* Gets ready for a new stream. */
void scan_begin(struct scanner *scanner, const struct scan_handler *handler, size_t most);

/* Fails with OVNK8S_PROTOCOL, OVNK8S_NOMEM, or as the handler did. */
int scan_feed(struct scanner *scanner, const char *bytes, size_t n);

/* Fails with OVNK8S_PROTOCOL when the stream is not complete. */
int scan_end(const struct scanner *scanner);

void scan_clear(struct scanner *scanner);

struct lines {
    int (*line)(const char *line, size_t n, void *payload); /* Without the newline, never empty. */
    void *payload;
    size_t most;
    struct text rest; /* Of a line that is not complete. */
};

int lines_feed(struct lines *lines, const char *bytes, size_t n);

#endif /* scan.h */
