/* Which row a row would be, by what it says and not by its UUID. */

#ifndef TOPOLOGY_ADOPT_IDENTITY_H
#define TOPOLOGY_ADOPT_IDENTITY_H

#include "base/plan.h"

/* Whether the row has the mark of the owner. */
bool identity_is_marked(const char *owner, const struct row *row);

/* Whether the row is one of the owner's that has a name, and which identity it should have. What is
 * read of it meanwhile is in 'arena'. */
bool identity_of(const char *owner, const struct row *row, struct arena *arena, struct row_id *out);

/* Whether rows of the table live by themselves, and are not parts of others. */
bool identity_is_root(const char *table);

#endif /* adopt_identity.h */
