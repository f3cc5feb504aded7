/* The ledgers of the nodes: what is written down there of ports that are gone, and whose pods are
 * gone, is taken out when a node has come or was read anew. Nothing else would: such a port went
 * while no watcher was running, or by somebody else's hand. */

#ifndef WATCH_LEDGERS_H
#define WATCH_LEDGERS_H

#include "base/hash.h"
#include "watch/task.h"

struct ledgers {
    struct hash table; /* By the name of the node. */
};

void ledgers_clear(struct ledgers *ledgers);

/* The ledger of this node is to be looked at; those of all nodes that were so far. */
void ledgers_touch(ovnk8s_watcher *watcher, const char *node);
void ledgers_touch_all(ovnk8s_watcher *watcher);

void ledgers_each(const struct ledgers *ledgers, void (*each)(struct task *task, void *payload),
                  void *payload);

#endif /* ledgers.h */
