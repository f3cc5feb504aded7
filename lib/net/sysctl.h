/* The sysctls of a network namespace. */

#ifndef NET_SYSCTL_H
#define NET_SYSCTL_H

struct netns;

/* Sets 'key', a path below /proc/sys such as "net/ipv6/conf/eth0/disable_ipv6" (a link's name may
 * contain dots, hence slashes), to 'value' and makes sure that the kernel took it. What has the
 * value already is not written, so that a read-only /proc is no obstacle then. Fails with
 * OVNK8S_NOTFOUND when this kernel or this link has no such setting. */
int sysctl_set(struct netns *ns, const char *key, const char *value);

#endif /* sysctl.h */
