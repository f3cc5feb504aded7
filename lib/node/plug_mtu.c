#include "node/plug_mtu.h"

#include <string.h>

#include "base/mem.h"
#include "net/net.h"
#include "ovsdb/vswitch.h"

/* What each kind of tunnel adds to a packet besides the outer IP header: the inner Ethernet header,
 * its own, and that of UDP (or, for STT, one like TCP's). OVN's Geneve carries an option. */
static const struct {
    const char *type;
    unsigned int bytes;
} overheads[] = {
    {"geneve", 14 + 8 + 8 + 8},
    {"vxlan", 14 + 8 + 8},
    {"stt", 14 + 18 + 20},
};

enum { IPV4_HEADER = 20, IPV6_HEADER = 40 };

static bool is_listed(const char *list, const char *word)
{
    while (*list) {
        const size_t length = strcspn(list, ",");

        if (length == strlen(word) && !strncmp(list, word, length)) {
            return true;
        }
        list += length + (list[length] == ',');
    }
    return false;
}

/* Of several kinds any may be used, depending on what the other host has. */
static unsigned int overhead_of(const char *types)
{
    unsigned int most = 0;

    for (size_t i = 0; i < COUNT_OF(overheads); i++) {
        if (is_listed(types, overheads[i].type) && overheads[i].bytes > most) {
            most = overheads[i].bytes;
        }
    }
    return most;
}

/* Of several addresses the first: the links of one underlay have one MTU. */
static bool parse_address(const char *list, struct ip *out)
{
    char first[IP_TEXT];
    const size_t length = strcspn(list, ",");

    snprintf(first, sizeof first, "%.*s", (int)length, list);
    return length < sizeof first && ip_from_text(first, out);
}

static bool find_link(struct netns *host, const struct ip *ip, struct link_info *out)
{
    unsigned int index;

    return !address_find(host, ip, &index) && !link_get_index(host, index, out) && !out->loopback;
}

unsigned int plug_mtu(ovnk8s_vswitch *vswitch, struct netns *host)
{
    const struct row *settings = vswitch_settings(vswitch);
    const char *address = row_pair(settings, "external_ids", "ovn-encap-ip");
    const char *types = row_pair(settings, "external_ids", "ovn-encap-type");
    unsigned int overhead = types ? overhead_of(types) : 0;
    struct link_info link;
    struct ip ip;

    if (!overhead || !address || !parse_address(address, &ip) || !find_link(host, &ip, &link)) {
        return 0;
    }
    overhead += ip.family == 6 ? IPV6_HEADER : IPV4_HEADER;
    return link.mtu > overhead + 68 ? link.mtu - overhead : 0;
}
