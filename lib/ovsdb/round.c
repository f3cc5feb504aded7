#include "ovsdb/round.h"

#include <string.h>

#include "base/error.h"
#include "openvswitch/json.h"
#include "ovsdb/result.h"

/* Each time more is asked because of what was learnt; no intent needs more steps than this. */
enum { MOST_QUESTIONS = 5 };

#define NAMESAKE "there is one of this name that belongs to somebody else"

/* Leaves the questions to be sent, if there are any. */
static bool puts_questions(struct round *round)
{
    struct questions *questions = &round->questions;

    if (questions->n) {
        round->ops = STEAL(questions->ops);
        return true;
    }
    questions_clear(questions);
    return false;
}

/* Rows of somebody else under a name that must be sole are found by the server when it commits; for
 * a plan that is only looked at they are looked for. */

static bool is_dropped(const struct rows *wanted, const struct row *row)
{
    const struct row *stated = rows_find(wanted, row->table, row->id);

    return stated && stated->state == ROW_DROPPED;
}

static int refuse_namesake(const struct rows *found, const struct row *row)
{
    const struct row *other = found->first;
    int error;

    while (other && (strcmp(other->table, row->table) != 0 || strcmp(other->name, row->name) != 0 ||
                     row_id_equal(other->id, row->id) || is_dropped(row->rows, other))) {
        other = other->next;
    }
    if (!other) {
        return 0;
    }
    error = fail(OVNK8S_EXISTS, NAMESAKE);
    return fail_during(error, "plan", row->name, "planning %s %s", row->table, row->name);
}

static int check_namesakes(const struct round *round)
{
    int error = 0;

    for (const struct change *c = round->plan->changes.first; c && !error; c = c->next) {
        error = c->row->sole ? refuse_namesake(&round->found, c->row) : 0;
    }
    return error;
}

static int seek_namesakes(struct round *round)
{
    int error;

    round->stage = ROUND_SEEKING;
    for (const struct change *c = round->plan->changes.first; c; c = c->next) {
        if (c->action == CHANGE_INSERT && c->row->sole) {
            row_ask(rows_ask_where(&round->names, c->row->table, ROW_BY_NAME, c->row->name),
                    "name");
        }
    }
    error = rows_failed(&round->names)
                ? fail_nomem()
                : questions_compose(&round->questions, round->names.first, NULL, &round->found);
    return error || puts_questions(round) ? error : check_namesakes(round);
}

/* Committing. */

static int fail_operation(const struct round *round, size_t i, int error)
{
    const struct row *row = round->operations.rows[i];
    const char *name = row_title(row, row_fact(&round->plan->facts, row));

    if (operations_is_sole_guard(&round->operations, i)) {
        error = fail(OVNK8S_EXISTS, NAMESAKE);
    }
    return fail_during(error, "commit", name, "committing %s %s", row->table, name);
}

/* Finds the failed operation, if any, among the results: one for each operation up to it, and one
 * more for a failure of the commit itself. */
static int check_results(struct round *round, const struct json *results)
{
    const size_t n_ops = round->operations.ops->array.n;

    for (size_t i = 0; i < results->array.n; i++) {
        const int error = result_error(results->array.elems[i]);

        if (error) {
            round->is_refused = true;
            return i < n_ops ? fail_operation(round, i, error)
                             : fail_during(error, "commit", NULL, "committing");
        }
    }
    return results->array.n < n_ops ? fail(OVNK8S_PROTOCOL, "an answer that is too short") : 0;
}

static int commit(struct round *round)
{
    struct operations *operations = &round->operations;
    const int error = operations_compose(&round->plan->changes, operations);

    round->stage = ROUND_COMMITTING;
    round->ops = error ? NULL : json_clone(operations->ops);
    return error;
}

/* Computing. */

static struct scene scene_of(struct round *round)
{
    return (struct scene){.owner = round->plan->owner,
                          .facts = &round->plan->facts,
                          .looks = round->looks,
                          .notes = &round->notes};
}

static int compute_changes(struct round *round)
{
    ovnk8s_plan *plan = round->plan;
    const int error = changes_compute(&plan->wanted, &plan->facts, &plan->changes);

    if (error || !plan->changes.n) {
        return error;
    }
    return round->commits ? commit(round) : seek_namesakes(round);
}

static int resolve(struct round *round)
{
    ovnk8s_plan *plan = round->plan;
    const struct scene scene = scene_of(round);
    int error = plan_resolve(plan, &scene, &plan->wanted);

    round->stage = ROUND_READING;
    error = error ? error
                  : questions_compose(&round->questions, plan->wanted.first, &round->asked,
                                      &plan->facts);
    return error || puts_questions(round) ? error : compute_changes(round);
}

/* Asks until nothing new is asked. */
static int ask(struct round *round)
{
    const struct scene scene = scene_of(round);

    while (round->n_asked++ < MOST_QUESTIONS) {
        const struct row *last = round->asked.last;
        const struct row *first;
        int error = plan_ask(round->plan, &scene, &round->asked);

        first = last ? last->next : round->asked.first;
        if (error || !first) {
            return error ? error : resolve(round);
        }
        error = questions_compose(&round->questions, first, NULL, scene.facts);
        if (error || puts_questions(round)) {
            return error;
        }
    }
    return resolve(round);
}

int round_begin(struct round *round, bool is_plain)
{
    plan_reset(round->plan);
    round->asked.is_plain = round->plan->wanted.is_plain = is_plain;
    return ask(round);
}

static int take_questions(struct round *round, const struct json *results)
{
    struct rows *facts = round->stage == ROUND_SEEKING ? &round->found : &round->plan->facts;
    const int error = questions_take(&round->questions, results, facts);

    if (error || puts_questions(round)) {
        return error;
    }
    return round->stage == ROUND_ASKING    ? ask(round)
           : round->stage == ROUND_READING ? compute_changes(round)
                                           : check_namesakes(round);
}

int round_take(struct round *round, const struct json *results)
{
    return round->stage == ROUND_COMMITTING ? check_results(round, results)
                                            : take_questions(round, results);
}

bool round_uses_newer(const struct round *round)
{
    return round->asked.uses_newer || round->plan->wanted.uses_newer;
}

void round_clear(struct round *round)
{
    json_destroy(round->ops);
    rows_clear(&round->asked);
    notes_clear(&round->notes);
    operations_clear(&round->operations);
    rows_clear(&round->names);
    rows_clear(&round->found);
    questions_clear(&round->questions);
    *round = (struct round){.plan = round->plan, .commits = round->commits, .looks = round->looks};
}
