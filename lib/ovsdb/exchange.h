/* One transaction of a plan: composed, sent, answered. Its answer is kept until it is taken. */

#ifndef OVSDB_EXCHANGE_H
#define OVSDB_EXCHANGE_H

#include "base/error.h"
#include "ovsdb/conn.h"

struct exchange {
    struct conn *conn;
    struct json *ops; /* Not sent yet; NULL: there is nothing to be sent. */
    bool is_sent, is_answered;
    struct json *results;
    int error;
    struct failure_story story; /* Of 'error'. */
};

/* Sends what is composed, to a connection that is ready. It must stay where it is until it is
 * answered or cleared. */
int exchange_send(struct exchange *exchange);

/* Takes the answer out: '*results', which the caller frees by json_destroy(), or a failure. */
int exchange_take(struct exchange *exchange, struct json **results);

/* Forgets it, whatever was made of it; another one can be composed. */
void exchange_clear(struct exchange *exchange);

#endif /* exchange.h */
