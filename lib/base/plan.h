/* Plans as values: what somebody wants, before anybody has looked at a database.
 *
 * A plan is a list of intents. Each knows what it must be told (ask) and, once told, which rows it
 * wants (resolve): a pure function, so that it can be called again when somebody else has changed
 * the facts meanwhile. Topology adds intents; the database room computes and applies them. */

#ifndef BASE_PLAN_H
#define BASE_PLAN_H

#include <ovnk8s/plan.h>

#include "base/mem.h"
#include "base/row.h"

/* The owner mark of every row of the library, in external_ids. */
#define OWNER_KEY "ovnk8s-owner"

struct intent_type {
    const char *doing; /* For messages: "adding node". */

    /* Says what resolve() needs to be told, beyond nothing. May be NULL. */
    void (*ask)(const void *params, const char *owner, struct rows *asked);

    /* Adds what is wanted to 'wanted', given the rows of 'facts' that were found of those asked. */
    int (*resolve)(const void *params, const char *owner, const struct rows *facts,
                   struct rows *wanted);
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
    size_t n_changes; /* Of the latest successful apply. */
};

DEFINE_CLEANUP(plan_free, ovnk8s_plan *, ovnk8s_plan_free)
#define _cleanup_plan_ CLEANUP(plan_freep)

/* Adds an intent. 'params' and 'object' are in the plan's arena. */
int plan_intend(ovnk8s_plan *plan, const struct intent_type *type, const char *object,
                const void *params);

/* Collects what all intents ask, or want. */
int plan_ask(const ovnk8s_plan *plan, struct rows *asked);
int plan_resolve(const ovnk8s_plan *plan, const struct rows *facts, struct rows *wanted);

#endif /* plan.h */
