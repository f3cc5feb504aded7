/* Adopting what was restored. A backup that is brought back by "ovsdb-client restore" has all its
 * rows, and each under another UUID: none has the identity any more that is computed from its name.
 *
 * When the cluster is not there under its identity, rows that carry the mark of the owner are taken
 * for the library's, and are made again under their own: with all that is in them, whoever has put
 * it there, and whatever refers to them refers to the new ones. So all else can be told from facts
 * as they will be then. A row without the mark is somebody else's, as ever; only groups of load
 * balancers, which have no place for a mark, are known by the owner in their names, and what has no
 * name, such as routes, by what it says. */

#ifndef TOPOLOGY_ADOPT_H
#define TOPOLOGY_ADOPT_H

#include "base/plan.h"

/* Asks for whole tables, once it is known that something is to be adopted. */
void adopt_ask(const struct scene *scene, struct rows *asked);

/* States that the rows go under which they were restored, and leaves in '*out' the scene as it will
 * be; the same scene when nothing is to be adopted. */
int adopt_begin(const struct scene *scene, struct rows *wanted, struct scene *out);

/* States what else is in the rows that were adopted, after all that is to be wanted of them. */
int adopt_end(const struct scene *scene, struct rows *wanted);

/* Whether something is adopted, after adopt_begin(). */
bool adopt_is_needed(const struct scene *scene);

#endif /* adopt.h */
