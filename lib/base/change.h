/* Changes: the difference between the rows that are wanted and those that are there, as a value
 * that can be shown and from which a database room makes a transaction. */

#ifndef BASE_CHANGE_H
#define BASE_CHANGE_H

#include "base/row.h"

enum change_action { CHANGE_INSERT, CHANGE_UPDATE, CHANGE_DELETE };

/* An element that comes into a column or goes out of it: a value, or a key and its value. */
struct element {
    struct element *next;
    const struct column *column; /* As it is wanted. */
    const struct atom *atoms;
    bool is_added;
};

struct change {
    struct change *next;
    enum change_action action;
    const struct row *row;  /* As it is wanted. */
    const struct row *fact; /* As it is; NULL for a row that is inserted. */
    struct element *first, *last;
};

/* They point into the rows that they were computed from. */
struct changes {
    struct arena arena;
    const struct rows *wanted, *facts;
    struct change *first, *last;
    size_t n;
};

/* Fails with OVNK8S_NOTFOUND when a row that shall get an element does not exist. On success 'out'
 * is cleared by changes_clear(). */
int changes_compute(const struct rows *wanted, const struct rows *facts, struct changes *out);
void changes_clear(struct changes *changes);

/* The row of 'facts' that 'row' is about, NULL if there is none. */
const struct row *row_fact(const struct rows *facts, const struct row *row);

/* What people call the row. */
const char *row_title(const struct row *row, const struct row *fact);

/* The name of the row that a column refers to, or its UUID, written to 'text'. */
const char *changes_name(const struct changes *changes, struct row_id id,
                         char text[static UUID_TEXT]);

/* As ovnk8s_plan_text() and ovnk8s_plan_json() say. */
int changes_text(const struct changes *changes, char **out);
int changes_json(const struct changes *changes, const char *owner, char **out);

#endif /* change.h */
