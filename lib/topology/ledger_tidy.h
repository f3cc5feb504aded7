/* Taking out of the ledger what was written down of ports that nobody has any more. */

#ifndef TOPOLOGY_LEDGER_TIDY_H
#define TOPOLOGY_LEDGER_TIDY_H

#include "base/plan.h"

/* Whether the entry of this port, "<namespace>_<pod>", stays in the ledger of the node. */
typedef bool ledger_keeps_fn(void *payload, const char *node, const char *port);

/* Adds to 'plan' that the ledger of the node has no entries of pod ports but those that 'keeps'
 * says stay; it is asked when the plan is computed, and must be pure then. Nothing is wanted of a
 * node that has no ledger. */
int ledger_tidy_intend(ovnk8s_plan *plan, const char *node, ledger_keeps_fn *keeps, void *payload);

#endif /* ledger_tidy.h */
