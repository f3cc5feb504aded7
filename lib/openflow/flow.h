/* OpenFlow flows as values: what they match and do, with ports by name, and as text.
 *
 * A flow here says only what the library's flows need to say. It knows neither the number that a
 * bridge gives to a port nor a version of OpenFlow: wire.h brings it onto a bridge. */

#ifndef OPENFLOW_FLOW_H
#define OPENFLOW_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ip.h"
#include "base/text.h"

/* The name of the bridge's own port, as Open vSwitch has it. */
#define FLOW_LOCAL "LOCAL"

enum flow_ether { FLOW_ANY, FLOW_ARP, FLOW_IPV4, FLOW_IPV6 };

/* Bits of a connection's state, all of which have to be set. */
enum flow_ct_state { FLOW_CT_NEW = 1, FLOW_CT_EST = 2, FLOW_CT_REL = 4, FLOW_CT_TRK = 8 };

/* Packets that a flow is for; whatever is zero or NULL matches all. */
struct flow_match {
    const char *in_port;
    bool is_untagged; /* Without an 802.1Q header. */
    bool has_eth_dst;
    struct mac eth_dst;
    enum flow_ether ether;
    bool is_fragment;  /* Of an IP packet, the first or a later one. */
    uint8_t protocol;  /* IPPROTO_...; needs an IP family in 'ether'. */
    uint8_t icmp_type; /* Needs IPPROTO_ICMPV6. */
    struct ip ip_dst;  /* Of the family in 'ether'. */
    uint16_t port_dst; /* Needs TCP, UDP or SCTP. */
    uint8_t ct_state;  /* enum flow_ct_state */
};

enum flow_action_kind {
    FLOW_OUTPUT,    /* To 'port'. */
    FLOW_NORMAL,    /* As a learning switch does. */
    FLOW_CT_COMMIT, /* Remembers the connection in 'zone'. */
    FLOW_CT_TABLE,  /* Looks the connection up in 'zone' and goes on in 'table'. */
};

struct flow_action {
    enum flow_action_kind kind;
    const char *port;
    uint16_t zone;
    uint8_t table;
};

enum { FLOW_ACTIONS = 2, FLOW_LIST_NAMES = 4 };

struct of_flow {
    uint8_t table;
    uint16_t priority;
    struct flow_match match;
    struct flow_action actions[FLOW_ACTIONS];
    size_t n_actions;
};

/* Flows, no two of which have the same table, priority and match. Their order is that of adding.
 * Memory that ran out is told once, by flow_list_failed(). */
struct flow_list {
    struct arena arena; /* Has the names of ports. */
    const char *names[FLOW_LIST_NAMES];
    struct of_flow *flows;
    size_t *next, *buckets; /* Indices plus 1 of what has the same hash; 0 at the end. */
    size_t n, room;
    bool failed;
};

/* Adds a copy of 'flow', unless one with the same table, priority and match is there. */
void flow_list_add(struct flow_list *list, const struct of_flow *flow);
int flow_list_failed(const struct flow_list *list);
void flow_list_clear(struct flow_list *list);

/* Whether both have the same flows, in any order. */
bool flow_list_equal(const struct flow_list *a, const struct flow_list *b);

/* Whether both are for the same packets, in the same table and of the same priority: a bridge has
 * one of them at most. */
bool flow_is_same(const struct of_flow *a, const struct of_flow *b);
bool flow_equal(const struct of_flow *a, const struct of_flow *b);

/* Adds the flow as "ovs-ofctl --names --no-stats dump-flows" shows it, but for the space in front,
 * and with the whole name of a port where OpenFlow has its first 15 characters only. */
void flow_text(struct text *text, const struct of_flow *flow, uint64_t cookie);

#endif /* flow.h */
