#include "kube/trim.h"

#include <string.h>

/* Where what begins at 'at' has ended: a string, or an object or array. It may be broken off. */

static size_t string_end(const char *json, size_t n, size_t at)
{
    for (at++; at < n && json[at] != '"'; at++) {
        at += json[at] == '\\';
    }
    return at < n ? at + 1 : n;
}

static size_t brackets_end(const char *json, size_t n, size_t at)
{
    size_t depth = 0;

    while (at < n) {
        const char c = json[at];

        if (c == '"') {
            at = string_end(json, n, at);
            continue;
        }
        depth += c == '{' || c == '[';
        at++;
        if ((c == '}' || c == ']') && !--depth) {
            return at;
        }
    }
    return n;
}

/* A key with its quotes. */
struct key {
    const char *text;
    size_t length;
};

static bool is_kept(const struct key *key, const char *const *kept)
{
    for (; *kept; kept++) {
        if (key->length == strlen(*kept) + 2 && !memcmp(key->text + 1, *kept, key->length - 2)) {
            return true;
        }
    }
    return false;
}

void trim_json(const char *json, size_t n, size_t level, const char *const *kept, struct text *out)
{
    struct key key = {.text = NULL};
    size_t depth = 0, copied = 0, end;
    char last = '\0'; /* What is no space. */

    out->length = 0;
    for (size_t at = 0; at < n; at = end) {
        const char c = json[at];

        end = at + 1;
        if (c == '"') {
            end = string_end(json, n, at);
            key = (struct key){json + at, end - at};
        } else if (c == '{' || c == '[') {
            if (depth == level && last == ':' && !is_kept(&key, kept)) {
                end = brackets_end(json, n, at);
                text_add_bytes(out, json + copied, at - copied);
                text_add(out, "null");
                copied = end;
            } else {
                depth++;
            }
        } else if (c == '}' || c == ']') {
            depth--;
        }
        last = c == ' ' || c == '\t' || c == '\r' || c == '\n' ? last : c;
    }
    text_add_bytes(out, json + copied, n - copied);
}
