#include "ovsdb/arrival.h"

#include "openvswitch/json.h"
#include "ovsdb/result.h"

void arrival_start(struct arrival *arrival, struct conn *conn, enum ovnk8s_wait wait)
{
    *arrival = (struct arrival){.exchange = {.conn = conn}, .wait = wait};
    arrival->exchange.ops =
        json_from_string("[{\"op\": \"mutate\", \"table\": \"NB_Global\","
                         " \"where\": [], \"mutations\": [[\"nb_cfg\", \"+=\", 1]]},"
                         "{\"op\": \"select\", \"table\": \"NB_Global\","
                         " \"where\": [], \"columns\": [\"_uuid\", \"nb_cfg\"]}]");
}

void arrival_clear(struct arrival *arrival)
{
    exchange_clear(&arrival->exchange);
}

static int take_number(struct arrival *arrival)
{
    struct rows facts = {0};
    struct json *results;
    int error = exchange_take(&arrival->exchange, &results);

    for (size_t i = 0; !error && i < results->array.n; i++) {
        error = result_error(results->array.elems[i]);
    }
    if (!error) {
        error = results->array.n < 2 ? fail(OVNK8S_PROTOCOL, "an answer that is too short")
                                     : result_rows(results->array.elems[1], "NB_Global", &facts);
    }
    if (!error) {
        arrival->number = row_integer(facts.first, "nb_cfg");
        conn_watch(arrival->exchange.conn, "NB_Global", NULL);
        conn_step(arrival->exchange.conn); /* Tells the server so. */
    }
    rows_clear(&facts);
    json_destroy(results);
    return error;
}

static void see_global(const struct row *row, void *payload)
{
    struct arrival *arrival = payload;

    arrival->seen = row_integer(row, arrival->wait == OVNK8S_WAIT_HV ? "hv_cfg" : "sb_cfg");
}

static bool has_arrived(struct arrival *arrival)
{
    replica_each(conn_replica(arrival->exchange.conn), "NB_Global", see_global, arrival);
    return arrival->seen >= arrival->number;
}

void arrival_step(struct arrival *arrival)
{
    struct exchange *exchange = &arrival->exchange;

    if (arrival->is_over) {
        return;
    }
    if (exchange->ops && conn_is_ready(exchange->conn)) {
        arrival->error = exchange_send(exchange);
    }
    if (exchange->is_answered) {
        arrival->error = take_number(arrival);
    }
    arrival->is_over = arrival->error || (arrival->number && has_arrived(arrival));
}

int arrival_fail(const struct arrival *arrival, int error)
{
    return fail_during(
        error, "wait", conn_remotes(arrival->exchange.conn), "committed, but waiting for %s",
        arrival->wait == OVNK8S_WAIT_HV ? "the chassis (is each ovn-controller running?)"
                                        : "the Southbound database (is ovn-northd running?)");
}
