/* How far what was committed has come: nb_cfg of NB_Global is raised, and the column that
 * ovn-northd, or the slowest of the chassis, writes in answer is followed. It never waits:
 *
 *     arrival_start(&arrival, conn, OVNK8S_WAIT_SB);
 *     while (!arrival.is_over) {
 *         (wait for the connection);
 *         conn_step(conn);
 *         arrival_step(&arrival);
 *     }
 *     error = arrival.error;
 *     arrival_clear(&arrival); */

#ifndef OVSDB_ARRIVAL_H
#define OVSDB_ARRIVAL_H

#include <ovnk8s/plan.h>

#include "ovsdb/exchange.h"

struct arrival {
    struct exchange exchange;
    enum ovnk8s_wait wait;
    int64_t number, seen; /* Of nb_cfg, 0 while it is not known; and of what follows it. */
    bool is_over;
    int error; /* Of the exchange, once it is over. */
};

/* It must stay where it is until it is cleared. */
void arrival_start(struct arrival *arrival, struct conn *conn, enum ovnk8s_wait wait);
void arrival_step(struct arrival *arrival);
void arrival_clear(struct arrival *arrival);

/* Tells of a wait that ended with 'error', and returns it. */
int arrival_fail(const struct arrival *arrival, int error);

#endif /* arrival.h */
