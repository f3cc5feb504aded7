/* A copy of the tables that a connection monitors, kept up to date by the server. */

#ifndef OVSDB_REPLICA_H
#define OVSDB_REPLICA_H

#include "base/row.h"

enum { REPLICA_COLUMNS = 8 };

/* How a column combines with the difference that a server sends for it. */
enum column_shape { SHAPE_MISSING, SHAPE_SCALAR, SHAPE_SET, SHAPE_MAP };

/* A table to monitor. Names are constants. */
struct replica_table {
    const char *name;
    const char *columns[REPLICA_COLUMNS]; /* NULL ends them. */
    bool from_start; /* All its rows are monitored as soon as the connection is open. */
    bool on_demand;  /* Not to be mentioned to the server before conn_watch(): it would go through
                      * all rows even of a table of which none is wanted. */

    /* Kept by the replica. */
    enum column_shape shapes[REPLICA_COLUMNS];
    struct replica_row **buckets;
    size_t n, n_buckets;
};

struct replica {
    struct replica_table *tables;
    size_t n_tables;

    /* Called for each row that has come, changed or gone ('now' is NULL); may be NULL. */
    void (*changed)(const struct row *before, const struct row *now, void *payload);
    void *payload;
};

struct json;

/* Learns from the server's schema which columns there are. */
void replica_learn_schema(struct replica *replica, const struct json *schema);

/* Applies a <table-updates> (version 1) or <table-updates2>. False when it makes no sense or memory
 * ran out: the replica must then be filled anew. */
bool replica_update(struct replica *replica, const struct json *updates, int version);

/* Forgets all rows, calling 'changed' for each. */
void replica_clear(struct replica *replica);

const struct row *replica_find(const struct replica *replica, const char *table, struct row_id id);

/* Calls 'each' for all rows of the table. */
void replica_each(const struct replica *replica, const char *table,
                  void (*each)(const struct row *row, void *payload), void *payload);

#endif /* replica.h */
