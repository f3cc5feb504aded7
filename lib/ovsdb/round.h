/* One round of applying a plan: from what its intents must be told, by what else is to be compared
 * with what they want, to the changes, and to the transaction that makes them.
 *
 * A round knows neither a connection nor time. It says what is to be sent, is told what was
 * answered, and leaves in the plan what was found out:
 *
 *     error = round_begin(&round, is_plain);
 *     while (!error && round.ops) {
 *         results = (the results of the operations round.ops, which are taken out);
 *         error = round_take(&round, results);
 *     }
 *     round_clear(&round);
 *
 * When it fails because somebody else was faster, another round can be begun. */

#ifndef OVSDB_ROUND_H
#define OVSDB_ROUND_H

#include "base/plan.h"
#include "ovsdb/ops.h"
#include "ovsdb/read.h"

struct round {
    /* Of each round of the plan. */
    ovnk8s_plan *plan;
    bool commits; /* Or is the plan only looked at? */
    bool looks;   /* As struct scene has it. */

    struct json *ops; /* To be sent; NULL once there is nothing left to do. */
    enum {
        ROUND_ASKING,     /* What intents must be told. */
        ROUND_READING,    /* What else is to be compared with what is wanted. */
        ROUND_COMMITTING, /* The changes. */
        ROUND_SEEKING,    /* Namesakes, when nothing is to be committed. */
    } stage;
    struct rows asked;
    size_t n_asked; /* How often. */
    struct notes notes;
    struct operations operations;
    bool is_refused;   /* The server has said that it did not commit. */
    struct rows names; /* Under which namesakes are sought, ... */
    struct rows found; /* ... and what was found. */
    struct questions questions;
};

/* Forgets what the plan has computed before, and begins; 'is_plain' as struct rows has it. */
int round_begin(struct round *round, bool is_plain);

/* Goes on with the results of what was sent. */
int round_take(struct round *round, const struct json *results);

/* Whether the plan has to do with what servers of an older OVN lack. */
bool round_uses_newer(const struct round *round);

void round_clear(struct round *round);

#endif /* round.h */
