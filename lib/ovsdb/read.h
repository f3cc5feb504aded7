/* Reading rows: everything that is asked about in one transaction of "select" operations. */

#ifndef OVSDB_READ_H
#define OVSDB_READ_H

#include "base/row.h"
#include "ovsdb/conn.h"

struct question;

/* What is asked in one transaction. Their answers may raise others, to be asked in another one:
 *
 *     error = questions_compose(&questions, first, NULL, facts);
 *     while (!error && questions.n) {
 *         results = (the results of the operations questions.ops);
 *         error = questions_take(&questions, results, facts);
 *     }
 *     questions_clear(&questions);
 */
struct questions {
    struct json *ops; /* An array of operations, which may be taken out. */
    struct question *of;
    size_t n, room;
    bool failed;
};

/* Composes the questions whose answers are the rows from 'first' on, with the columns that are
 * asked or stated there. Not asked about are rows that are believed to be new, and what was asked
 * about before in 'known', which may be NULL: its answers are in 'facts' already. Points into these
 * rows. */
int questions_compose(struct questions *questions, const struct row *first,
                      const struct rows *known, const struct rows *facts);

/* Adds the answers to 'facts'; 'questions' become those that the answers raise, often none. */
int questions_take(struct questions *questions, const struct json *results, struct rows *facts);

void questions_clear(struct questions *questions);

/* Adds to 'facts' the rows that answer the rows from 'first' on; waits for them. */
int read_rows(struct conn *conn, const struct row *first, const struct deadline *deadline,
              struct rows *facts);

#endif /* read.h */
