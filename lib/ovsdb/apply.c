#include "ovsdb/apply.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "openvswitch/json.h"
#include "ovsdb/ops.h"
#include "ovsdb/read.h"
#include "ovsdb/result.h"

/* Each round at least one of the writers that are in each other's way succeeds. */
enum { MOST_ROUNDS = 200, MOST_PAUSE_MS = 20 };

/* Each time more is asked because of what was learnt; no intent needs more steps than this. */
enum { MOST_QUESTIONS = 5 };

#define NAMESAKE "there is one of this name that belongs to somebody else"

/* What is under way. */
enum stage {
    ASKING,     /* What intents must be told. */
    READING,    /* What else is to be compared with what is wanted. */
    COMMITTING, /* The changes. */
    SEEKING,    /* Namesakes, when nothing is to be committed. */
    PAUSING,    /* Before another round. */
    OVER,
};

/* What one round works with. */
struct round {
    bool looks; /* As struct scene has it. */
    struct rows asked;
    size_t n_asked; /* How often. */
    struct notes notes;
    struct operations operations;
    struct rows names; /* Under which namesakes are sought, ... */
    struct rows found; /* ... and what was found. */
    struct questions questions;
};

/* One transaction: composed, sent, answered. */
struct exchange {
    struct json *ops; /* Not sent yet. */
    bool is_sent, is_answered;
    struct json *results;
    int error;
};

struct apply {
    ovnk8s_plan *plan;
    struct conn *conn;
    struct deadline deadline;
    bool commits;
    bool is_patient; /* A connection that is lost is waited for. */

    enum stage stage;
    struct round round;
    struct exchange exchange;
    unsigned int n_rounds; /* That have failed. */
    int64_t pause_until;
    bool is_sent; /* A commit was, in the latest round. */
    int error;
    struct failure_story story; /* Of the exchange, while it is; then of the latest round. */
};

static void round_clear(struct round *round)
{
    rows_clear(&round->asked);
    notes_clear(&round->notes);
    operations_clear(&round->operations);
    rows_clear(&round->names);
    rows_clear(&round->found);
    questions_clear(&round->questions);
    *round = (struct round){.looks = round->looks};
}

static void exchange_clear(struct apply *apply)
{
    struct exchange *exchange = &apply->exchange;

    if (exchange->is_sent && !exchange->is_answered) {
        conn_forget(apply->conn, apply);
    }
    json_destroy(exchange->ops);
    json_destroy(exchange->results);
    *exchange = (struct exchange){0};
}

/* Exchanging. */

static void keep_answer(int error, const struct json *results, void *payload)
{
    struct apply *apply = payload;

    apply->exchange.is_answered = true;
    apply->exchange.error = error;
    apply->exchange.results = results ? json_clone(results) : NULL;
    if (error) {
        apply->story = failure_save();
    }
}

static int send_ops(struct apply *apply)
{
    int error;

    apply->exchange.is_sent = true;
    apply->is_sent |= apply->stage == COMMITTING;
    error = conn_send(apply->conn, STEAL(apply->exchange.ops), keep_answer, apply);
    if (error) {
        apply->exchange.is_sent = false;
        apply->is_sent = false;
        return conn_fail_answering(apply->conn, error);
    }
    return 0;
}

