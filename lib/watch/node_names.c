#include "watch/node_names.h"

#include <stdlib.h>
#include <string.h>

struct node_name *node_name_use(struct node_names *names, const char *text)
{
    const uint64_t hash = hash_text(HASH_START, text);
    struct hashed *at = hash_find(&names->table, hash);
    struct node_name *name;

    while (at && strcmp(((struct node_name *)at)->text, text) != 0) {
        at = hash_find_next(at);
    }
    name = (struct node_name *)at;
    if (!name) {
        const size_t size = strlen(text) + 1;

        name = calloc(1, sizeof *name + size);
        if (!name || !hash_insert(&names->table, &name->hashed, hash)) {
            free(name);
            return NULL;
        }
        memcpy(name->text, text, size);
    }
    name->uses++;
    return name;
}

void node_name_release(struct node_names *names, struct node_name *name)
{
    if (name && !--name->uses) {
        hash_remove(&names->table, &name->hashed);
        free(name);
    }
}

static void free_name(struct hashed *hashed)
{
    free(hashed);
}

void node_names_clear(struct node_names *names)
{
    hash_clear(&names->table, free_name);
}
