#include "openflow/flow.h"

#include <ctype.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Comparing. */

static bool text_equal(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

static bool match_equal_values(const struct flow_match *a, const struct flow_match *b)
{
    return a->ether == b->ether && a->is_untagged == b->is_untagged &&
           a->is_fragment == b->is_fragment && a->protocol == b->protocol &&
           a->icmp_type == b->icmp_type && a->port_dst == b->port_dst && a->ct_state == b->ct_state;
}

static bool match_equal(const struct flow_match *a, const struct flow_match *b)
{
    return match_equal_values(a, b) && text_equal(a->in_port, b->in_port) &&
           a->has_eth_dst == b->has_eth_dst &&
           !memcmp(&a->eth_dst, &b->eth_dst, sizeof a->eth_dst) && ip_equal(&a->ip_dst, &b->ip_dst);
}

static bool action_equal(const struct flow_action *a, const struct flow_action *b)
{
    return a->kind == b->kind && text_equal(a->port, b->port) && a->zone == b->zone &&
           a->table == b->table;
}

bool flow_is_same(const struct of_flow *a, const struct of_flow *b)
{
    return a->table == b->table && a->priority == b->priority && match_equal(&a->match, &b->match);
}

bool flow_equal(const struct of_flow *a, const struct of_flow *b)
{
    if (!flow_is_same(a, b) || a->n_actions != b->n_actions) {
        return false;
    }
    for (size_t i = 0; i < a->n_actions; i++) {
        if (!action_equal(&a->actions[i], &b->actions[i])) {
            return false;
        }
    }
    return true;
}

/* Lists. */

/* Of what the many flows of one gateway differ in. */
static size_t hash(const struct of_flow *flow)
{
    size_t value = flow->match.port_dst + 65537u * flow->table + flow->priority;

    value = 31 * value + flow->match.protocol + 256u * flow->match.ether;
    for (size_t i = 0; i < sizeof flow->match.ip_dst.bytes; i++) {
        value = 31 * value + flow->match.ip_dst.bytes[i];
    }
    return value;
}

static const struct of_flow *find_same(const struct flow_list *list, const struct of_flow *flow)
{
    size_t i = list->n ? list->buckets[hash(flow) % list->room] : 0;

    while (i && !flow_is_same(&list->flows[i - 1], flow)) {
        i = list->next[i - 1];
    }
    return i ? &list->flows[i - 1] : NULL;
}

static void put_into_bucket(struct flow_list *list, size_t index)
{
    size_t *bucket = &list->buckets[hash(&list->flows[index]) % list->room];

    list->next[index] = *bucket;
    *bucket = index + 1;
}

static bool grow(void *array, size_t n, size_t size)
{
    void *grown = reallocarray(*(void **)array, n, size);

    if (grown) {
        *(void **)array = grown;
    }
    return grown != NULL;
}

static bool make_room(struct flow_list *list)
{
    const size_t room = list->room ? 2 * list->room : 32;

    if (list->n < list->room) {
        return true;
    }
    if (!grow(&list->flows, room, sizeof *list->flows) ||
        !grow(&list->next, room, sizeof *list->next) ||
        !grow(&list->buckets, room, sizeof *list->buckets)) {
        list->failed = true;
        return false;
    }
    list->room = room;
    memset(list->buckets, 0, room * sizeof *list->buckets);
    for (size_t i = 0; i < list->n; i++) {
        put_into_bucket(list, i);
    }
    return true;
}

/* Ports are few: a name that is there is shared. */
static const char *keep_name(struct flow_list *list, const char *name)
{
    size_t i = 0;

    if (!name) {
        return NULL;
    }
    while (i < FLOW_LIST_NAMES && list->names[i] && strcmp(list->names[i], name) != 0) {
        i++;
    }
    if (i == FLOW_LIST_NAMES) {
        return arena_strdup(&list->arena, name);
    }
    if (!list->names[i]) {
        list->names[i] = arena_strdup(&list->arena, name);
    }
    return list->names[i];
}

void flow_list_add(struct flow_list *list, const struct of_flow *flow)
{
    struct of_flow copy = *flow;

    if (list->failed || find_same(list, flow) || !make_room(list)) {
        return;
    }
    copy.match.in_port = keep_name(list, flow->match.in_port);
    for (size_t i = 0; i < flow->n_actions; i++) {
        copy.actions[i].port = keep_name(list, flow->actions[i].port);
    }
    list->flows[list->n] = copy;
    put_into_bucket(list, list->n++);
}

int flow_list_failed(const struct flow_list *list)
{
    return list->failed || list->arena.failed ? fail_nomem() : 0;
}

void flow_list_clear(struct flow_list *list)
{
    arena_clear(&list->arena);
    free(list->flows);
    free(list->next);
    free(list->buckets);
    *list = (struct flow_list){0};
}

bool flow_list_equal(const struct flow_list *a, const struct flow_list *b)
{
    if (a->n != b->n) {
        return false;
    }
    for (size_t i = 0; i < a->n; i++) {
        const struct of_flow *same = find_same(b, &a->flows[i]);

        if (!same || !flow_equal(same, &a->flows[i])) {
            return false;
        }
    }
    return true;
}

/* Text. */

/* As libopenvswitch quotes names of ports: those that could be taken for something else. */
static void add_port_name(struct text *text, const char *name)
{
    bool is_plain = isalpha((unsigned char)*name);

    for (const char *c = name; *c; c++) {
        is_plain &= isalnum((unsigned char)*c) != 0;
    }
    text_printf(text, is_plain ? "%s" : "\"%s\"", name);
}

static void add_ct_state(struct text *text, unsigned int state)
{
    static const struct {
        enum flow_ct_state bit;
        const char *name;
    } names[] = {
        {FLOW_CT_NEW, "+new"}, {FLOW_CT_EST, "+est"}, {FLOW_CT_REL, "+rel"}, {FLOW_CT_TRK, "+trk"}};

    if (!state) {
        return;
    }
    text_add(text, ",ct_state=");
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (state & names[i].bit) {
            text_add(text, names[i].name);
        }
    }
}

