#include "ovsdb/apply.h"

#include <stdlib.h>
#include <time.h>

#include "openvswitch/json.h"
#include "ovsdb/exchange.h"
#include "ovsdb/round.h"

/* Each round at least one of the writers that are in each other's way succeeds. */
enum { MOST_ROUNDS = 200, MOST_PAUSE_MS = 20 };

struct apply {
    struct conn *conn;
    struct deadline deadline;
    bool is_patient; /* A connection that is lost is waited for. */

    enum {
        PAUSING, /* Before a round. */
        WORKING, /* One is under way. */
        OVER,
    } stage;
    struct round round;
    struct exchange exchange;
    unsigned int n_rounds; /* That have failed. */
    int64_t pause_until;
    bool is_sent; /* A commit was, in the latest round. */
    int error;
    struct failure_story story; /* Of the latest round that has failed. */
};

/* Rounds. */

/* Goes on with what the round says is to be sent, if it says so. */
static int go_on(struct apply *apply, int error)
{
    apply->exchange.ops = STEAL(apply->round.ops);
    apply->stage = apply->exchange.ops ? WORKING : OVER;
    return error;
}

static int begin_round(struct apply *apply)
{
    apply->is_sent = false;
    return go_on(apply, round_begin(&apply->round, conn_is_plain(apply->conn)));
}

static int send_ops(struct apply *apply)
{
    const int error = exchange_send(&apply->exchange);

    apply->is_sent = !error && (apply->is_sent || apply->round.stage == ROUND_COMMITTING);
    return error;
}

static int take_answer(struct apply *apply)
{
    struct json *results;
    int error = exchange_take(&apply->exchange, &results);

    if (!error) {
        error = go_on(apply, round_take(&apply->round, results));
        apply->is_sent = apply->is_sent && !apply->round.is_refused;
    }
    json_destroy(results);
    return error;
}

/* What was computed from does not hold any more, or the server cannot just now. */
static bool is_passing(const struct apply *apply, int error)
{
    return error == OVNK8S_CONFLICT || (error == OVNK8S_UNAVAILABLE && apply->is_patient);
}

/* Writers that have collided go on at different moments. */
static int64_t choose_pause(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now_ms() + now.tv_nsec / 1000 % MOST_PAUSE_MS;
}

/* When the time is over before the next attempt was sent, the story is that of what was in the
 * way. */
static int tell_timeout(struct apply *apply, int error)
{
    if (error == OVNK8S_TIMEOUT && apply->n_rounds && !apply->is_sent) {
        failure_restore(&apply->story);
        return fail_during(error, NULL, NULL, "timed out");
    }
    return error;
}

/* Nothing is asked of a server about its schema beforehand: one that lacks what newer ones have
 * says so, and is asked again without. */
static bool turns_plain(const struct apply *apply, int error)
{
    if (error != OVNK8S_UNSUPPORTED || !round_uses_newer(&apply->round)) {
        return false;
    }
    conn_set_plain(apply->conn);
    return true;
}

static void end_round(struct apply *apply, int error)
{
    const bool goes_on = turns_plain(apply, error) || is_passing(apply, error);

    exchange_clear(&apply->exchange);
    round_clear(&apply->round);
    plan_reset(apply->round.plan);
    if (goes_on && ++apply->n_rounds < MOST_ROUNDS && deadline_left(&apply->deadline)) {
        apply->story = failure_save();
        apply->round.looks = true;
        apply->pause_until = apply->n_rounds > 1 ? choose_pause() : 0;
        apply->stage = PAUSING;
        return;
    }
    apply->stage = OVER;
    apply->error = tell_timeout(apply, error);
}

/* Steps. */

/* What is waited for ends with 'error'. */
static int fail_waiting(const struct apply *apply, int error)
{
    if (apply->stage == PAUSING) {
        return error;
    }
    return apply->exchange.is_sent ? conn_fail_answering(apply->conn, error)
                                   : conn_fail_connecting(apply->conn, error);
}

