/* One connection to one database of an OVSDB server or cluster.
 *
 * The asynchronous core is conn_send() and conn_step(); the blocking calls loop around conn_step()
 * with a deadline. A connection that is lost is made again, with growing pauses, for as long as the
 * connection is open; transactions whose answer was lost with it fail with OVNK8S_UNAVAILABLE. */

#ifndef OVSDB_CONN_H
#define OVSDB_CONN_H

#include <ovnk8s/nb.h>

#include "base/log.h"
#include "base/wait.h"
#include "ovsdb/replica.h"

struct json;
struct wake_set;
struct conn;

/* How many tables a connection may monitor. */
enum { CONN_TABLES = 8 };

/* Opens a connection and waits until the server is ready. 'tables', which must outlive it, are what
 * can be monitored; except those that are from the start, nothing is before conn_watch(). */
int conn_open(struct conn **out, const char *database, const char *remotes,
              const ovnk8s_connect_options *options, struct replica_table *tables, size_t n_tables);
void conn_close(struct conn *conn);

const char *conn_remotes(const struct conn *conn);
const struct log *conn_log(const struct conn *conn);
struct replica *conn_replica(struct conn *conn);

/* Whether the server was found to be one of an older OVN, as struct rows has it. */
bool conn_is_plain(const struct conn *conn);
void conn_set_plain(struct conn *conn);

/* The deadline of a blocking call that starts now; 0 stands for the connection's own timeout. */
struct deadline conn_deadline(const struct conn *conn, unsigned int timeout_ms);

/* Sets that timeout; 0 stands for the default. */
void conn_set_timeout(struct conn *conn, unsigned int timeout_ms);

/* Receives the array of results of a transaction (RFC 7047, 4.1.3) with 'error' 0; or NULL, with
 * the failure recorded. */
typedef void conn_reply_fn(int error, const struct json *results, void *payload);

/* Sends the array of operations 'ops', which is taken, to a connection that conn_is_ready(). The
 * reply comes during conn_step(), or during conn_close() as a failure. */
int conn_send(struct conn *conn, struct json *ops, conn_reply_fn *reply, void *payload);

/* Forgets the transaction that was sent with 'payload', if it has no answer yet: one that still
 * comes is dropped. What was to be changed may be changed all the same. */
void conn_forget(struct conn *conn, const void *payload);

/* Handles what is ready. Never blocks. */
void conn_step(struct conn *conn);

/* What to wait for before conn_step() has something to do again. */
void conn_wakes(struct conn *conn, struct wake_set *out);

/* Whether conn_send() is possible. */
bool conn_is_ready(const struct conn *conn);

/* Whether the replica holds all that was asked for by conn_watch(). */
bool conn_is_current(const struct conn *conn);

/* Waits until conn_is_ready(), trying one server after the other. */
int conn_wait_ready(struct conn *conn, const struct deadline *deadline);

/* Tell of a wait that ended with 'error': for the connection, or for the answer of the server. Both
 * return it. */
int conn_fail_connecting(const struct conn *conn, int error);
int conn_fail_answering(const struct conn *conn, int error);

/* Steps until 'done' says so. */
int conn_until(struct conn *conn, bool (*done)(struct conn *conn, void *payload), void *payload,
               const struct deadline *deadline);

/* Sends 'ops', which is taken, and waits for the results, which the caller frees by
 * json_destroy(). */
int conn_transact(struct conn *conn, struct json *ops, const struct deadline *deadline,
                  struct json **results);

/* Monitors the row 'id' of the table; or all its rows for NULL. A table that is monitored on demand
 * and that the server does not have is passed over. */
void conn_watch(struct conn *conn, const char *table, const struct row_id *id);

#endif /* conn.h */
