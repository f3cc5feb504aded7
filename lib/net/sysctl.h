/* The sysctls of a network namespace. */

#ifndef NET_SYSCTL_H
#define NET_SYSCTL_H

#include <stddef.h>

#include "base/text.h"

struct netns;

/* Sets 'key', a path below /proc/sys such as "net/ipv6/conf/eth0/disable_ipv6" (a link's name may
 * contain dots, hence slashes), to 'value' and makes sure that the kernel took it. What has the
 * value already is not written, so that a read-only /proc is no obstacle then. Fails with
 * OVNK8S_NOTFOUND when this kernel or this link has no such setting. */
int sysctl_set(struct netns *ns, const char *key, const char *value);

/* The settings of a link for one family ("ipv4" or "ipv6") that are not as a new link has them, as
 * lines "ipv4/rp_filter=2" that are added to 'out'. Left out is what says of itself nothing to
 * other links: the MTU. A family that the kernel does not have has no settings. */
int sysctl_list_link(struct netns *ns, const char *family, const char *link, struct text *out);

/* Reads the setting 'key' of 'link', such as "ipv6/disable_ipv6", into 'value'. */
int sysctl_get_link(struct netns *ns, const char *link, const char *key, char *value, size_t size);

/* Gives the setting 'key' of 'link' this value. What this kernel does not have is no failure. */
int sysctl_set_link(struct netns *ns, const char *link, const char *key, const char *value);

#endif /* sysctl.h */
