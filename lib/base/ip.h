/* Addresses, prefixes and MAC addresses as values, for IPv4 and IPv6 alike.
 *
 * They cross the public API as text and are structs inside. Parsers accept the canonical forms that
 * inet_pton() accepts, say nothing on failure but false, and never modify '*out' then. */

#ifndef BASE_IP_H
#define BASE_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ip {
    uint8_t family;    /* 4 or 6; 0: no address. */
    uint8_t bytes[16]; /* Network byte order; IPv4 takes the first 4. */
};

/* An address with the length of its network: a host's "10.1.2.3/24" or a network's "10.1.2.0/24".
 */
struct prefix {
    struct ip ip;
    unsigned int length;
};

struct mac {
    uint8_t bytes[6];
};

enum {
    IP_TEXT = 46,     /* Room for an address as text. */
    PREFIX_TEXT = 50, /* For "ADDRESS/LENGTH". */
    MAC_TEXT = 18,
};

bool ip_from_text(const char *text, struct ip *out);
char *ip_to_text(const struct ip *ip, char text[static IP_TEXT]);
bool ip_equal(const struct ip *a, const struct ip *b);
int ip_compare(const struct ip *a, const struct ip *b); /* Of one family: as memcmp(). */
unsigned int ip_bits(const struct ip *ip);              /* 32 or 128. */

/* "ADDRESS/LENGTH"; the length is obligatory. */
bool prefix_from_text(const char *text, struct prefix *out);
char *prefix_to_text(const struct prefix *prefix, char text[static PREFIX_TEXT]);

/* The network that 'prefix' lies in: the same with all host bits zero. */
struct prefix prefix_network(const struct prefix *prefix);
bool prefix_is_network(const struct prefix *prefix);
bool prefix_contains(const struct prefix *network, const struct ip *ip);
bool prefix_covers(const struct prefix *outer, const struct prefix *inner);
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);

/* The network of the same length that follows; false when there is none. */
bool prefix_next(const struct prefix *network, struct prefix *out);

/* The last address of the network. */
struct ip prefix_last(const struct prefix *network);

/* The number of addresses of the network less one, or UINT64_MAX where that does not fit. */
uint64_t prefix_last_index(const struct prefix *network);

/* Address number 'index' of the network; index 0 is the network itself. */
struct ip prefix_nth(const struct prefix *network, uint64_t index);

/* The number of 'ip' within 'network', which contains it; UINT64_MAX where it does not fit. */
uint64_t prefix_index(const struct prefix *network, const struct ip *ip);

/* One prefix of each family at most, IPv4 first: what a cluster, a node or a pod has. */
struct prefixes {
    struct prefix of[2];
    size_t n;
};

enum { PREFIXES_TEXT = 2 * PREFIX_TEXT };

/* "PREFIX" or "PREFIX,PREFIX" of two families, in any order. */
bool prefixes_from_text(const char *text, struct prefixes *out);
char *prefixes_to_text(const struct prefixes *prefixes, char text[static PREFIXES_TEXT]);
bool prefixes_equal(const struct prefixes *a, const struct prefixes *b);

/* The prefix of this family, or NULL. */
const struct prefix *prefixes_of(const struct prefixes *prefixes, unsigned int family);

bool mac_from_text(const char *text, struct mac *out);
char *mac_to_text(const struct mac *mac, char text[static MAC_TEXT]);

/* The MAC address that goes with 'ip': 0a:58 and the IPv4 address; 0a:58 and a hash for IPv6. */
struct mac mac_from_ip(const struct ip *ip);

/* The IPv6 address that a kernel gives a link with this MAC address by itself: fe80:: and the MAC
 * address as EUI-64 (RFC 4862, 5.3). */
struct ip ip_link_local(const struct mac *mac);

#endif /* ip.h */
