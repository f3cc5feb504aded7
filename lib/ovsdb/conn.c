#include "ovsdb/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/options.h"
#include "jsonrpc.h"
#include "openvswitch/json.h"
#include "openvswitch/list.h"
#include "ovsdb-cs.h"
#include "ovsdb/contain.h"
#include "ovsdb/remotes.h"
#include "ovsdb/tls.h"
#include "ovsdb/wire.h"

/* A transaction whose answer has not come yet. */
struct pending {
    struct pending *next;
    struct json *id;
    conn_reply_fn *reply;
    void *payload;
};

struct conn {
    struct ovsdb_cs *cs;
    const char *database;
    char *remotes;
    char *order; /* The same, as they are tried. */
    unsigned int timeout_ms;
    ovnk8s_cancel *cancel;
    struct log log;
    struct replica replica;
    struct json *conditions[CONN_TABLES]; /* Which rows of each table are monitored. */
    unsigned int condition_seqno;         /* When the server has followed them. */
    struct pending *pending;
    bool is_plain;
    char reason[256]; /* Why the latest attempt to connect failed. */
};

const char *conn_remotes(const struct conn *conn)
{
    return conn->remotes;
}

const struct log *conn_log(const struct conn *conn)
{
    return &conn->log;
}

struct replica *conn_replica(struct conn *conn)
{
    return &conn->replica;
}

bool conn_is_plain(const struct conn *conn)
{
    return conn->is_plain;
}

void conn_set_plain(struct conn *conn)
{
    conn->is_plain = true;
}

bool conn_is_current(const struct conn *conn)
{
    return conn_is_ready(conn) && ovsdb_cs_get_condition_seqno(conn->cs) >= conn->condition_seqno;
}

struct deadline conn_deadline(const struct conn *conn, unsigned int timeout_ms)
{
    return deadline_in(timeout_ms ? timeout_ms : conn->timeout_ms, conn->cancel);
}

void conn_set_timeout(struct conn *conn, unsigned int timeout_ms)
{
    conn->timeout_ms = timeout_ms;
}

bool conn_is_ready(const struct conn *conn)
{
    return ovsdb_cs_may_send_transaction(conn->cs);
}

/* Monitoring. */

static struct json *column_names(const struct replica_table *table)
{
    struct json *names = json_array_create_empty();

    for (size_t i = 0; i < REPLICA_COLUMNS && table->columns[i]; i++) {
        if (table->shapes[i] != SHAPE_MISSING) {
            json_array_add(names, json_string_create(table->columns[i]));
        }
    }
    return names;
}

/* libopenvswitch asks for this after each connecting, with the schema of that server. */
static struct json *compose_monitor_requests(const struct json *schema, void *aux)
{
    struct json *requests = json_object_create();
    struct conn *conn = aux;

    replica_learn_schema(&conn->replica, schema);
    for (size_t i = 0; i < conn->replica.n_tables; i++) {
        struct json *names = column_names(&conn->replica.tables[i]);

        if (names->array.n && !conn->replica.tables[i].on_demand) {
            struct json *request = json_object_create();

            json_object_put(request, "columns", names);
            json_object_put(requests, conn->replica.tables[i].name, json_array_create_1(request));
        } else {
            json_destroy(names);
        }
    }
    return requests;
}

static const struct ovsdb_cs_ops cs_ops = {compose_monitor_requests};

/* Asks for the rows that 'condition', which is taken, selects. Stating the same again only tells
 * when the server will have followed. */
static void set_condition(struct conn *conn, size_t table, struct json *condition)
{
    const unsigned int seqno =
        ovsdb_cs_set_condition(conn->cs, conn->replica.tables[table].name, condition);

    conn->condition_seqno = seqno > conn->condition_seqno ? seqno : conn->condition_seqno;
    if (condition != conn->conditions[table]) {
        json_destroy(conn->conditions[table]);
        conn->conditions[table] = condition;
    }
}

/* Whether the server has been found not to have it: it would refuse all other tables, too. */
static bool is_missing(const struct replica_table *table)
{
    return table->on_demand && table->shapes[0] == SHAPE_MISSING;
}