/* Leaves the questions of the round to be sent, if there are any. */
static bool puts_questions(struct apply *apply)
{
    struct questions *questions = &apply->round.questions;

    if (questions->n) {
        apply->exchange.ops = STEAL(questions->ops);
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

static int check_namesakes(struct apply *apply)
{
    int error = 0;

    for (const struct change *c = apply->plan->changes.first; c && !error; c = c->next) {
        error = c->row->sole ? refuse_namesake(&apply->round.found, c->row) : 0;
    }
    apply->stage = OVER;
    return error;
}

static int seek_namesakes(struct apply *apply)
{
    struct round *round = &apply->round;
    int error;

    apply->stage = SEEKING;
    for (const struct change *c = apply->plan->changes.first; c; c = c->next) {
        if (c->action == CHANGE_INSERT && c->row->sole) {
            row_ask(rows_ask_where(&round->names, c->row->table, ROW_BY_NAME, c->row->name),
                    "name");
        }
    }
    error = rows_failed(&round->names)
                ? fail_nomem()
                : questions_compose(&round->questions, round->names.first, NULL, &round->found);
    return error || puts_questions(apply) ? error : check_namesakes(apply);
}

/* Committing. */

static int fail_operation(const struct apply *apply, size_t i, int error)
{
    const struct row *row = apply->round.operations.rows[i];
    const char *name = row_title(row, row_fact(&apply->plan->facts, row));

    if (operations_is_sole_guard(&apply->round.operations, i)) {
        error = fail(OVNK8S_EXISTS, NAMESAKE);
    }
    return fail_during(error, "commit", name, "committing %s %s", row->table, name);
}

/* Finds the failed operation, if any, among the results: one for each operation up to it, and one
 * more for a failure of the commit itself. */
static int check_results(struct apply *apply, const struct json *results)
{
    const size_t n_ops = apply->round.operations.ops->array.n;

    for (size_t i = 0; i < results->array.n; i++) {
        const int error = result_error(results->array.elems[i]);

        if (error) {
            apply->is_sent = false;
            return i < n_ops ? fail_operation(apply, i, error)
                             : fail_during(error, "commit", NULL, "committing");
        }
    }
    apply->stage = OVER;
    return results->array.n < n_ops ? fail(OVNK8S_PROTOCOL, "an answer that is too short") : 0;
}

static int commit(struct apply *apply)
{
    struct operations *operations = &apply->round.operations;
    const int error = operations_compose(&apply->plan->changes, operations);

    apply->stage = COMMITTING;
    apply->exchange.ops = error ? NULL : json_clone(operations->ops);
    return error;
}

/* Computing: leaves in the plan what was found out. */

static struct scene scene_of(struct apply *apply)
{
    return (struct scene){.owner = apply->plan->owner,
                          .facts = &apply->plan->facts,
                          .looks = apply->round.looks,
                          .notes = &apply->round.notes};
}

static int compute_changes(struct apply *apply)
{
    ovnk8s_plan *plan = apply->plan;
    const int error = changes_compute(&plan->wanted, &plan->facts, &plan->changes);

    if (error || !plan->changes.n) {
        apply->stage = OVER;
        return error;
    }
    return apply->commits ? commit(apply) : seek_namesakes(apply);
}

static int resolve(struct apply *apply)
{
    ovnk8s_plan *plan = apply->plan;
    struct round *round = &apply->round;
    const struct scene scene = scene_of(apply);
    int error = plan_resolve(plan, &scene, &plan->wanted);

    apply->stage = READING;
    error = error ? error
                  : questions_compose(&round->questions, plan->wanted.first, &round->asked,
                                      &plan->facts);
    return error || puts_questions(apply) ? error : compute_changes(apply);
}

/* Asks until nothing new is asked. */
static int ask(struct apply *apply)
{
    struct round *round = &apply->round;
    const struct scene scene = scene_of(apply);

    while (round->n_asked++ < MOST_QUESTIONS) {
        const struct row *last = round->asked.last;
        const struct row *first;
        int error = plan_ask(apply->plan, &scene, &round->asked);

        first = last ? last->next : round->asked.first;
        if (error || !first) {
            return error ? error : resolve(apply);
        }
        error = questions_compose(&round->questions, first, NULL, scene.facts);
        if (error || puts_questions(apply)) {
            return error;
        }
    }
    return resolve(apply);
}

static int begin_round(struct apply *apply)
{
    apply->stage = ASKING;
    apply->is_sent = false;
    plan_reset(apply->plan);
    apply->round.asked.is_plain = apply->plan->wanted.is_plain = conn_is_plain(apply->conn);
    return ask(apply);
}

/* Going on. */

static int take_questions(struct apply *apply, const struct json *results)
{
    struct rows *facts = apply->stage == SEEKING ? &apply->round.found : &apply->plan->facts;
    const int error = questions_take(&apply->round.questions, results, facts);

    if (error || puts_questions(apply)) {
        return error;
    }
    return apply->stage == ASKING    ? ask(apply)
           : apply->stage == READING ? compute_changes(apply)
                                     : check_namesakes(apply);
}

static int take_answer(struct apply *apply)
{
    struct json *results = STEAL(apply->exchange.results);
    int error = apply->exchange.error;

    apply->exchange = (struct exchange){0};
    if (error) {
        failure_restore(&apply->story);
        error = conn_fail_answering(apply->conn, error);
    } else {
        error = apply->stage == COMMITTING ? check_results(apply, results)
                                           : take_questions(apply, results);
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
    if (error != OVNK8S_UNSUPPORTED ||
        !(apply->round.asked.uses_newer || apply->plan->wanted.uses_newer)) {
        return false;
    }
    conn_set_plain(apply->conn);
    return true;
}

static void end_round(struct apply *apply, int error)
{
    const bool goes_on = turns_plain(apply, error) || is_passing(apply, error);

    exchange_clear(apply);
    round_clear(&apply->round);
    plan_reset(apply->plan);
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

static int prepare(struct apply **out, ovnk8s_plan *plan, struct conn *conn,
                   const struct deadline *deadline)
{
    struct apply *apply = calloc(1, sizeof *apply);

    *out = apply;
    if (!apply) {
        return fail_nomem();
    }
    apply->plan = plan;
    apply->conn = conn;
    apply->deadline = *deadline;
    apply->stage = PAUSING; /* Nothing is done before the first step. */
    return 0;
}

int apply_start(struct apply **out, ovnk8s_plan *plan, struct conn *conn,
                const struct deadline *deadline)
{
    const int error = prepare(out, plan, conn, deadline);

    if (!error) {
        (*out)->commits = true;
    }
    return error;
}

void apply_free(struct apply *apply)
{
    if (apply) {
        exchange_clear(apply);
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

int compute_plan(ovnk8s_plan *plan, struct conn *conn, const struct deadline *deadline)
{
    struct apply *apply;
    int error = prepare(&apply, plan, conn, deadline);

    if (!error) {
        apply->is_patient = true;
        apply->round.looks = true;
        error = run(apply);
    }
    apply_free(apply);
    return error;
}

int apply_plan(ovnk8s_plan *plan, struct conn *conn, const struct deadline *deadline)
{
    struct apply *apply;
    int error = apply_start(&apply, plan, conn, deadline);

    if (!error) {
        apply->is_patient = true;
        error = run(apply);
    }
    apply_free(apply);
    return error;
}
