/* What the files of this room need of each other and nobody else. */

#ifndef NET_PRIVATE_H
#define NET_PRIVATE_H

#include "net/link.h"

struct netns;
struct netlink;

struct netlink *netns_netlink(struct netns *ns);

/* A descriptor of the namespace, for requests that name it; owned by 'ns'. */
int netns_fd(const struct netns *ns);

/* link_get() that fails with the reason alone: the caller tells which link of which namespace. */
int link_find(struct netns *ns, const char *name, struct link_info *out);

/* The same for the index alone, and much cheaper: it does not wait for what others do to links,
 * which in the kernel is one at a time. */
int link_find_index(struct netns *ns, const char *name, unsigned int *out);

#endif /* private.h */