/* Does one thing; sets '*error' when it fails. False when there is only waiting left. */
static bool proceed(struct apply *apply, int *error)
{
    *error = 0;
    if (apply->stage == PAUSING && now_ms() >= apply->pause_until) {
        *error = begin_round(apply);
        return true;
    }
    if (apply->exchange.is_answered) {
        *error = take_answer(apply);
        return true;
    }
    if (apply->exchange.ops && conn_is_ready(apply->conn)) {
        *error = send_ops(apply);
        return true;
    }
    if ((*error = deadline_check(&apply->deadline)) != 0) {
        *error = fail_waiting(apply, *error);
        return true;
    }
    return false;
}

int apply_step(struct apply *apply)
{
    int error = 0;

    while (apply->stage != OVER && !error && proceed(apply, &error)) {
    }
    if (error) {
        end_round(apply, error); /* Another one begins when the connection has been looked at. */
    }
    return apply->error;
}

bool apply_is_over(const struct apply *apply)
{
    return apply->stage == OVER;
}

bool apply_is_sent(const struct apply *apply)
{
    return apply->is_sent;
}

int64_t apply_wakes_at(const struct apply *apply)
{
    return apply->stage == PAUSING && apply->pause_until < apply->deadline.at ? apply->pause_until
                                                                              : apply->deadline.at;
}

/* Life. */

static int prepare(struct apply **out, ovnk8s_plan *plan, struct conn *conn,
                   const struct deadline *deadline)
{
    struct apply *apply = calloc(1, sizeof *apply);

    *out = apply;
    if (!apply) {
        return fail_nomem();
    }
    apply->conn = apply->exchange.conn = conn;
    apply->deadline = *deadline;
    apply->round.plan = plan;
    apply->stage = PAUSING; /* Nothing is done before the first step. */
    return 0;
}

int apply_start(struct apply **out, ovnk8s_plan *plan, struct conn *conn,
                const struct deadline *deadline)
{
    const int error = prepare(out, plan, conn, deadline);

    if (!error) {
        (*out)->round.commits = true;
    }
    return error;
}

int apply_start_patiently(struct apply **out, ovnk8s_plan *plan, struct conn *conn,
                          const struct deadline *deadline, bool commits)
{
    const int error = prepare(out, plan, conn, deadline);

    if (!error) {
        (*out)->is_patient = true;
        (*out)->round.commits = commits;
        (*out)->round.looks = !commits;
    }
    return error;
}

void apply_free(struct apply *apply)
{
    if (apply) {
        exchange_clear(&apply->exchange);
        round_clear(&apply->round);
        free(apply);
    }
}

/* Blocking. */

static bool is_answered(struct conn *conn, void *payload)
{
    (void)conn;
    return ((struct apply *)payload)->exchange.is_answered;
}

static int wait_for_event(struct apply *apply)
{
    struct pollfd spare;

    if (apply->stage == PAUSING) {
        conn_step(apply->conn); /* One that was lost meanwhile is not ready. */
        return deadline_poll(&apply->deadline, &spare, 0, apply->pause_until);
    }
    if (!apply->exchange.is_sent) {
        return conn_wait_ready(apply->conn, &apply->deadline);
    }
    return conn_until(apply->conn, is_answered, apply, &apply->deadline);
}

static int run(struct apply *apply)
{
    while (!apply_is_over(apply)) {
        int error = wait_for_event(apply);

        if (error) {
            end_round(apply, apply->exchange.is_sent ? fail_waiting(apply, error) : error);
        }
        apply_step(apply);
    }
    return apply->error;
}

static int run_plan(ovnk8s_plan *plan, struct conn *conn, const struct deadline *deadline,
                    bool commits)
{
    struct apply *apply;
    int error = apply_start_patiently(&apply, plan, conn, deadline, commits);

    error = error ? error : run(apply);
    apply_free(apply);
    return error;
}

int compute_plan(ovnk8s_plan *plan, struct conn *conn, const struct deadline *deadline)
{
    return run_plan(plan, conn, deadline, false);
}

int apply_plan(ovnk8s_plan *plan, struct conn *conn, const struct deadline *deadline)
{
    return run_plan(plan, conn, deadline, true);
}
