#include "kube/scan.h"

#include <stdio.h>
#include <string.h>

void scan_clear(struct scanner *scanner)
{
    text_clear(&scanner->piece);
}

void scan_begin(struct scanner *scanner, const struct scan_handler *handler, size_t most)
{
    scan_clear(scanner);
    *scanner = (struct scanner){.handler = handler, .most = most};
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int fail_unexpected(char c)
{
    return fail(OVNK8S_PROTOCOL, "the list is no JSON: unexpected character 0x%02x",
                (unsigned char)c);
}

/* Within a string: returns whether 'c' ends it. */
static bool string_ends(struct scanner *scanner, char c)
{
    if (scanner->escaped) {
        scanner->escaped = false;
    } else if (c == '\\') {
        scanner->escaped = true;
    } else if (c == '"') {
        scanner->in_string = false;
        return true;
    }
    return false;
}

/* Returns how many of the 'n' bytes at 'p' belong to the piece, and whether they complete it. */
static size_t piece_length(struct scanner *scanner, const char *p, size_t n, bool *complete)
{
    *complete = true;
    for (size_t i = 0; i < n; i++) {
        const char c = p[i];

        if (scanner->in_string) {
            if (string_ends(scanner, c) && !scanner->depth) {
                return i + 1;
            }
        } else if (c == '"') {
            scanner->in_string = true;
        } else if (c == '{' || c == '[') {
            scanner->depth++;
        } else if (!scanner->depth && (c == ',' || c == '}' || c == ']' || is_space(c))) {
            return i; /* Behind a number, true, false or null. */
        } else if ((c == '}' || c == ']') && !--scanner->depth) {
            return i + 1;
        }
    }
    *complete = false;
    return n;
}

static int take_key(struct scanner *scanner, const char *json, size_t n)
{
    /* Without the quotes. Keys of interest have no escapes. */
    snprintf(scanner->key, sizeof scanner->key, "%.*s", n < 2 ? 0 : (int)(n < 80 ? n - 2 : 80),
             json + 1);
    scanner->state = SCAN_COLON;
    return 0;
}

static int take_piece(struct scanner *scanner, const char *json, size_t n)
{
    const struct scan_handler *handler = scanner->handler;

    switch ((int)scanner->state) {
    case SCAN_FIRST_KEY:
    case SCAN_KEY:
        return take_key(scanner, json, n);
    case SCAN_VALUE:
        scanner->state = SCAN_AFTER_VALUE;
        return handler->member(scanner->key, json, n, handler->payload);
    default:
        scanner->state = SCAN_AFTER_ELEMENT;
        return handler->element(json, n, handler->payload);
    }
}

/* Goes on with a piece; '*used' becomes the number of bytes that belong to it. */
static int cut(struct scanner *scanner, const char *p, size_t n, size_t *used)
{
    bool complete;
    int error;

    *used = piece_length(scanner, p, n, &complete);
    if (scanner->piece.length + *used > scanner->most) {
        return fail(OVNK8S_PROTOCOL, "an object in the list is longer than %zu bytes",
                    scanner->most);
    }
    scanner->cutting = !complete;
    if (complete && !scanner->piece.length) {
        return take_piece(scanner, p, *used); /* Whole in this buffer: no copy. */
    }
    text_add_bytes(&scanner->piece, p, *used);
    if (scanner->piece.failed) {
        return fail_nomem();
    }
    if (!complete) {
        return 0;
    }
    error = take_piece(scanner, scanner->piece.bytes, scanner->piece.length);
    scanner->piece.length = 0;
    return error;
}

static bool starts_value(char c)
{
    return c && strchr("{[\"-0123456789tfn", c);
}

/* Begins a piece of which 'c' is the first byte, if it can be. */
static int begin_piece(struct scanner *scanner, char c, bool possible)
{
    if (!possible) {
        return fail_unexpected(c);
    }
    scanner->cutting = true;
    scanner->in_string = scanner->escaped = false;
    scanner->depth = 0;
    return 0;
}

/* Goes on to 'next' if 'c' is what must come. */
static int expect(struct scanner *scanner, char c, char expected, int next)
{
    if (c != expected) {
        return fail_unexpected(c);
    }
    scanner->state = next;
    return 0;
}

/* What 'c', between pieces, means. A byte that begins a piece is looked at again as part of it. */
static int between(struct scanner *scanner, char c)
{
    switch (scanner->state) {
    case SCAN_START:
        return expect(scanner, c, '{', SCAN_FIRST_KEY);
    case SCAN_FIRST_KEY:
        return c == '}' ? expect(scanner, c, '}', SCAN_END) : begin_piece(scanner, c, c == '"');
    case SCAN_KEY:
        return begin_piece(scanner, c, c == '"');
    case SCAN_COLON:
        return expect(scanner, c, ':', SCAN_VALUE);
    case SCAN_VALUE:
        return c == '[' && !strcmp(scanner->key, "items")
                   ? expect(scanner, c, '[', SCAN_FIRST_ELEMENT)
                   : begin_piece(scanner, c, starts_value(c));
    case SCAN_AFTER_VALUE:
        return c == ',' ? expect(scanner, c, ',', SCAN_KEY) : expect(scanner, c, '}', SCAN_END);
    case SCAN_FIRST_ELEMENT:
        return c == ']' ? expect(scanner, c, ']', SCAN_AFTER_VALUE)
                        : begin_piece(scanner, c, starts_value(c));
    case SCAN_ELEMENT:
        return begin_piece(scanner, c, starts_value(c));
    case SCAN_AFTER_ELEMENT:
        return c == ',' ? expect(scanner, c, ',', SCAN_ELEMENT)
                        : expect(scanner, c, ']', SCAN_AFTER_VALUE);
    case SCAN_END:
    default:
        return fail_unexpected(c);
    }
}

int scan_feed(struct scanner *scanner, const char *bytes, size_t n)
{
    size_t used;
    int error = 0;

    for (size_t i = 0; i < n && !error; i += used) {
        used = 1;
        if (scanner->cutting) {
            error = cut(scanner, bytes + i, n - i, &used);
        } else if (!is_space(bytes[i])) {
            error = between(scanner, bytes[i]);
            used = !scanner->cutting;
        }
    }
    return error;
}

int scan_end(const struct scanner *scanner)
{
    return scanner->state == SCAN_END ? 0 : fail(OVNK8S_PROTOCOL, "the list ends in the middle");
}

/* Hands over the line that ends with the 'n' bytes at 'bytes'. */
static int take_line(struct lines *lines, const char *bytes, size_t n)
{
    int error;

    if (!lines->rest.length) {
        return n ? lines->line(bytes, n, lines->payload) : 0;
    }
    text_add_bytes(&lines->rest, bytes, n);
    if (lines->rest.failed) {
        return fail_nomem();
    }
    error = lines->line(lines->rest.bytes, lines->rest.length, lines->payload);
    lines->rest.length = 0;
    return error;
}

int lines_feed(struct lines *lines, const char *bytes, size_t n)
{
    const char *end;
    int error = 0;

    while (n && !error) {
        const size_t length = (end = memchr(bytes, '\n', n)) ? (size_t)(end - bytes) : n;

        if (lines->rest.length + length > lines->most) {
            return fail(OVNK8S_PROTOCOL, "an event is longer than %zu bytes", lines->most);
        }
        if (!end) {
            text_add_bytes(&lines->rest, bytes, n);
            return lines->rest.failed ? fail_nomem() : 0;
        }
        error = take_line(lines, bytes, length);
        bytes += length + 1;
        n -= length + 1;
    }
    return error;
}
