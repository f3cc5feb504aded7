#include "topology/adopt.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "topology/adopt_identity.h"
#include "topology/groups.h"
#include "topology/names.h"
#include "topology/topology.h"

#define PORT_GROUP_TABLE "Port_Group"

/* All that is ours, or can refer to it. */
static const char *const tables[] = {
    SWITCH_TABLE, SWITCH_PORT_TABLE, ROUTER_TABLE,     ROUTER_PORT_TABLE, ROUTE_TABLE, NAT_TABLE,
    POLICY_TABLE, LEDGER_TABLE,      PORT_GROUP_TABLE, BALANCER_TABLE,    GROUP_TABLE};

enum { PLAIN_TABLES = 10 }; /* Older servers have no groups of load balancers. */

/* What becomes of a row. */
struct fate {
    struct row_id id; /* The identity that it gets. */
    bool goes;        /* It is made anew, or is of no use. */
};

struct adoption {
    bool is_needed;
    struct rows fates; /* By the identities that there are; 'remark' is the fate. */
    struct rows taken; /* The identities that rows get. */
    struct rows facts; /* As they will be. */
};

/* Asking. */

/* Rows of the owner that are found while none of those is that tell of the cluster. */
static bool has_something_lost(const struct scene *scene)
{
    const struct rows *facts = scene->facts;
    const char *owner = scene->owner;

    if (rows_find(facts, LEDGER_TABLE, cluster_ledger_id(owner)) ||
        rows_find(facts, ROUTER_TABLE, cluster_router_id(owner)) ||
        rows_find(facts, SWITCH_TABLE, join_switch_id(owner))) {
        return false;
    }
    for (const struct row *row = facts->first; row; row = row->next) {
        struct row_id id;

        if (identity_of(owner, row, &scene->notes->arena, &id) && !row_id_equal(id, row->id)) {
            return true;
        }
    }
    return false;
}

void adopt_ask(const struct scene *scene, struct rows *asked)
{
    const bool is_needed = scene->facts->first && has_something_lost(scene);
    const size_t n = asked->is_plain ? PLAIN_TABLES : COUNT_OF(tables);

    for (size_t i = 0; is_needed && i < n; i++) {
        rows_ask_where(asked, tables[i], ROW_ANY, "")->whole = true;
    }
}

/* Fates. */

static void clear(void *note)
{
    struct adoption *adoption = note;

    rows_clear(&adoption->fates);
    rows_clear(&adoption->taken);
    rows_clear(&adoption->facts);
}

static struct adoption *adoption_of(const struct scene *scene)
{
    static const char topic[] = "adoption";

    return scene_note(scene, topic, "", sizeof(struct adoption), clear);
}

bool adopt_is_needed(const struct scene *scene)
{
    const struct adoption *adoption = adoption_of(scene);

    return adoption && adoption->is_needed;
}

static const struct fate *fate_of(const struct adoption *adoption, struct row_id id)
{
    const struct row *row = rows_find_id(&adoption->fates, id);

    return row ? row->remark : NULL;
}

static void decide(struct adoption *adoption, const struct row *fact, struct fate fate,
                   struct rows *wanted)
{
    struct fate *decided = arena_alloc(&adoption->fates.arena, sizeof *decided);
    struct row *old = rows_drop(wanted, fact->table, fact->id, row_string(fact, "name"));

    /* What others put into sets of it just now must not be lost. */
    old->unchanged = identity_is_root(fact->table);
    if (decided) {
        *decided = fate;
        rows_ask(&adoption->fates, fact->table, fact->id)->remark = decided;
        rows_ask(&adoption->taken, fact->table, fate.id);
    }
}

/* Of two rows that could be the same one, as that of a leader who came after the restore, one is.
 */
static void decide_named(struct adoption *adoption, const struct scene *scene,
                         const struct row *fact, struct rows *wanted)
{
    struct fate fate;

    if (!identity_of(scene->owner, fact, &scene->notes->arena, &fate.id) ||
        row_id_equal(fate.id, fact->id)) {
        return;
    }
    fate.goes = rows_find_id(scene->facts, fate.id) || rows_find_id(&adoption->taken, fate.id);
    if (!fate.goes || !strcmp(fact->table, LEDGER_TABLE)) {
        decide(adoption, fact, fate, wanted);
    }
}

/* Facts as they will be. */

/* The column with what rows become; what goes is left out. */
static struct column translate(const struct adoption *adoption, const struct column *column,
                               struct arena *arena)
{
    const size_t width = column->is_map ? 2 : 1;
    struct column to = *column;

