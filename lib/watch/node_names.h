/* Names of nodes, each of which is kept once: equal names are the same pointer. */

#ifndef WATCH_NODE_NAMES_H
#define WATCH_NODE_NAMES_H

#include <stddef.h>

#include "base/hash.h"

struct node_name {
    struct hashed hashed;
    size_t uses;
    char text[];
};

struct node_names {
    struct hash table;
};

/* NULL when memory ran out. */
struct node_name *node_name_use(struct node_names *names, const char *text);
void node_name_release(struct node_names *names, struct node_name *name); /* NULL is accepted. */

/* Frees all of them, whoever uses them. */
void node_names_clear(struct node_names *names);

#endif /* node_names.h */
