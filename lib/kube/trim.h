/* Leaving out of an object what nobody wants before it is parsed: to build all of a pod takes
 * longer than whatever is done with it. */

#ifndef KUBE_TRIM_H
#define KUBE_TRIM_H

#include <stddef.h>

#include "base/text.h"

/* How many brackets are open where a member of a member begins, such as "spec.containers": in an
 * object as a LIST has it, and in an event. */
enum { TRIM_OBJECT = 2, TRIM_EVENT = 3 };

/* Makes 'out' a copy of the JSON of 'n' bytes, in which null stands for each object and array that
 * is a member at 'level', except for those of the names 'kept', which end with NULL. What is no
 * JSON becomes none; but what is left out is not looked at. */
void trim_json(const char *json, size_t n, size_t level, const char *const *kept, struct text *out);

#endif /* trim.h */
