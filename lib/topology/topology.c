#include "topology/topology.h"

#include <string.h>

#include "topology/names.h"

int parse_addresses(const char *what, const char *text, struct prefixes *out)
{
    return prefixes_from_text(text, out)
               ? 0
               : fail(OVNK8S_INVALID,
                      "%s \"%s\": expected ADDRESS/LENGTH, or one of IPv4 and one of IPv6 with a"
                      " comma between",
                      what, text ? text : "");
}

int parse_networks(const char *what, const char *text, struct prefixes *out)
{
    const int error = parse_addresses(what, text, out);

    if (error) {
        return error;
    }
    for (size_t i = 0; i < out->n; i++) {
        if (!prefix_is_network(&out->of[i])) {
            const struct prefix network = prefix_network(&out->of[i]);
            char given[PREFIX_TEXT], right[PREFIX_TEXT];

            return fail(OVNK8S_INVALID, "%s \"%s\": host bits are set: expected %s", what,
                        prefix_to_text(&out->of[i], given), prefix_to_text(&network, right));
        }
    }
    return 0;
}

struct prefixes addresses_at(const struct prefixes *subnets, uint64_t index)
{
    struct prefixes addresses = *subnets;

    for (size_t i = 0; i < subnets->n; i++) {
        addresses.of[i].ip = prefix_nth(&subnets->of[i], index);
    }
    return addresses;
}

bool is_pod_index(const struct prefix *subnet, uint64_t index)
{
    return index >= FIRST_POD_INDEX &&
           (subnet->ip.family != 4 || index < prefix_last_index(subnet));
}

uint64_t pod_capacity(const struct prefix *subnet)
{
    const uint64_t last = prefix_last_index(subnet);
    const uint64_t reserved = FIRST_POD_INDEX + (subnet->ip.family == 4 ? 1 : 0);

    return last == UINT64_MAX ? last : last + 1 > reserved ? last + 1 - reserved : 0;
}

const char *port_addresses_text(const struct mac *mac, const struct prefixes *ips,
                                char out[static PORT_ADDRESSES_TEXT])
{
    mac_to_text(mac, out);
    for (size_t i = 0; i < ips->n; i++) {
        strcat(out, " ");
        ip_to_text(&ips->of[i].ip, out + strlen(out));
    }
    return out;
}

const char *port_addresses(struct arena *arena, const struct mac *mac, const struct prefixes *ips)
{
    char text[PORT_ADDRESSES_TEXT];

    return arena_strdup(arena, port_addresses_text(mac, ips, text));
}

/* Copies the next word, which must fit, to 'word' and returns what follows it; NULL if there is
 * none. */
static const char *next_word(const char *text, size_t size, char *word)
{
    const size_t length = strcspn(text, " ");

    if (!length || length >= size) {
        return NULL;
    }
    memcpy(word, text, length);
    word[length] = '\0';
    return text + length + (text[length] == ' ');
}

static bool add_address(const char *word, const struct prefixes *subnets, struct prefixes *to)
{
    const struct prefix *subnet;
    struct ip ip;

    if (to->n == 2 || !ip_from_text(word, &ip) || prefixes_of(to, ip.family)) {
        return false;
    }
    subnet = prefixes_of(subnets, ip.family);
    if (!subnet || !prefix_contains(subnet, &ip)) {
        return false;
    }
    to->of[to->n++] = (struct prefix){ip, subnet->length};
    return true;
}

bool port_addresses_parse(const char *text, const struct prefixes *subnets, struct mac *mac,
                          struct prefixes *out)
{
    char word[IP_TEXT];

    out->n = 0;
    text = next_word(text, sizeof word, word);
    if (!text || !mac_from_text(word, mac)) {
        return false;
    }
    while (*text) {
        text = next_word(text, sizeof word, word);
        if (!text || !add_address(word, subnets, out)) {
            return false;
        }
    }
    return out->n > 0;
}

/* OVN writes an IPv4 subnet as such and an IPv6 one, which is always a /64, as "ipv6_prefix";
 * the whole is kept under a key of ours. */
bool switch_subnets(const struct row *node_switch, struct prefixes *out)
{
    return prefixes_from_text(row_pair(node_switch, "external_ids", SUBNETS_KEY), out);
}

bool row_is_stated(const struct rows *wanted, const char *table, struct row_id id)
{
    const struct row *row = rows_find(wanted, table, id);

    return row && row->state == ROW_WANTED;
}

void row_is_owned(struct row *row, const char *owner)
{
    row_includes_pair(row, "external_ids", OWNER_KEY, owner);
}

static void want_router_port(struct rows *wanted, const char *owner, const struct router_link *link)
{
    const struct mac mac = link->mac ? *link->mac : mac_from_ip(&link->networks.of[0].ip);
    const struct row_id id = router_port_id(owner, link->name);
    const bool is_stated = row_is_stated(wanted, ROUTER_PORT_TABLE, id);
    struct row *port = rows_want(wanted, ROUTER_PORT_TABLE, id, link->name);
    char text[PREFIX_TEXT], mac_text[MAC_TEXT];

    row_is_string(port, "name", link->name);
    row_is_string(port, "mac", mac_to_text(&mac, mac_text));
    row_is_empty(port, "networks");
    for (size_t i = 0; i < link->networks.n; i++) {
        row_add_string(port, "networks", prefix_to_text(&link->networks.of[i], text));
    }
    row_is_owned(port, owner);
    if (!is_stated) {
        row_includes_row(link->router, "ports", id);
    }
}

void want_router_link(struct rows *wanted, const char *owner, const struct router_link *link)
{
    const struct row_id id = switch_port_id(owner, link->peer);
    const bool is_stated = row_is_stated(wanted, SWITCH_PORT_TABLE, id);
    struct row *port = rows_want(wanted, SWITCH_PORT_TABLE, id, link->peer);

    row_is_string(port, "name", link->peer);
    row_is_string(port, "type", "router");
    row_is_string(port, "addresses", "router");
    row_includes_pair(port, "options", "router-port", link->name);
    row_is_owned(port, owner);
    if (!is_stated) {
        row_includes_row(link->node_switch, "ports", id);
    }
    want_router_port(wanted, owner, link);
}
