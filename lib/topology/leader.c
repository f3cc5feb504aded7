#include "topology/leader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/plan.h"
#include "topology/names.h"
#include "topology/topology.h"

#define LEADER_KEY "leader"
#define TERM_KEY "term"

enum { IDENTITY_LENGTH = 255 };

struct row_id leader_id(const char *owner)
{
    return row_id(owner, LEDGER_TABLE, "leader");
}

static uint64_t read_term(const char *text)
{
    char *end;
    uint64_t term;

    if (!text || *text < '1' || *text > '9') {
        return 0;
    }
    term = strtoull(text, &end, 10);
    return *end || term == UINT64_MAX ? 0 : term;
}

struct leader_record leader_read(const struct row *row)
{
    const struct leader_record leader = {.identity = row_pair(row, "external_ids", LEADER_KEY),
                                         .term =
                                             read_term(row_pair(row, "external_ids", TERM_KEY))};

    return leader.identity && *leader.identity && leader.term
               ? leader
               : (struct leader_record){.identity = ""};
}

struct row *drop_leader(struct rows *wanted, const char *owner)
{
    return rows_drop(wanted, LEDGER_TABLE, leader_id(owner), "leader");
}

static void ask(const void *params, const struct scene *scene, struct rows *asked)
{
    (void)params;
    row_ask(rows_ask(asked, LEDGER_TABLE, leader_id(scene->owner)), "external_ids");
}

static struct leader_record known_leader(const struct scene *scene)
{
    return leader_read(rows_find(scene->facts, LEDGER_TABLE, leader_id(scene->owner)));
}

static bool is_same(const struct leader_record *a, const struct leader_record *b)
{
    return a->term == b->term && !strcmp(a->identity, b->identity);
}

/* It ends the plan for good: computing it again makes nobody the leader. */
static int refuse(const struct leader_record *wanted, const struct leader_record *there)
{
    if (there->term) {
        fail(OVNK8S_PERMISSION, "by the database %s leads, for the term %" PRIu64, there->identity,
             there->term);
    } else {
        fail(OVNK8S_PERMISSION, "by the database nobody leads");
    }
    return fail_during(OVNK8S_PERMISSION, LEADER_STAGE, wanted->identity, "term %" PRIu64,
                       wanted->term);
}

/* Taking. */

static int resolve_take(const void *params, const struct scene *scene, struct rows *wanted)
{
    const struct leader_record *leader = params, there = known_leader(scene);
    struct row *row;
    char term[24];

    if (leader->seen) {
        *leader->seen = there.term;
    }
    if (there.term >= leader->term && !is_same(&there, leader)) {
        return refuse(leader, &there);
    }
    row = rows_want(wanted, LEDGER_TABLE, leader_id(scene->owner), "leader");
    snprintf(term, sizeof term, "%" PRIu64, leader->term);
    row_includes_pair(row, "external_ids", LEDGER_KEY, "leader");
    row_includes_pair(row, "external_ids", LEADER_KEY, leader->identity);
    row_includes_pair(row, "external_ids", TERM_KEY, term);
    row_is_owned(row, scene->owner);
    row->guarded = true; /* Of two who take it at once one is refused. */
    return rows_failed(wanted) ? fail_nomem() : 0;
}

static const struct intent_type take_type = {"taking the lead as", ask, resolve_take};

/* Requiring. */

static int resolve_require(const void *params, const struct scene *scene, struct rows *wanted)
{
    const struct leader_record *leader = params, there = known_leader(scene);

    if (!is_same(&there, leader)) {
        return refuse(leader, &there);
    }
    rows_edit(wanted, LEDGER_TABLE, leader_id(scene->owner), "leader")->guarded = true;
    return rows_failed(wanted) ? fail_nomem() : 0;
}

static const struct intent_type require_type = {"leading as", ask, resolve_require};

static int intend(ovnk8s_plan *plan, const struct intent_type *type, const char *identity,
                  uint64_t term, uint64_t *seen)
{
    struct leader_record *leader = arena_alloc(&plan->arena, sizeof *leader);

    if (!identity || !*identity || strlen(identity) > IDENTITY_LENGTH) {
        return fail(OVNK8S_INVALID, "identity \"%.20s\": expected 1 to %d characters",
                    identity ? identity : "", IDENTITY_LENGTH);
    }
    if (!term || term == UINT64_MAX) {
        return fail(OVNK8S_INVALID, "term %" PRIu64 ": expected more than 0", term);
    }
    if (!leader) {
        return fail_nomem();
    }
    *leader = (struct leader_record){arena_strdup(&plan->arena, identity), term, seen};
    return plan_intend(plan, type, leader->identity, leader);
}

int ovnk8s_leader_take(ovnk8s_plan *plan, const char *identity, uint64_t term)
{
    return leader_take_telling(plan, identity, term, NULL);
}

int leader_take_telling(ovnk8s_plan *plan, const char *identity, uint64_t term, uint64_t *seen)
{
    return intend(plan, &take_type, identity, term, seen);
}

int ovnk8s_leader_require(ovnk8s_plan *plan, const char *identity, uint64_t term)
{
    return intend(plan, &require_type, identity, term, NULL);
}
