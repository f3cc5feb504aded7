#include "ovsdb/apply.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/options.h"
#include "openvswitch/json.h"
#include "ovsdb/nb.h"
#include "ovsdb/ops.h"
#include "ovsdb/read.h"
#include "ovsdb/result.h"

/* Each round at least one of the writers that are in each other's way succeeds. */
enum { MOST_ROUNDS = 200, MOST_PAUSE_MS = 20 };

/* Each time more is asked because of what was learnt; no intent needs more steps than this. */
enum { MOST_QUESTIONS = 5 };

#define NAMESAKE "there is one of this name that belongs to somebody else"

/* What one round works with. */
struct round {
    ovnk8s_plan *plan;
    struct conn *conn;
    const struct deadline *deadline;
    bool looks; /* As struct scene has it. */
    struct rows asked;
    struct notes notes;
    struct operations operations;
};

static void round_clear(struct round *round)
{
    rows_clear(&round->asked);
    notes_clear(&round->notes);
    operations_clear(&round->operations);
}

/* Asks until nothing new is asked. */
static int learn(struct round *round, const struct scene *scene)
{
    struct rows *facts = &round->plan->facts;
    int error = 0;

    for (int i = 0; i < MOST_QUESTIONS && !error; i++) {
        const struct row *last = round->asked.last;
        const struct row *first;

        error = plan_ask(round->plan, scene, &round->asked);
        first = last ? last->next : round->asked.first;
        if (error || !first) {
            return error;
        }
        error = read_rows(round->conn, first, NULL, round->deadline, facts);
    }
    return error;
}

/* Rows of somebody else under a name that must be sole are found by the server when it commits; for
 * a plan that is only looked at they are looked for. */

static int refuse_namesake(const struct rows *found, const struct row *row)
{
    const struct row *other = found->first;
    int error;

    while (other && (strcmp(other->table, row->table) != 0 || strcmp(other->name, row->name) != 0 ||
                     row_id_equal(other->id, row->id))) {
        other = other->next;
    }
    if (!other) {
        return 0;
    }
    error = fail(OVNK8S_EXISTS, NAMESAKE);
    return fail_during(error, "plan", row->name, "planning %s %s", row->table, row->name);
}

static int look_for_namesakes(const struct round *round)
{
    const ovnk8s_plan *plan = round->plan;
    struct rows asked = {0}, found = {0};
    int error;

    for (const struct change *c = plan->changes.first; c; c = c->next) {
        if (c->action == CHANGE_INSERT && c->row->sole) {
            row_ask(rows_ask_where(&asked, c->row->table, ROW_BY_NAME, c->row->name), "name");
        }
    }
    error = rows_failed(&asked)
                ? fail_nomem()
                : read_rows(round->conn, asked.first, NULL, round->deadline, &found);
    for (const struct change *c = plan->changes.first; c && !error; c = c->next) {
        error = c->row->sole ? refuse_namesake(&found, c->row) : 0;
    }
    rows_clear(&asked);
    rows_clear(&found);
    return error;
}

/* Leaves in the plan what was found out. */
static int compute(struct round *round)
{
    ovnk8s_plan *plan = round->plan;
    const struct scene scene = {
        .owner = plan->owner, .facts = &plan->facts, .looks = round->looks, .notes = &round->notes};
    int error;

    plan_reset(plan);
    round->asked.is_plain = plan->wanted.is_plain = conn_is_plain(round->conn);
    error = learn(round, &scene);
    error = error ? error : plan_resolve(plan, &scene, &plan->wanted);
    error = error ? error
                  : read_rows(round->conn, plan->wanted.first, &round->asked, round->deadline,
                              &plan->facts);
    return error ? error : changes_compute(&plan->wanted, &plan->facts, &plan->changes);
}

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
static int check_results(const struct round *round, const struct json *results)
{
    const size_t n_ops = round->operations.ops->array.n;

    for (size_t i = 0; i < results->array.n; i++) {
        const int error = result_error(results->array.elems[i]);

        if (error) {
            return i < n_ops ? fail_operation(round, i, error)
                             : fail_during(error, "commit", NULL, "committing");
        }
    }
    return results->array.n < n_ops ? fail(OVNK8S_PROTOCOL, "an answer that is too short") : 0;
}

static int commit(struct round *round)
{
    int error = operations_compose(&round->plan->changes, &round->operations);
    struct json *results = NULL;

    error = error ? error
                  : conn_transact(round->conn, json_clone(round->operations.ops), round->deadline,
                                  &results);
    error = error ? error : check_results(round, results);
    json_destroy(results);
    return error;
}

