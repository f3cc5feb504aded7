#include "ovsdb/apply.h"

#include <stdlib.h>
#include <time.h>

#include "base/options.h"
#include "openvswitch/json.h"
#include "ovsdb/diff.h"
#include "ovsdb/nb.h"
#include "ovsdb/read.h"
#include "ovsdb/result.h"

/* Each round at least one of the writers that are in each other's way succeeds. */
enum { MOST_ROUNDS = 200, MOST_PAUSE_MS = 20 };

/* What one round works with. */
struct round {
    unsigned int number;
    struct rows asked, facts, wanted, actual;
    struct difference difference;
};

static void round_clear(struct round *round)
{
    rows_clear(&round->asked);
    rows_clear(&round->facts);
    rows_clear(&round->wanted);
    rows_clear(&round->actual);
    difference_clear(&round->difference);
}

/* After the first round nothing is believed to be new any more without looking. */
static void look_at_all(struct rows *wanted)
{
    for (struct row *row = wanted->first; row; row = row->next) {
        row->is_new = false;
    }
}

static int compute(ovnk8s_plan *plan, struct conn *conn, const struct deadline *deadline,
                   struct round *round)
{
    int error = plan_ask(plan, &round->asked);

    error = error ? error : read_rows(conn, &round->asked, deadline, &round->facts);
    error = error ? error : plan_resolve(plan, &round->facts, &round->wanted);
    if (!error && round->number) {
        look_at_all(&round->wanted);
    }
    error = error ? error : read_rows(conn, &round->wanted, deadline, &round->actual);
    return error ? error : difference_compute(&round->wanted, &round->actual, &round->difference);
}

static int fail_operation(const struct round *round, size_t i, int error)
{
    const struct row *row = round->difference.rows[i];

    if (difference_is_sole_guard(&round->difference, i)) {
        error = fail(OVNK8S_EXISTS, "there is one of this name that belongs to somebody else");
    }
    return fail_during(error, "commit", row->name, "committing %s %s", row->table, row->name);
}

/* Finds the failed operation, if any, among the results: one for each operation up to it, and one
 * more for a failure of the commit itself. */
static int check_results(const struct round *round, const struct json *results)
{
    const size_t n_ops = round->difference.ops->array.n;

    for (size_t i = 0; i < results->array.n; i++) {
        const int error = result_error(results->array.elems[i]);

        if (error) {
            return i < n_ops ? fail_operation(round, i, error)
                             : fail_during(error, "commit", NULL, "committing");
        }
    }
    return results->array.n < n_ops ? fail(OVNK8S_PROTOCOL, "an answer that is too short") : 0;
}

static int commit(struct conn *conn, const struct deadline *deadline, struct round *round)
{
    struct json *results;
    int error = conn_transact(conn, json_clone(round->difference.ops), deadline, &results);

    error = error ? error : check_results(round, results);
    json_destroy(results);
    return error;
}

static int run_round(ovnk8s_plan *plan, struct conn *conn, const struct deadline *deadline,
                     unsigned int number)
{
    struct round round = {.number = number};
    int error = compute(plan, conn, deadline, &round);

    if (!error && round.difference.n_rows) {
        error = commit(conn, deadline, &round);
    }
    if (!error) {
        plan->n_changes = round.difference.n_rows;
    }
    round_clear(&round);
    return error;
}

/* Writers that have collided go on at different moments. When the time is over, the story is that
 * of what was in the way. */
static int pause_between(const struct deadline *deadline)
{
    const struct failure_story story = failure_save();
    struct timespec now;
    struct pollfd spare;
    int error;

    clock_gettime(CLOCK_MONOTONIC, &now);
    error = deadline_poll(deadline, &spare, 0, now_ms() + now.tv_nsec / 1000 % MOST_PAUSE_MS);
    if (error == OVNK8S_TIMEOUT) {
        failure_restore(&story);
        return fail_during(error, NULL, NULL, "timed out");
    }
    return error;
}

static bool is_passing(int error)
{
    return error == OVNK8S_CONFLICT || error == OVNK8S_UNAVAILABLE;
}

int apply_plan(ovnk8s_plan *plan, struct conn *conn, const struct deadline *deadline)
{
    int error = run_round(plan, conn, deadline, 0);

    for (unsigned int i = 1; i < MOST_ROUNDS && is_passing(error) && deadline_left(deadline); i++) {
        if (i > 1) {
            error = pause_between(deadline);
        }
        if (i == 1 || !error) {
            error = run_round(plan, conn, deadline, i);
        }
    }
    return error;
}

void ovnk8s_apply_options_init(ovnk8s_apply_options *options)
{
    *options = (ovnk8s_apply_options)OVNK8S_APPLY_OPTIONS_INIT;
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