/* The word that Open vSwitch has for an Ethernet type and an IP protocol together. */
static const char *packet_word(const struct flow_match *match)
{
    const bool is_ipv6 = match->ether == FLOW_IPV6;

    switch (match->ether) {
    case FLOW_ANY:
        return "";
    case FLOW_ARP:
        return ",arp";
    case FLOW_IPV4:
    case FLOW_IPV6:
        break;
    }
    switch (match->protocol) {
    case IPPROTO_TCP:
        return is_ipv6 ? ",tcp6" : ",tcp";
    case IPPROTO_UDP:
        return is_ipv6 ? ",udp6" : ",udp";
    case IPPROTO_SCTP:
        return is_ipv6 ? ",sctp6" : ",sctp";
    case IPPROTO_ICMPV6:
        return ",icmp6";
    default:
        return is_ipv6 ? ",ipv6" : ",ip";
    }
}

static void add_link_match(struct text *text, const struct flow_match *match)
{
    char mac[MAC_TEXT];

    if (match->in_port) {
        text_add(text, ",in_port=");
        add_port_name(text, match->in_port);
    }
    if (match->is_untagged) {
        text_add(text, ",vlan_tci=0x0000/0x1fff");
    }
    if (match->has_eth_dst) {
        text_printf(text, ",dl_dst=%s", mac_to_text(&match->eth_dst, mac));
    }
}

static void add_network_match(struct text *text, const struct flow_match *match)
{
    char ip[IP_TEXT];

    if (match->ip_dst.family) {
        text_printf(text, ",%s=%s", match->ether == FLOW_IPV6 ? "ipv6_dst" : "nw_dst",
                    ip_to_text(&match->ip_dst, ip));
    }
    if (match->is_fragment) {
        text_add(text, ",nw_frag=yes");
    }
    if (match->port_dst) {
        text_printf(text, ",tp_dst=%u", match->port_dst);
    }
    if (match->icmp_type) {
        text_printf(text, ",icmp_type=%u", match->icmp_type);
    }
}

static void add_action(struct text *text, const struct flow_action *action)
{
    switch (action->kind) {
    case FLOW_OUTPUT:
        if (strcmp(action->port, FLOW_LOCAL) != 0) {
            text_add(text, "output:");
        }
        add_port_name(text, action->port);
        break;
    case FLOW_NORMAL:
        text_add(text, "NORMAL");
        break;
    case FLOW_CT_COMMIT:
        text_printf(text, "ct(commit,zone=%u)", action->zone);
        break;
    case FLOW_CT_TABLE:
        text_printf(text, "ct(table=%u,zone=%u)", action->table, action->zone);
        break;
    }
}

void flow_text(struct text *text, const struct of_flow *flow, uint64_t cookie)
{
    text_printf(text, "cookie=0x%" PRIx64 ", ", cookie);
    if (flow->table) {
        text_printf(text, "table=%u, ", flow->table);
    }
    text_printf(text, "priority=%u", flow->priority);
    add_ct_state(text, flow->match.ct_state);
    text_add(text, packet_word(&flow->match));
    add_link_match(text, &flow->match);
    add_network_match(text, &flow->match);
    text_add(text, " actions=");
    for (size_t i = 0; i < flow->n_actions; i++) {
        text_add(text, i ? "," : "");
        add_action(text, &flow->actions[i]);
    }
    if (!flow->n_actions) {
        text_add(text, "drop");
    }
}