/* What all rounds have in common. */
struct job {
    ovnk8s_plan *plan;
    struct conn *conn;
    const struct deadline *deadline;
    bool commits;
    bool is_sent;    /* The latest round got as far as that. */
    bool uses_newer; /* It has used what older servers lack. */
};

static int run_round(struct job *job, bool looks)
{
    struct round round = {
        .plan = job->plan, .conn = job->conn, .deadline = job->deadline, .looks = looks};
    int error = compute(&round);

    job->is_sent = !error && job->commits && job->plan->changes.n;
    if (job->is_sent) {
        error = commit(&round);
    } else if (!error && job->plan->changes.n) {
        error = look_for_namesakes(&round);
    }
    job->uses_newer = round.asked.uses_newer || job->plan->wanted.uses_newer;
    if (error) {
        plan_reset(job->plan);
    }
    round_clear(&round);
    return error;
}

/* Writers that have collided go on at different moments. */
static int pause_between(const struct deadline *deadline)
{
    struct timespec now;
    struct pollfd spare;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return deadline_poll(deadline, &spare, 0, now_ms() + now.tv_nsec / 1000 % MOST_PAUSE_MS);
}

static bool is_passing(int error)
{
    return error == OVNK8S_CONFLICT || error == OVNK8S_UNAVAILABLE;
}

/* What was computed from does not hold any more, or the server cannot just now. When the time is
 * over before the next attempt was sent, the story is that of what was in the way. */
static int try_again(struct job *job, bool pauses)
{
    const struct failure_story story = failure_save();
    int error = pauses ? pause_between(job->deadline) : 0;

    job->is_sent = false;
    error = error ? error : run_round(job, true);
    if (error == OVNK8S_TIMEOUT && !job->is_sent) {
        failure_restore(&story);
        return fail_during(error, NULL, NULL, "timed out");
    }
    return error;
}

/* Nothing is asked of a server about its schema beforehand: one that lacks what newer ones have
 * says so, and is asked again without. */
static int run_first_round(struct job *job)
{
    const int error = run_round(job, !job->commits);

    if (error != OVNK8S_UNSUPPORTED || !job->uses_newer) {
        return error;
    }
    conn_set_plain(job->conn);
    return run_round(job, !job->commits);
}

static int run_rounds(struct job *job)
{
    int error = run_first_round(job);

    for (unsigned int i = 1; i < MOST_ROUNDS && is_passing(error) && deadline_left(job->deadline);
         i++) {
        error = try_again(job, i > 1);
    }
    return error;
}

int compute_plan(ovnk8s_plan *plan, struct conn *conn, const struct deadline *deadline)
{
    return run_rounds(&(struct job){.plan = plan, .conn = conn, .deadline = deadline});
}

int apply_plan(ovnk8s_plan *plan, struct conn *conn, const struct deadline *deadline)
{
    return run_rounds(
        &(struct job){.plan = plan, .conn = conn, .deadline = deadline, .commits = true});
}

void ovnk8s_apply_options_init(ovnk8s_apply_options *options)
{
    *options = (ovnk8s_apply_options)OVNK8S_APPLY_OPTIONS_INIT;
}

int ovnk8s_plan_compute(ovnk8s_plan *plan, ovnk8s_nb *nb, const ovnk8s_apply_options *theirs)
{
    ovnk8s_apply_options options = OVNK8S_APPLY_OPTIONS_INIT;
    struct deadline deadline;
    const int error = options_take(&options, sizeof options, theirs);

    if (error) {
        return error;
    }
    deadline = conn_deadline(nb_conn(nb), options.timeout_ms);
    return compute_plan(plan, nb_conn(nb), &deadline);
}

int ovnk8s_plan_apply(ovnk8s_plan *plan, ovnk8s_nb *nb, const ovnk8s_apply_options *theirs)
{
    ovnk8s_apply_options options = OVNK8S_APPLY_OPTIONS_INIT;
    struct deadline deadline;
    int error = options_take(&options, sizeof options, theirs);

    if (error) {
        return error;
    }
    deadline = conn_deadline(nb_conn(nb), options.timeout_ms);
    error = apply_plan(plan, nb_conn(nb), &deadline);
    return error || options.wait == OVNK8S_WAIT_NONE ? error : nb_wait(nb, options.wait, &deadline);
}
