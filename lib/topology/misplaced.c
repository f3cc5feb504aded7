#include "topology/misplaced.h"

#include <stdlib.h>
#include <string.h>

#include "topology/names.h"

/* Where a port belongs. */
struct place {
    struct row_id port;
    const struct row *at;
};

struct places {
    struct place *of;
    size_t n;
};

void misplaced_ask(const struct scene *scene, struct rows *asked)
{
    row_ask(rows_ask_where(asked, SWITCH_TABLE, ROW_BY_OWNER, scene->owner), "ports");
    row_ask(rows_ask_where(asked, ROUTER_TABLE, ROW_BY_OWNER, scene->owner), "ports");
}

static int compare_places(const void *a, const void *b)
{
    return memcmp(((const struct place *)a)->port.bytes, ((const struct place *)b)->port.bytes,
                  sizeof((const struct place *)a)->port.bytes);
}

static bool find_places(const struct rows *wanted, struct arena *arena, struct places *out)
{
    size_t room = 1;

    for (const struct row *row = wanted->first; row; row = row->next) {
        room += row_column(row, "ports") ? row_column(row, "ports")->n : 0;
    }
    *out = (struct places){.of = arena_alloc(arena, room * sizeof *out->of)};
    for (const struct row *row = wanted->first; row && out->of; row = row->next) {
        const struct column *ports = row_column(row, "ports");

        for (size_t i = 0; ports && ports->rule == COLUMN_INCLUDES && i < ports->n; i++) {
            out->of[out->n++] = (struct place){ports->atoms[i].row, row};
        }
    }
    if (out->of) {
        qsort(out->of, out->n, sizeof *out->of, compare_places);
    }
    return out->of != NULL;
}

static void put_right(const struct places *places, const struct row *fact, struct rows *wanted)
{
    const struct column *ports = row_column(fact, "ports");

    for (size_t i = 0; ports && i < ports->n; i++) {
        const struct place key = {.port = ports->atoms[i].row};
        const struct place *place =
            bsearch(&key, places->of, places->n, sizeof *places->of, compare_places);

        if (place && !row_id_equal(place->at->id, fact->id)) {
            row_excludes_row(rows_edit(wanted, fact->table, fact->id, row_string(fact, "name")),
                             "ports", key.port);
        }
    }
}

int misplaced_take_out(const struct scene *scene, struct rows *wanted)
{
    struct places places;

    if (!find_places(wanted, &scene->notes->arena, &places)) {
        return fail_nomem();
    }
    for (const struct row *fact = scene->facts->first; fact; fact = fact->next) {
        if (!strcmp(fact->table, SWITCH_TABLE) || !strcmp(fact->table, ROUTER_TABLE)) {
            put_right(&places, fact, wanted);
        }
    }
    return rows_failed(wanted) ? fail_nomem() : 0;
}