void conn_watch(struct conn *conn, const char *name, const struct row_id *id)
{
    for (size_t i = 0; i < conn->replica.n_tables; i++) {
        struct replica_table *table = &conn->replica.tables[i];

        if (strcmp(table->name, name) != 0 || is_missing(table)) {
            continue;
        }
        set_condition(conn, i,
                      json_array_create_1(id ? wire_triple("_uuid", "==", wire_id(*id))
                                             : json_boolean_create(true)));
        if (table->on_demand) {
            /* Which tables are monitored is said once for each session: a new one is needed, that
             * is told everything anew. */
            table->on_demand = false;
            ovsdb_cs_flag_inconsistency(conn->cs);
        }
    }
}

/* After a new connection the server may have been told already, or has to be told again. */
static void restate_conditions(struct conn *conn)
{
    conn->condition_seqno = 0;
    for (size_t i = 0; i < conn->replica.n_tables; i++) {
        if (conn->conditions[i]) {
            set_condition(conn, i, conn->conditions[i]);
        }
    }
}

/* A table that has a condition is mentioned to the server by libopenvswitch itself. */
static void watch_at_first(struct conn *conn)
{
    for (size_t i = 0; i < conn->replica.n_tables; i++) {
        const struct replica_table *table = &conn->replica.tables[i];

        if (!table->on_demand) {
            set_condition(conn, i, json_array_create_1(json_boolean_create(table->from_start)));
        }
    }
}

/* Events. */

static struct pending *take_pending(struct conn *conn, const struct json *id)
{
    struct pending **at = &conn->pending, *found;

    while (*at && id && !json_equal((*at)->id, id)) {
        at = &(*at)->next;
    }
    found = *at;
    if (found) {
        *at = found->next;
    }
    return found;
}

static void answer(struct pending *pending, int error, const struct json *results)
{
    pending->reply(error, results, pending->payload);
    json_destroy(pending->id);
    free(pending);
}

static void fail_all_pending(struct conn *conn)
{
    struct pending *pending;

    while ((pending = take_pending(conn, NULL)) != NULL) {
        answer(pending, fail(OVNK8S_UNAVAILABLE, "connection lost before the answer came"), NULL);
    }
}

static void handle_reply(struct conn *conn, const struct jsonrpc_msg *msg)
{
    struct pending *pending = take_pending(conn, msg->id);

    if (!pending) {
        return;
    }
    if (msg->type == JSONRPC_REPLY && msg->result && msg->result->type == JSON_ARRAY) {
        answer(pending, 0, msg->result);
    } else {
        _cleanup_free_ char *text = msg->error ? json_to_string(msg->error, 0) : NULL;

        answer(pending, fail(OVNK8S_PROTOCOL, "server error: %s", text ? text : "no result"), NULL);
    }
}

static void handle_update(struct conn *conn, const struct ovsdb_cs_update_event *update)
{
    if (update->clear) {
        replica_clear(&conn->replica);
    }
    if (!replica_update(&conn->replica, update->table_updates, update->version)) {
        log_line(&conn->log, OVNK8S_LOG_WARN, "%s: an update made no sense: reading all again",
                 conn->remotes);
        ovsdb_cs_flag_inconsistency(conn->cs);
    }
}

static void handle_event(struct conn *conn, const struct ovsdb_cs_event *event)
{
    switch (event->type) {
    case OVSDB_CS_EVENT_TYPE_RECONNECT:
        fail_all_pending(conn);
        restate_conditions(conn);
        break;
    case OVSDB_CS_EVENT_TYPE_UPDATE:
        handle_update(conn, &event->update);
        break;
    case OVSDB_CS_EVENT_TYPE_TXN_REPLY:
        handle_reply(conn, event->txn_reply);
        break;
    default:
        break;
    }
}

