/* What a server says of an operation that it did not carry out (RFC 7047, 3.1 and 5.2). */

#ifndef OVSDB_RESULT_H
#define OVSDB_RESULT_H

#include "base/row.h"

struct json;

/* Fails as the <error> in 'result' says; 0 when it is none. */
int result_error(const struct json *result);

/* Adds the rows of 'table' that a "select" has found to 'facts'. */
int result_rows(const struct json *result, const char *table, struct rows *facts);

#endif /* result.h */