    to.n = 0;
    to.atoms = arena_alloc(arena, (column->n + 1) * width * sizeof *to.atoms);
    for (size_t i = 0; to.atoms && i < column->n; i++) {
        struct atom *atoms = to.atoms + to.n * width;
        const struct fate *fate;

        memcpy(atoms, column->atoms + i * width, width * sizeof *atoms);
        fate = atoms->type == ATOM_ROW ? fate_of(adoption, atoms->row) : NULL;
        to.n += fate && fate->goes ? 0 : 1;
        if (fate) {
            atoms->row = fate->id;
        }
    }
    return to;
}

static void foresee(struct adoption *adoption, const struct row *fact, struct arena *arena)
{
    const struct fate *fate = fate_of(adoption, fact->id);
    struct row *row;

    if (fate && fate->goes) {
        return;
    }
    row = rows_want(&adoption->facts, fact->table, fate ? fate->id : fact->id, fact->name);
    for (const struct column *c = fact->columns; c; c = c->next) {
        const struct column to = translate(adoption, c, arena);

        row_add_atoms(row, c->name, COLUMN_IS, c->is_map, to.atoms, to.n);
    }
}

int adopt_begin(const struct scene *scene, struct rows *wanted, struct scene *out)
{
    struct adoption *adoption = adoption_of(scene);

    *out = *scene;
    if (!adoption) {
        return fail_nomem();
    }
    adoption->is_needed = has_something_lost(scene);
    if (!adoption->is_needed) {
        return 0;
    }
    for (const struct row *fact = scene->facts->first; fact; fact = fact->next) {
        decide_named(adoption, scene, fact, wanted);
    }
    for (const struct row *fact = scene->facts->first; fact; fact = fact->next) {
        foresee(adoption, fact, &scene->notes->arena);
    }
    out->facts = &adoption->facts;
    return rows_failed(&adoption->fates) || rows_failed(&adoption->taken) ||
                   rows_failed(&adoption->facts) || rows_failed(wanted)
               ? fail_nomem()
               : 0;
}

/* What has no name: it is the one of those wanted in the same place that says the same. */

static bool says_the_same(const struct row *row, const struct row *fact)
{
    for (const struct column *c = row->columns; c; c = c->next) {
        const struct column *there = row_column(fact, c->name);

        if (c->rule == COLUMN_IS && c->n &&
            !(there && there->n == c->n && column_holds(there, c->atoms))) {
            return false;
        }
    }
    return true;
}

static const struct row *find_twin(const struct adoption *adoption, const struct rows *wanted,
                                   const struct column *parts, const struct row *fact)
{
    for (size_t i = 0; parts && i < parts->n; i++) {
        const struct row *row = rows_find_id(wanted, parts->atoms[i].row);

        if (row && !strcmp(row->table, fact->table) && row->state == ROW_WANTED &&
            !rows_find_id(&adoption->taken, row->id) && says_the_same(row, fact)) {
            return row;
        }
    }
    return NULL;
}

static const struct column *included(const struct row *row, const char *name)
{
    const struct column *c = row ? row->columns : NULL;

    while (c && (c->rule != COLUMN_INCLUDES || strcmp(c->name, name) != 0)) {
        c = c->next;
    }
    return c;
}

static void decide_part(struct adoption *adoption, const struct scene *scene,
                        const struct column *parts, const struct row *fact, struct rows *wanted)
{
    const bool is_marked = identity_is_marked(scene->owner, fact);
    const bool may_be_ours = is_marked || !strcmp(fact->table, POLICY_TABLE);
    const struct row *twin = may_be_ours ? find_twin(adoption, wanted, parts, fact) : NULL;

    if (twin) {
        decide(adoption, fact, (struct fate){.id = twin->id}, wanted);
    } else if (is_marked) { /* Of a service, or damaged. */
        decide(adoption, fact, (struct fate){.id = fact->id, .goes = true}, wanted);
    }
}

static void decide_parts(struct adoption *adoption, const struct scene *scene,
                         const struct row *router, struct rows *wanted)
{
    static const char *const columns[] = {"static_routes", "nat", "policies"};
    const struct fate *fate = fate_of(adoption, router->id);

    for (size_t i = 0; fate && i < COUNT_OF(columns); i++) {
        const struct column *there = row_column(router, columns[i]);
        const struct column *parts =
            included(rows_find(wanted, ROUTER_TABLE, fate->id), columns[i]);

        for (size_t j = 0; there && j < there->n; j++) {
            const struct row *fact = rows_find_id(scene->facts, there->atoms[j].row);

            if (fact && !fate_of(adoption, fact->id)) {
                decide_part(adoption, scene, parts, fact, wanted);
            }
        }
    }
}

/* Carrying over. */

static int compare_atoms(const void *a, const void *b)
{
    return atom_compare(a, b);
}

/* What is stated of the elements of a column, or the keys of a map, in order. */
struct stated {
    struct atom *of;
    size_t n;
    bool is_whole; /* The column is exactly what is stated. */
};