/* libopenvswitch says why in its log alone; the last word before success is the reason. */
static void note_reason(struct conn *conn)
{
    const int last_error = ovsdb_cs_get_last_error(conn->cs);

    if (*contained_log()) {
        snprintf(conn->reason, sizeof conn->reason, "%s", contained_log());
    } else if (last_error > 0 && !*conn->reason) {
        snprintf(conn->reason, sizeof conn->reason, "%s", strerrordesc_np(last_error));
    }
    contained_log_clear();
}

void conn_step(struct conn *conn)
{
    const struct sigpipe_guard guard = sigpipe_block();
    struct ovs_list events;
    struct ovsdb_cs_event *event;

    contained_log_clear();
    ovsdb_cs_run(conn->cs, &events);
    note_reason(conn);
    sigpipe_restore(&guard);
    LIST_FOR_EACH_POP (event, list_node, &events) {
        handle_event(conn, event);
        ovsdb_cs_event_destroy(event);
    }
}

void conn_wakes(struct conn *conn, struct wake_set *out)
{
    wake_set_start();
    ovsdb_cs_wait(conn->cs);
    wake_set_get(out);
    note_reason(conn);
}

/* Waiting. */

int conn_until(struct conn *conn, bool (*done)(struct conn *conn, void *payload), void *payload,
               const struct deadline *deadline)
{
    for (;;) {
        struct wake_set wakes;
        int error;

        conn_step(conn);
        if (done(conn, payload)) {
            return 0;
        }
        conn_wakes(conn, &wakes);
        error = deadline_poll(deadline, wakes.fds, wakes.n, wakes.at);
        if (error) {
            return error;
        }
    }
}

static bool is_ready(struct conn *conn, void *payload)
{
    (void)payload;
    return conn_is_ready(conn);
}

/* How long a session that does not get ready is waited for at first, before a new one begins. */
enum { PATIENCE_MS = 1000 };

/* Begins a new session, with another server first. libopenvswitch's own session would wait twice as
 * long after each round of failures, and for a server that is silent as long as a probe takes. */
static void try_next(struct conn *conn)
{
    remotes_rotate(conn->order);
    ovsdb_cs_set_shuffle_remotes(conn->cs, false);
    ovsdb_cs_set_remote(conn->cs, NULL, true);
    ovsdb_cs_set_remote(conn->cs, conn->order, true);
    note_reason(conn);
}

static int try_until_ready(struct conn *conn, const struct deadline *deadline)
{
    int64_t patience = PATIENCE_MS;

    for (;;) {
        struct deadline attempt = {now_ms() + patience, deadline->cancel};
        int error;

        attempt.at = attempt.at < deadline->at ? attempt.at : deadline->at;
        error = conn_until(conn, is_ready, NULL, &attempt);
        if (error != OVNK8S_TIMEOUT || !deadline_left(deadline)) {
            return error;
        }
        try_next(conn);
        patience += patience / 2; /* It may be this machine that is slow. */
    }
}

int conn_fail_connecting(const struct conn *conn, int error)
{
    if (error == OVNK8S_TIMEOUT && *conn->reason) {
        error = fail(OVNK8S_TIMEOUT, "timed out: %s", conn->reason);
    }
    return fail_during(error, "connect", conn->remotes, "connecting to %s at %s", conn->database,
                       conn->remotes);
}

int conn_wait_ready(struct conn *conn, const struct deadline *deadline)
{
    const int error = conn_is_ready(conn) ? 0 : try_until_ready(conn, deadline);

    return error ? conn_fail_connecting(conn, error) : 0;
}

/* Transactions. */

int conn_send(struct conn *conn, struct json *ops, conn_reply_fn *reply, void *payload)
{
    const struct sigpipe_guard guard = sigpipe_block();
    struct pending *pending = calloc(1, sizeof *pending);
    struct json *all = json_array_create_1(json_string_create(conn->database));

    for (size_t i = 0; i < ops->array.n; i++) {
        json_array_add(all, json_clone(ops->array.elems[i]));
    }
    json_destroy(ops);
    if (!pending) {
        json_destroy(all);
        sigpipe_restore(&guard);
        return fail_nomem();
    }
    *pending = (struct pending){.reply = reply, .payload = payload};
    pending->id = ovsdb_cs_send_transaction(conn->cs, all);
    sigpipe_restore(&guard);
    if (!pending->id) {
        free(pending);
        return fail(OVNK8S_UNAVAILABLE, "not connected");
    }
    pending->next = conn->pending;
    conn->pending = pending;
    return 0;
}

