/* "prevResult": what the plugins before this one in a list have made; for CHECK, what all have. */

#ifndef CNI_PREVIOUS_H
#define CNI_PREVIOUS_H

#include "cni/call.h"

/* Whether 'previous', which may be NULL, is a result that can be added to. */
int cni_previous_check(const cJSON *previous);

/* A copy of 'previous', which was checked and may be NULL, in the form of the newest version, but
 * said to be of 'version': an object that has the arrays "interfaces", "ips" and "routes", the
 * object "dns", and what else was there. NULL when memory ran out. */
cJSON *cni_previous_copy(const cJSON *previous, const char *version);

/* Of 'previous', an interface with this name and this sandbox: its index in "interfaces"; -1: there
 * is none. */
int cni_previous_index(const cJSON *previous, const char *name, const char *sandbox);

#endif /* previous.h */
