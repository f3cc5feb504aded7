/* Network namespaces.
 *
 * A handle keeps its namespace alive, also when the file it was opened from vanishes, and holds a
 * netlink socket that lives inside it. That socket is used from wherever the calling thread is: the
 * thread itself enters a namespace only to open the socket and for netns_run(), and comes back.
 *
 * Coming back cannot fail by anything known. Should it fail all the same, the call fails with
 * OVNK8S_SYSTEM and the stage "leave-netns": that thread is then in the wrong namespace and must
 * not be used further. */

#ifndef NET_NETNS_H
#define NET_NETNS_H

#include <stdbool.h>

#include "base/mem.h"

struct netns;

/* Opens the network namespace at 'path', or with NULL the calling thread's own, in '*out', to be
 * closed by netns_close(). Fails with OVNK8S_NOTFOUND when there is no such file and with
 * OVNK8S_INVALID when it is no network namespace. */
int netns_open(struct netns **out, const char *path);

/* Closes 'ns', which may be NULL. */
void netns_close(struct netns *ns);

DEFINE_CLEANUP(netns_close, struct netns *, netns_close)
#define _cleanup_netns_ CLEANUP(netns_closep)

/* Whether both handles are of the same namespace, by whatever paths they were opened. */
bool netns_same(const struct netns *a, const struct netns *b);

/* How messages call it: "network namespace PATH" or "own network namespace"; lives as 'ns'. */
const char *netns_name(const struct netns *ns);

/* Calls 'fn' with the calling thread inside 'ns' and returns what it returns. */
int netns_run(struct netns *ns, int (*fn)(void *arg), void *arg);

#endif /* netns.h */
