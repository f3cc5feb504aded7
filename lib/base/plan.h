/* Plans as values: what somebody wants, before anybody has looked at a database.
 *
 * A plan is a list of intents. Each knows what it must be told (ask) and, once told, which rows it
 * wants (resolve): a pure function, so that it can be called again when somebody else has changed
 * the facts meanwhile. Topology adds intents; the database room computes and applies them, and
 * leaves in the plan what it has found out. */

#ifndef BASE_PLAN_H
#define BASE_PLAN_H

#include <ovnk8s/plan.h>

#include "base/change.h"
#include "base/mem.h"
#include "base/row.h"

/* The owner mark of every row of the library, in external_ids. */
#define OWNER_KEY "ovnk8s-owner"

/* What an intent works with. */
struct scene {
    const char *owner;
    const struct rows *facts; /* What is known of the database so far. */
    bool looks;               /* Nothing is believed to be new without looking. */
    struct notes *notes;      /* What intents remember while one plan is resolved. */
};

struct intent_type {
    const char *doing; /* For messages: "adding node". */

    /* Says what resolve() needs to be told, beyond nothing. It is called again when that is known,
     * and can ask for more then. May be NULL. */
    void (*ask)(const void *params, const struct scene *scene, struct rows *asked);

    /* Adds what is wanted to 'wanted', given the rows of 'scene->facts' that were found of those
     * asked. */
    int (*resolve)(const void *params, const struct scene *scene, struct rows *wanted);
};

struct intent {
    struct intent *next;
    const struct intent_type *type;
    const char *object; /* What it is about: a node's or a pod's name. */
    const void *params; /* In the plan's arena. */
};

struct ovnk8s_plan {
    const char *owner;
    struct arena arena;
    struct intent *first, *last;

    /* Of the latest computation. */
    struct rows facts, wanted;
    struct changes changes;
};

DEFINE_CLEANUP(plan_free, ovnk8s_plan *, ovnk8s_plan_free)
#define _cleanup_plan_ CLEANUP(plan_freep)

/* Adds an intent. 'params' and 'object' are in the plan's arena. */
int plan_intend(ovnk8s_plan *plan, const struct intent_type *type, const char *object,
                const void *params);

/* Earlier intents of this type about the object do nothing any more. */
void plan_withdraw(ovnk8s_plan *plan, const struct intent_type *type, const char *object);

/* Collects what all intents ask, or want. */
int plan_ask(const ovnk8s_plan *plan, const struct scene *scene, struct rows *asked);
int plan_resolve(const ovnk8s_plan *plan, const struct scene *scene, struct rows *wanted);

/* Forgets the latest computation. */
void plan_reset(ovnk8s_plan *plan);

/* Memory of 'size' zeroed bytes that all intents of one resolving share under a topic and a name,
 * NULL when memory ran out. 'clear', unless it is NULL, is called for it in the end. */
void *scene_note(const struct scene *scene, const char *topic, const char *name, size_t size,
                 void (*clear)(void *note));
void notes_clear(struct notes *notes);

struct notes {
    struct arena arena;
    struct note *first;
};

#endif /* plan.h */
