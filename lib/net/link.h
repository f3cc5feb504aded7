/* Links: what the kernel calls network devices.
 *
 * Names are checked before the kernel sees them; one that no link can have is OVNK8S_INVALID. */

#ifndef NET_LINK_H
#define NET_LINK_H

#include <net/if.h>
#include <stdbool.h>

#include "base/ip.h"

struct deadline;
struct netns;

struct link_info {
    char name[IFNAMSIZ]; /* Its main name, also when it was found by an alternative one. */
    char kind[16];       /* "veth", "openvswitch", "bridge", ...; empty for a physical one. */
    unsigned int index;
    char qdisc[16];          /* What it sends by: "noqueue", "tbf", .... */
    unsigned int peer_index; /* Of a veth: the other end's index in its own namespace; else 0. */
    unsigned int mtu;
    unsigned int master; /* The index of the link that it is enslaved to; 0: it is not. */
    struct mac mac;
    bool loopback;
    bool up;      /* Set up by an administrator. */
    bool running; /* Up, and so is what it is connected to. */
    bool mute;    /* Answers no ARP. */
};

/* A pair of links, one inside a container and one outside, that are one cable. */
struct veth {
    struct netns *inside;
    const char *inside_name;
    struct netns *outside;
    const char *outside_name;
    const struct mac *mac;      /* Of the inner end; NULL: the kernel chooses. */
    unsigned int mtu;           /* Of both ends; 0: the kernel's default. */
    unsigned int outside_queue; /* How many packets may wait at the outer end; 0: the default. */
    bool outside_is_mute;       /* The outer end answers no ARP. */
};

/* Whether a link can have this name: 1 to 15 bytes, not "." or "..", and no '/', ':', '%', white
 * space or control character. */
bool link_name_valid(const char *name);

/* Computes in 'out' a name of 15 characters from 'prefix' (at most 7 characters) and a hash of both
 * keys, such as "vethk2b4m7c6x5q" for a container id and an interface name. It is the same every
 * time, so nobody has to remember it, and keys that begin alike or are short do not collide. */
char *link_name_from_hash(char out[static IFNAMSIZ], const char *prefix, const char *key1,
                          const char *key2);

/* The link's name in 'out', or "?" where there is none: for messages. */
char *link_name_of(struct netns *ns, unsigned int index, char out[static IFNAMSIZ]);

int link_get(struct netns *ns, const char *name, struct link_info *out);
int link_get_index(struct netns *ns, unsigned int index, struct link_info *out);

/* Waits until there is a link of this name, and looks it up; or until there is none. */
int link_await(struct netns *ns, const char *name, struct link_info *out,
               const struct deadline *deadline);
int link_await_gone(struct netns *ns, const char *name, const struct deadline *deadline);

/* Makes both ends of 'veth', down, in one request: neither exists under another name or in another
 * namespace first. Fails with OVNK8S_EXISTS, and nothing done, when either name is taken; the
 * failure's object is that name. */
int link_add_veth(const struct veth *veth);

/* Deletes the link; with one end of a veth goes the other. */
int link_delete(struct netns *ns, const char *name);

int link_set_up(struct netns *ns, const char *name, bool up);
int link_set_mtu(struct netns *ns, const char *name, unsigned int mtu);
int link_set_mac(struct netns *ns, const char *name, const struct mac *mac);

#endif /* link.h */
