#include "base/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/options.h"

enum { OWNER_LENGTH = 63 };

void ovnk8s_plan_options_init(ovnk8s_plan_options *options)
{
    *options = (ovnk8s_plan_options)OVNK8S_PLAN_OPTIONS_INIT;
}

static int check_owner(const char *owner)
{
    const size_t length = strlen(owner);

    if (!length || length > OWNER_LENGTH ||
        strspn(owner, "abcdefghijklmnopqrstuvwxyz"
                      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                      "0123456789._-") != length) {
        return fail(OVNK8S_INVALID,
                    "owner \"%s\": expected 1 to %d letters, digits, dots, dashes or underscores",
                    owner, OWNER_LENGTH);
    }
    return 0;
}

int ovnk8s_plan_new(ovnk8s_plan **out, const ovnk8s_plan_options *theirs)
{
    ovnk8s_plan_options options = OVNK8S_PLAN_OPTIONS_INIT;
    ovnk8s_plan *plan;
    int error = options_take(&options, sizeof options, theirs);

    *out = NULL;
    options.owner = options.owner ? options.owner : OVNK8S_DEFAULT_OWNER;
    error = error ? error : check_owner(options.owner);
    if (error) {
        return error;
    }
    plan = calloc(1, sizeof *plan);
    if (plan) {
        plan->owner = arena_strdup(&plan->arena, options.owner);
    }
    if (!plan || plan->arena.failed) {
        ovnk8s_plan_free(plan);
        return fail_nomem();
    }
    *out = plan;
    return 0;
}

void ovnk8s_plan_free(ovnk8s_plan *plan)
{
    if (plan) {
        plan_reset(plan);
        arena_clear(&plan->arena);
        free(plan);
    }
}

size_t ovnk8s_plan_changes(const ovnk8s_plan *plan)
{
    return plan->changes.n;
}

void plan_reset(ovnk8s_plan *plan)
{
    changes_clear(&plan->changes);
    rows_clear(&plan->wanted);
    rows_clear(&plan->facts);
}

int plan_intend(ovnk8s_plan *plan, const struct intent_type *type, const char *object,
                const void *params)
{
    struct intent *intent = arena_alloc(&plan->arena, sizeof *intent);

    if (!intent || plan->arena.failed) {
        return fail_nomem();
    }
    *intent = (struct intent){.type = type, .object = object, .params = params};
    *(plan->last ? &plan->last->next : &plan->first) = intent;
    plan->last = intent;
    return 0;
}

static int resolve_nothing(const void *params, const struct scene *scene, struct rows *wanted)
{
    (void)params;
    (void)scene;
    (void)wanted;
    return 0;
}

static const struct intent_type void_type = {"not doing", NULL, resolve_nothing};

void plan_withdraw(ovnk8s_plan *plan, const struct intent_type *type, const char *object)
{
    for (struct intent *intent = object ? plan->first : NULL; intent; intent = intent->next) {
        if (intent->type == type && intent->object && !strcmp(intent->object, object)) {
            intent->type = &void_type;
        }
    }
}

int plan_ask(const ovnk8s_plan *plan, const struct scene *scene, struct rows *asked)
{
    for (const struct intent *i = plan->first; i; i = i->next) {
        if (i->type->ask) {
            i->type->ask(i->params, scene, asked);
        }
    }
    return rows_failed(asked) ? fail_nomem() : 0;
}

int plan_resolve(const ovnk8s_plan *plan, const struct scene *scene, struct rows *wanted)
{
    for (const struct intent *i = plan->first; i; i = i->next) {
        const int error = i->type->resolve(i->params, scene, wanted);

        if (error) {
            return fail_during(error, "plan", i->object, "%s %s", i->type->doing, i->object);
        }
    }
    return rows_failed(wanted) ? fail_nomem() : 0;
}

/* Notes. */

struct note {
    struct note *next;
    const char *topic; /* Compared by address. */
    const char *name;
    void *memory;
    void (*clear)(void *note);
};

void *scene_note(const struct scene *scene, const char *topic, const char *name, size_t size,
                 void (*clear)(void *note))
{
    struct notes *notes = scene->notes;
    struct note *note = notes->first;

    while (note && (note->topic != topic || strcmp(note->name, name) != 0)) {
        note = note->next;
    }
    if (note) {
        return note->memory;
    }
    note = arena_alloc(&notes->arena, sizeof *note);
    if (note) {
        *note = (struct note){.next = notes->first, .topic = topic, .clear = clear};
        note->name = arena_strdup(&notes->arena, name);
        note->memory = arena_alloc(&notes->arena, size);
    }
    if (notes->arena.failed) {
        return NULL;
    }
    notes->first = note;
    return note->memory;
}

void notes_clear(struct notes *notes)
{
    for (struct note *note = notes->first; note; note = note->next) {
        if (note->clear) {
            note->clear(note->memory);
        }
    }
    arena_clear(&notes->arena);
    *notes = (struct notes){0};
}