struct transaction {
    bool done;
    int error;
    struct json *results;
};

static void keep_results(int error, const struct json *results, void *payload)
{
    struct transaction *transaction = payload;

    transaction->done = true;
    transaction->error = error;
    transaction->results = results ? json_clone(results) : NULL;
}

static bool transaction_done(struct conn *conn, void *payload)
{
    (void)conn;
    return ((struct transaction *)payload)->done;
}

int conn_fail_answering(const struct conn *conn, int error)
{
    return fail_during(error, "transact", conn->remotes, "waiting for the answer of %s",
                       conn->remotes);
}

void conn_forget(struct conn *conn, const void *payload)
{
    for (struct pending **at = &conn->pending; *at; at = &(*at)->next) {
        if ((*at)->payload == payload) {
            struct pending *gone = *at;

            *at = gone->next;
            ovsdb_cs_forget_transaction(conn->cs, gone->id);
            json_destroy(gone->id);
            free(gone);
            return;
        }
    }
}

int conn_transact(struct conn *conn, struct json *ops, const struct deadline *deadline,
                  struct json **results)
{
    struct transaction transaction = {.done = false};
    int error;

    *results = NULL;
    conn_step(conn); /* A connection that was lost while nobody looked is not ready. */
    error = conn_wait_ready(conn, deadline);
    if (error) {
        json_destroy(ops);
        return error;
    }
    error = conn_send(conn, ops, keep_results, &transaction);
    error = error ? error : conn_until(conn, transaction_done, &transaction, deadline);
    if (!transaction.done) {
        conn_forget(conn, &transaction);
    }
    *results = transaction.results;
    error = error ? error : transaction.error;
    return error ? conn_fail_answering(conn, error) : 0;
}

/* Opening. */

static int start(struct conn *conn, const ovnk8s_connect_options *options)
{
    const struct deadline deadline = conn_deadline(conn, 0);
    int error = conn->remotes && conn->order ? 0 : fail_nomem();

    if (!error && strstr(conn->remotes, "ssl:")) {
        error = tls_set_identity(options);
    }
    if (error) {
        return error;
    }
    conn->cs = ovsdb_cs_create(conn->database, 3, &cs_ops, conn);
    watch_at_first(conn);
    ovsdb_cs_set_remote(conn->cs, conn->order, true);
    return conn_wait_ready(conn, &deadline);
}

int conn_open(struct conn **out, const char *database, const char *remotes,
              const ovnk8s_connect_options *theirs, struct replica_table *tables, size_t n_tables)
{
    ovnk8s_connect_options options = OVNK8S_CONNECT_OPTIONS_INIT;
    int error = options_take(&options, sizeof options, theirs);
    struct conn *conn;

    *out = NULL;
    error = error ? error : remotes_check(remotes);
    if (error) {
        return error;
    }
    conn = calloc(1, sizeof *conn);
    if (!conn) {
        return fail_nomem();
    }
    conn->remotes = strdup(remotes);
    conn->order = strdup(remotes);
    conn->database = database;
    conn->timeout_ms = options.timeout_ms;
    conn->cancel = options.cancel;
    conn->log = (struct log){options.log, options.log_payload};
    conn->replica = (struct replica){.tables = tables, .n_tables = n_tables};
    error = start(conn, &options);
    if (error) {
        conn_close(conn);
        return error;
    }
    *out = conn;
    return 0;
}

void conn_close(struct conn *conn)
{
    if (!conn) {
        return;
    }
    fail_all_pending(conn);
    conn->replica.changed = NULL;
    replica_clear(&conn->replica);
    ovsdb_cs_destroy(conn->cs);
    for (size_t i = 0; i < conn->replica.n_tables; i++) {
        json_destroy(conn->conditions[i]);
    }
    free(conn->remotes);
    free(conn->order);
    free(conn);
}