static struct stated gather_stated(const struct row *row, const char *name, struct arena *arena)
{
    struct stated stated = {.n = 0};
    size_t room = 1;

    for (const struct column *c = row->columns; c; c = c->next) {
        room += strcmp(c->name, name) ? 0 : c->n;
        stated.is_whole |= c->rule == COLUMN_IS && !strcmp(c->name, name);
    }
    stated.of = arena_alloc(arena, room * sizeof *stated.of);
    for (const struct column *c = row->columns; c && stated.of; c = c->next) {
        for (size_t i = 0; !strcmp(c->name, name) && i < c->n; i++) {
            stated.of[stated.n++] = c->atoms[i * (c->is_map ? 2 : 1)];
        }
    }
    if (stated.of) {
        qsort(stated.of, stated.n, sizeof *stated.of, compare_atoms);
    }
    return stated;
}

static bool is_stated(const struct stated *stated, const struct atom *atom)
{
    return stated->n &&
           bsearch(atom, stated->of, stated->n, sizeof *stated->of, compare_atoms) != NULL;
}

static void carry_column(const struct adoption *adoption, const struct column *column,
                         struct row *row, struct arena *arena)
{
    const struct stated stated = gather_stated(row, column->name, arena);
    const struct column there = translate(adoption, column, arena);
    const size_t width = there.is_map ? 2 : 1;
    size_t n = 0;

    for (size_t i = 0; !stated.is_whole && i < there.n; i++) {
        const struct atom *atoms = there.atoms + i * width;

        if (!is_stated(&stated, atoms)) {
            memmove(there.atoms + n++ * width, atoms, width * sizeof *atoms);
        }
    }
    if (n) {
        row_add_atoms(row, column->name, COLUMN_INCLUDES, there.is_map, there.atoms, n);
    }
}

static void carry_row(const struct adoption *adoption, const struct row *fact, struct rows *wanted,
                      struct arena *arena)
{
    const struct fate *fate = fate_of(adoption, fact->id);
    struct row *row = rows_find(wanted, fact->table, fate->id);

    if (fate->goes || (row && row->state == ROW_DROPPED)) {
        return;
    }
    row = rows_want(wanted, fact->table, fate->id, row_string(fact, "name"));
    row->is_new = true; /* All of the table was read. */
    rows_find(wanted, fact->table, fact->id)->name = row->name;
    for (const struct column *c = fact->columns; c; c = c->next) {
        carry_column(adoption, c, row, arena);
    }
}

static bool is_excluded(const struct row *row, const char *name, struct row_id id)
{
    const struct atom atom = {.type = ATOM_ROW, .row = id};
    const struct column *c = row->columns;

    while (c && (c->rule != COLUMN_EXCLUDES || strcmp(c->name, name) || !column_holds(c, &atom))) {
        c = c->next;
    }
    return c;
}

/* What is not ours, and refers to what was adopted. */
static void redirect(const struct adoption *adoption, const struct row *fact,
                     const struct column *column, struct rows *wanted)
{
    for (size_t i = 0; !column->is_map && i < column->n; i++) {
        const struct atom *atom = &column->atoms[i];
        const struct fate *fate = atom->type == ATOM_ROW ? fate_of(adoption, atom->row) : NULL;
        struct row *row =
            fate ? rows_edit(wanted, fact->table, fact->id, row_string(fact, "name")) : NULL;
        const struct row *target = fate ? rows_find_id(wanted, fate->id) : NULL;

        if (row) {
            row_excludes_row(row, column->name, atom->row);
        }
        if (target && !fate->goes && target->state == ROW_WANTED &&
            !is_excluded(row, column->name, fate->id)) {
            row_includes_row(row, column->name, fate->id);
        }
    }
}

int adopt_end(const struct scene *scene, struct rows *wanted)
{
    struct adoption *adoption = adoption_of(scene);
    struct arena *arena = &scene->notes->arena;
    const struct rows *facts = scene->facts;

    for (const struct row *row = facts->first; row && adoption->is_needed; row = row->next) {
        if (!strcmp(row->table, ROUTER_TABLE)) {
            decide_parts(adoption, scene, row, wanted);
        }
    }
    for (const struct row *row = facts->first; row && adoption->is_needed; row = row->next) {
        if (fate_of(adoption, row->id)) {
            carry_row(adoption, row, wanted, arena);
        }
    }
    for (const struct row *row = facts->first; row && adoption->is_needed; row = row->next) {
        for (const struct column *c = row->columns; c && !fate_of(adoption, row->id); c = c->next) {
            redirect(adoption, row, c, wanted);
        }
    }
    return rows_failed(wanted) || arena->failed ? fail_nomem() : 0;
}
