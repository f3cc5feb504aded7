/* A connection in an event loop that is made of one descriptor. */

#ifndef OVSDB_WAKES_H
#define OVSDB_WAKES_H

#include "ovsdb/conn.h"
#include "ovsdb/contain.h"

/* Makes 'epoll' readable when conn_step() has something to do. 'wakes' is what it was made readable
 * for the last time, nothing at first, and becomes what it is made readable for now; with the time
 * when there is something to do anyway. */
void conn_register_wakes(struct conn *conn, int epoll, struct wake_set *wakes);

#endif /* wakes.h */
