/* Addresses of links. */

#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"

struct netns;

struct address {
    struct prefix prefix; /* The address with the length of its network. */
    uint32_t flags;       /* IFA_F_*, such as IFA_F_NOPREFIXROUTE. */
    uint8_t scope;        /* RT_SCOPE_*; 0 is global. */
};

/* Gives the link the address. An IPv6 one is usable at once: duplicates are not looked for, since
 * whoever calls knows the address to be free. Does nothing when the link has it already; fails with
 * OVNK8S_EXISTS when the link has it with another length. */
int address_add(struct netns *ns, const char *link, const struct address *address);

/* Takes the address, of exactly this length, from the link. */
int address_del(struct netns *ns, const char *link, const struct prefix *prefix);

/* Lists the addresses of the link in '*out', an array of '*n' to be freed by free(); NULL for none.
 */
int address_list(struct netns *ns, const char *link, struct address **out, size_t *n);

/* Tells in '*index' the link that has the address; OVNK8S_NOTFOUND when none has. */
int address_find(struct netns *ns, const struct ip *ip, unsigned int *index);

#endif /* address.h */
