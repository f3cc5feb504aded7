/* Rows of a database as values: what is there, what is wanted, or what is asked about.
 *
 * A struct rows is a set of rows that live and die together. Topology fills one with what it wants,
 * the database room fills another with what there is, and the difference is a plan. Three kinds of
 * statement about a row can be made:
 *
 *     rows_want()   it exists, with these columns
 *     rows_edit()   somebody keeps it; these elements of its columns are in or out
 *     rows_drop()   it does not exist
 *
 * and about a column, that it IS exactly something, INCLUDES some elements or EXCLUDES them, the
 * last two leaving alone what others have put there. Statements about the same row add up.
 *
 * A set that could not get memory says so once, by rows_failed(); nothing else needs to be checked
 * on the way. */

#ifndef BASE_ROW_H
#define BASE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/uuid.h"

enum atom_type { ATOM_STRING, ATOM_INTEGER, ATOM_BOOLEAN, ATOM_ROW };

struct atom {
    enum atom_type type;
    union {
        const char *string;
        int64_t integer;
        bool boolean;
        struct row_id row;
    };
};

/* Orders atoms: negative, zero or positive as strcmp(). */
int atom_compare(const struct atom *a, const struct atom *b);

enum column_rule { COLUMN_IS, COLUMN_INCLUDES, COLUMN_EXCLUDES };

/* A column: a set of 'n' atoms (a scalar is a set of one), or a map of 'n' pairs in 2 * 'n' atoms.
 * A column of a row that is asked about has a name alone. */
struct column {
    struct column *next;
    const char *name;
    enum column_rule rule;
    bool is_map;
    bool is_big;    /* A map that is not read as a whole to find out about some entries, ... */
    bool is_sought; /* ... of which one at least may be there already. */
    size_t n, room;
    struct atom *atoms;
};

enum row_state { ROW_WANTED, ROW_EDITED, ROW_DROPPED };

/* How the server finds the row, or the rows, that an ROW_EDITED or asked-about row stands for. */
enum row_where {
    ROW_BY_ID,
    ROW_BY_NAME,  /* Column "name" is 'name'. */
    ROW_BY_OWNER, /* external_ids:ovnk8s-owner is 'name'; for asking only. */
    ROW_BY_PORT,  /* Column "logical_port" is 'name'; for asking only. */
    ROW_ANY,      /* All rows of the table; for asking only. */
    ROW_OTHERS,   /* All but 'id' whose external_ids have 'pairs'; for editing unseen only. */
};

struct row {
    struct row *next;      /* In the order of the statements. */
    struct row *same_hash; /* In rows->buckets. */
    struct rows *rows;
    const char *table;
    const char *name; /* For people, and for ROW_BY_NAME. */
    struct row_id id; /* For ROW_BY_ID. */
    enum row_where where;
    enum row_state state;
    const struct atom *pairs; /* Two of them, for ROW_OTHERS. */
    bool is_new;    /* Believed not to be there: the first attempt inserts it without looking. */
    bool unseen;    /* To be edited, or dropped, without looking: elements come and go, whatever is
                     * there, of all rows that there are by then. */
    bool guarded;   /* Commit only if its external_ids are as they were read; implies 'touched'. */
    bool touched;   /* Whoever guards this row shall notice when something of it changes. */
    bool unchanged; /* To be dropped only if all that was read of it is as it was read. */
    bool whole;     /* To be asked about with all the columns that the server has. */
    bool sole; /* Insert only if no other row has its name, where no index of the server says so. */
    const void *remark; /* For whoever states the row; NULL at first. */
    struct column *columns;
};

struct rows {
    struct arena arena;
    struct row *first, *last;
    size_t n;
    struct row **buckets;
    size_t n_buckets;
    bool uses_newer; /* What older servers lack was stated, or asked about. */
    bool is_plain; /* The server is of an older OVN: whoever states rows leaves out load balancers'
                    * groups and what refers to them. */
};

void rows_clear(struct rows *rows);
bool rows_failed(const struct rows *rows);

/* Statements. Each returns the row, which exists already when it was mentioned before. */
struct row *rows_want(struct rows *rows, const char *table, struct row_id id, const char *name);
struct row *rows_edit(struct rows *rows, const char *table, struct row_id id, const char *name);
struct row *rows_edit_by_name(struct rows *rows, const char *table, const char *name);
struct row *rows_drop(struct rows *rows, const char *table, struct row_id id, const char *name);

/* Whatever rows but 'id' the owner has whose external_ids have 'value' for 'key': what is stated
 * of them is done to all there are when the plan is committed. */
struct row *rows_edit_others(struct rows *rows, const char *table, struct row_id id,
                             const char *owner, const char *key, const char *value);

/* Asks: columns are named by row_ask(). */
struct row *rows_ask(struct rows *rows, const char *table, struct row_id id);
struct row *rows_ask_where(struct rows *rows, const char *table, enum row_where where,
                           const char *name);
void row_ask(struct row *row, const char *column);

/* Column statements. Strings are copied. */
void row_is_string(struct row *row, const char *column, const char *value);
void row_is_integer(struct row *row, const char *column, int64_t value);
void row_is_boolean(struct row *row, const char *column, bool value);
void row_is_empty(struct row *row, const char *column);
void row_is_empty_map(struct row *row, const char *column);
void row_add_string(struct row *row, const char *column, const char *value); /* IS, one more. */
void row_includes_row(struct row *row, const char *column, struct row_id value);
void row_excludes_row(struct row *row, const char *column, struct row_id value);
void row_includes_pair(struct row *row, const char *column, const char *key, const char *value);
/* The same for an entry of a big map, which may be believed to be new. */
void row_includes_entry(struct row *row, const char *column, const char *key, const char *value,
                        bool is_new);
void row_excludes_key(struct row *row, const char *column, const char *key);

/* Appends atoms to the column that has this name and rule, which is made when it is missing. */
void row_add_atoms(struct row *row, const char *column, enum column_rule rule, bool is_map,
                   const struct atom *atoms, size_t n);

/* Reading. Each accepts a NULL row, and finds NULL where there is none. */
struct row *rows_find(const struct rows *rows, const char *table, struct row_id id);
struct row *rows_find_id(const struct rows *rows, struct row_id id); /* In any table. */
struct row *rows_first(const struct rows *rows, const char *table);
struct row *rows_named(const struct rows *rows, const char *table, const char *name);
/* The first row of the table of which 'column' refers to 'id'. */
struct row *rows_referrer(const struct rows *rows, const char *table, const char *column,
                          struct row_id id);
bool row_refers(const struct row *row, const char *column, struct row_id id);
const struct column *row_column(const struct row *row, const char *column);
struct column *row_find_column(struct row *row, const char *column); /* To be changed. */
const char *row_string(const struct row *row, const char *column);   /* The first; NULL if none. */
int64_t row_integer(const struct row *row, const char *column);      /* The first; 0 if none. */
const char *row_pair(const struct row *row, const char *column, const char *key);
bool column_holds(const struct column *column, const struct atom *element);
const struct atom *column_pair(const struct column *map, const char *key); /* Key and value. */

/* Adds a copy of the row as a fact; the original may go away. */
struct row *rows_copy(struct rows *rows, const struct row *row);

#endif /* row.h */
