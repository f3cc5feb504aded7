/* UUIDs, and how the library computes the identity of what it owns.
 *
 * A row's UUID follows from (owner, table, name) by UUIDv5 (RFC 4122), so that a row is found
 * without a look-up, inserting it twice is noticed by the server, and a row that somebody else made
 * under the same name is told apart. */

#ifndef BASE_UUID_H
#define BASE_UUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UUID_TEXT = 37 };

struct row_id {
    uint8_t bytes[16];
};

/* The identity of the object 'name' of 'table' that belongs to 'owner'. */
struct row_id row_id(const char *owner, const char *table, const char *name);

bool row_id_equal(struct row_id a, struct row_id b);
bool row_id_parse(const char *text, struct row_id *out);
char *row_id_format(struct row_id id, char text[static UUID_TEXT]);

#endif /* uuid.h */
