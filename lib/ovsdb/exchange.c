#include "ovsdb/exchange.h"

#include "base/mem.h"
#include "openvswitch/json.h"

static void keep_answer(int error, const struct json *results, void *payload)
{
    struct exchange *exchange = payload;

    exchange->is_answered = true;
    exchange->error = error;
    exchange->results = results ? json_clone(results) : NULL;
    if (error) {
        exchange->story = failure_save();
    }
}

int exchange_send(struct exchange *exchange)
{
    int error;

    exchange->is_sent = true;
    error = conn_send(exchange->conn, STEAL(exchange->ops), keep_answer, exchange);
    if (error) {
        exchange->is_sent = false;
        return conn_fail_answering(exchange->conn, error);
    }
    return 0;
}

int exchange_take(struct exchange *exchange, struct json **results)
{
    const int error = exchange->error;

    *results = STEAL(exchange->results);
    if (error) {
        failure_restore(&exchange->story);
        conn_fail_answering(exchange->conn, error);
    }
    exchange_clear(exchange);
    return error;
}

void exchange_clear(struct exchange *exchange)
{
    if (exchange->is_sent && !exchange->is_answered) {
        conn_forget(exchange->conn, exchange);
    }
    json_destroy(exchange->ops);
    json_destroy(exchange->results);
    *exchange = (struct exchange){.conn = exchange->conn};
}
