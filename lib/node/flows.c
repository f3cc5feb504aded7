#include "node/flows.h"

#include <ctype.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/options.h"

struct ovnk8s_flows {
    struct flow_list list;
    const char *nic, *patch; /* In the list's arena. */
    struct mac mac;
    bool has_mac, ipv4, ipv6;
    uint16_t zone;
};

/* The tables. A packet from the NIC goes to the second one with what the connection tracker knows.
 */
enum { CLASSIFY, TRACKED };

/* In each table, from the most special flow to the most general one. Those of 0 to 100 in steps of
 * 50 are where ovn-k8s-gateway-helper has always had them. */
enum {
    TO_BOTH = 120,     /* Who is being looked for by address. */
    NEIGHBOURS = 110,  /* Other messages between neighbours. */
    FRAGMENTS = 105,   /* Of IP packets. */
    PODS = 100,        /* What is a pod's for certain. */
    NEW_SERVICE = 60,  /* What was in fragments and is for a Service. */
    FROM_OUTSIDE = 50, /* What has to be looked up. */
    TO_HOST = 50,      /* What is not a pod's. */
    THE_REST = 0,
};

const struct flow_list *flows_list(const ovnk8s_flows *flows)
{
    return &flows->list;
}

/* Writing flows. */

static struct flow_action output(const char *port)
{
    return (struct flow_action){.kind = FLOW_OUTPUT, .port = port};
}

static const struct flow_action normal = {.kind = FLOW_NORMAL};

static void add(ovnk8s_flows *flows, uint8_t table, uint16_t priority,
                const struct flow_match *match, struct flow_action first)
{
    const struct of_flow flow = {
        .table = table, .priority = priority, .match = *match, .actions = {first}, .n_actions = 1};

    flow_list_add(&flows->list, &flow);
}

static void add_two(ovnk8s_flows *flows, uint16_t priority, const struct flow_match *match,
                    struct flow_action first, struct flow_action second)
{
    const struct of_flow flow = {.table = CLASSIFY,
                                 .priority = priority,
                                 .match = *match,
                                 .actions = {first, second},
                                 .n_actions = 2};

    flow_list_add(&flows->list, &flow);
}

static struct flow_match from(const char *port, enum flow_ether ether)
{
    return (struct flow_match){.in_port = port, .ether = ether};
}

/* A packet of the host or of the gateway router, by its address. Frames with a VLAN tag are left
 * out: LOCAL may be in that VLAN or not, which NORMAL knows. */
static struct flow_match to_mac(const ovnk8s_flows *flows, enum flow_ether ether)
{
    struct flow_match match = from(flows->nic, ether);

    match.is_untagged = true;
    match.has_eth_dst = true;
    match.eth_dst = flows->mac;
    return match;
}

/* What each gateway has. */

/* Pods to the outside. The connection is remembered, so that its packets from outside are known as
 * a pod's. Straight to the NIC and not NORMAL: the bridge must not learn from each of these packets
 * that the host's address is behind the patch port. */
static void add_from_pods(ovnk8s_flows *flows, enum flow_ether ether)
{
    const struct flow_match match = from(flows->patch, ether);

    add_two(flows, PODS, &match, (struct flow_action){.kind = FLOW_CT_COMMIT, .zone = flows->zone},
            output(flows->nic));
}

/* From outside, the connection tracker says whether a pod has begun it. */
static void add_from_outside(ovnk8s_flows *flows, enum flow_ether ether)
{
    const struct flow_action look_up = {FLOW_CT_TABLE, NULL, flows->zone, TRACKED};
    struct flow_match match = from(flows->nic, ether);

    add(flows, CLASSIFY, FROM_OUTSIDE, &match, look_up);
    /* A fragment after the first has no port, so none may be taken by the flow of a Service: the
     * connection tracker has to see all of them to know where they belong. */
    match.is_fragment = true;
    add(flows, CLASSIFY, FRAGMENTS, &match, look_up);
}

/* Established: an answer to a pod. Related: an ICMP error about such a connection. The host's own
 * connections are never remembered in this zone, so neither is true of them, whatever state they
 * are in: the flows may come and go under them. */
static void add_tracked(ovnk8s_flows *flows, enum flow_ether ether)
{
    static const enum flow_ct_state states[] = {FLOW_CT_EST, FLOW_CT_REL};

    for (size_t i = 0; i < COUNT_OF(states); i++) {
        struct flow_match match = {.ether = ether, .ct_state = FLOW_CT_TRK | states[i]};

        add(flows, TRACKED, PODS, &match, output(flows->patch));
    }
    if (flows->has_mac) {
        const struct flow_match match = to_mac(flows, ether);

        /* Everything else for the address that both have is the host's. NORMAL might take it to the
         * patch port, after the gateway router has asked for a neighbour. */
        add(flows, TRACKED, TO_HOST, &match, output(FLOW_LOCAL));
    }
}

/* Packets of hosts that look for each other have an IPv6 header, and must not be taken for pods' or
 * be looked up: the connection tracker has no connections for them. From pods and to groups, NORMAL
 * brings them to all whom they may concern. */
static void add_neighbours_ipv6(ovnk8s_flows *flows)
{
    enum { ROUTER_SOLICITATION = 133, NEIGHBOUR_SOLICITATION = 135, REDIRECT = 137 };

    for (unsigned int type = ROUTER_SOLICITATION; type <= REDIRECT; type++) {
        struct flow_match match = from(flows->patch, FLOW_IPV6);

        match.protocol = IPPROTO_ICMPV6;
        match.icmp_type = (uint8_t)type;
        add(flows, CLASSIFY, NEIGHBOURS, &match, normal);
        match.in_port = flows->nic;
        add(flows, CLASSIFY, NEIGHBOURS, &match, normal);
    }
    for (unsigned int type = NEIGHBOUR_SOLICITATION; flows->has_mac && type < REDIRECT; type++) {
        struct flow_match match = to_mac(flows, FLOW_IPV6);

        match.protocol = IPPROTO_ICMPV6;
        match.icmp_type = (uint8_t)type;
        add_two(flows, TO_BOTH, &match, output(FLOW_LOCAL), output(flows->patch));
    }
}

/* ARP has no flow but this one: what is not for the one address that two have goes the bridge's own
 * way. An answer that one of them has not asked for does it no harm, and either may have asked. */
static void add_neighbours_ipv4(ovnk8s_flows *flows)
{
    if (flows->has_mac) {
        const struct flow_match match = to_mac(flows, FLOW_ARP);

        add_two(flows, TO_BOTH, &match, output(FLOW_LOCAL), output(flows->patch));
    }
}

static void add_family(ovnk8s_flows *flows, enum flow_ether ether)
{
    add_from_pods(flows, ether);
    add_from_outside(flows, ether);
    add_tracked(flows, ether);
}

/* There is no flow that matches all in the first table: the bridge's own is there (NORMAL, in fail
 * mode standalone), has the same match and would be overwritten. So packets of the host (LOCAL), of
 * other ports and of other protocols than IP go the way they always went. */
static void add_gateway(ovnk8s_flows *flows)
{
    const struct flow_match all = {0};

    if (flows->ipv4) {
        add_neighbours_ipv4(flows);
        add_family(flows, FLOW_IPV4);
    }
    if (flows->ipv6) {
        add_neighbours_ipv6(flows);
        add_family(flows, FLOW_IPV6);
    }
    /* Broadcasts, DHCP among them, groups, and frames for others on this bridge. */
    add(flows, TRACKED, THE_REST, &all, normal);
}

/* Services. */

/* OVN's load balancer on the gateway router takes it from here. It need not be remembered: whatever
 * goes to the port is for the Service, and answers leave as all packets of pods do. */
static void add_service(ovnk8s_flows *flows, enum flow_ether ether, uint8_t protocol,
                        const struct ip *address, uint16_t port)
{
    struct flow_match match = from(flows->nic, ether);

    match.protocol = protocol;
    match.ip_dst = *address;
    match.port_dst = port;
    add(flows, CLASSIFY, PODS, &match, output(flows->patch));
    if (protocol == IPPROTO_UDP) {
        /* The same for what came in fragments, which the kernel's connection tracker has put
         * together (that of the userspace datapath lets go of them as they were, so there only
         * those of an established connection arrive). TCP and SCTP make their packets small enough.
         */
        match.ct_state = FLOW_CT_TRK | FLOW_CT_NEW;
        add(flows, TRACKED, NEW_SERVICE, &match, output(flows->patch));
    }
}

static int read_protocol(const char *text, uint8_t *out)
{
    static const struct {
        const char *name;
        uint8_t number;
    } protocols[] = {{"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}, {"sctp", IPPROTO_SCTP}};

    for (size_t i = 0; text && i < COUNT_OF(protocols); i++) {
        if (!strcasecmp(text, protocols[i].name)) {
            *out = protocols[i].number;
            return 0;
        }
    }
    return fail(OVNK8S_INVALID, "protocol \"%.20s\": expected tcp, udp or sctp", text ? text : "");
}

static int read_address(const ovnk8s_flows *flows, const char *text, struct ip *out)
{
    *out = (struct ip){0};
    if (text && !ip_from_text(text, out)) {
        return fail(OVNK8S_INVALID, "address \"%.80s\": expected an IPv4 or IPv6 address", text);
    }
    if (text && !(out->family == 4 ? flows->ipv4 : flows->ipv6)) {
        return fail(OVNK8S_INVALID, "address %s: the gateway has no IPv%u", text, out->family);
    }
    return 0;
}

int ovnk8s_flows_add_service(ovnk8s_flows *flows, const char *protocol, const char *address,
                             unsigned int port)
{
    struct ip ip;
    uint8_t number = 0;
    int error = read_protocol(protocol, &number);

    error = error ? error : read_address(flows, address, &ip);
    if (!error && (!port || port > UINT16_MAX)) {
        error = fail(OVNK8S_INVALID, "port %u: expected 1 to 65535", port);
    }
    if (error) {
        return error;
    }
    if (flows->ipv4 && ip.family != 6) {
        add_service(flows, FLOW_IPV4, number, &ip, (uint16_t)port);
    }
    if (flows->ipv6 && ip.family != 4) {
        add_service(flows, FLOW_IPV6, number, &ip, (uint16_t)port);
    }
    return flow_list_failed(&flows->list);
}

/* Life. */

void ovnk8s_gateway_flows_init(ovnk8s_gateway_flows *gateway)
{
    *gateway = (ovnk8s_gateway_flows)OVNK8S_GATEWAY_FLOWS_INIT;
}

static int check_port(const char *what, const char *name)
{
    enum { LONGEST = 63 }; /* Patch ports exist in Open vSwitch alone, not in the kernel. */

    if (!name || !*name) {
        return fail(OVNK8S_INVALID, "%s: expected the name of a port", what);
    }
    for (const char *c = name; *c; c++) {
        if (!isgraph((unsigned char)*c) || *c == '"' || *c == '\\' || c - name == LONGEST) {
            return fail(OVNK8S_INVALID, "%s \"%.80s\": expected the name of a port", what, name);
        }
    }
    return strcmp(name, FLOW_LOCAL) != 0
               ? 0
               : fail(OVNK8S_INVALID, "%s: %s is the bridge itself", what, name);
}

static int check(const ovnk8s_gateway_flows *gateway)
{
    int error = check_port("physical port", gateway->physical_port);

    error = error ? error : check_port("patch port", gateway->patch_port);
    if (error) {
        return error;
    }
    if (!strcmp(gateway->physical_port, gateway->patch_port)) {
        return fail(OVNK8S_INVALID, "patch port %s: it is the physical port", gateway->patch_port);
    }
    if (!gateway->zone || gateway->zone > UINT16_MAX) {
        return fail(OVNK8S_INVALID, "conntrack zone %u: expected 1 to 65535", gateway->zone);
    }
    return gateway->ipv4 || gateway->ipv6
               ? 0
               : fail(OVNK8S_INVALID, "gateway: expected IPv4, IPv6 or both");
}

static int fill(ovnk8s_flows *flows, const ovnk8s_gateway_flows *gateway)
{
    flows->nic = arena_strdup(&flows->list.arena, gateway->physical_port);
    flows->patch = arena_strdup(&flows->list.arena, gateway->patch_port);
    flows->zone = (uint16_t)gateway->zone;
    flows->ipv4 = gateway->ipv4;
    flows->ipv6 = gateway->ipv6;
    flows->has_mac = gateway->mac != NULL;
    if (gateway->mac && !mac_from_text(gateway->mac, &flows->mac)) {
        return fail(OVNK8S_INVALID, "MAC address \"%.80s\": expected one", gateway->mac);
    }
    if (!flow_list_failed(&flows->list)) {
        add_gateway(flows);
    }
    return flow_list_failed(&flows->list);
}

int ovnk8s_flows_new(ovnk8s_flows **out, const ovnk8s_gateway_flows *theirs)
{
    ovnk8s_gateway_flows gateway = OVNK8S_GATEWAY_FLOWS_INIT;
    int error = options_take(&gateway, sizeof gateway, theirs);
    ovnk8s_flows *flows;

    *out = NULL;
    error = error ? error : check(&gateway);
    if (error) {
        return error;
    }
    flows = calloc(1, sizeof *flows);
    error = flows ? fill(flows, &gateway) : fail_nomem();
    if (error) {
        ovnk8s_flows_free(flows);
        return error;
    }
    *out = flows;
    return 0;
}

void ovnk8s_flows_free(ovnk8s_flows *flows)
{
    if (flows) {
        flow_list_clear(&flows->list);
        free(flows);
    }
}

size_t ovnk8s_flows_count(const ovnk8s_flows *flows)
{
    return flows->list.n;
}

int ovnk8s_flows_text(const ovnk8s_flows *flows, char **out)
{
    struct text text = {0};

    text_add(&text, "");
    for (size_t i = 0; i < flows->list.n; i++) {
        flow_text(&text, &flows->list.flows[i], OVNK8S_FLOWS_COOKIE);
        text_add(&text, "\n");
    }
    return text_take(&text, out);
}

bool ovnk8s_flows_equal(const ovnk8s_flows *a, const ovnk8s_flows *b)
{
    return flow_list_equal(&a->list, &b->list);
}

/* On a bridge. */

static int check_result(const ovnk8s_flows_result *result)
{
    if (result && (result->size < sizeof result->size || result->size > sizeof *result)) {
        return fail(OVNK8S_INVALID, "result: size %zu: expected at most %zu", result->size,
                    sizeof *result);
    }
    return 0;
}

static int run(ovnk8s_bridge *bridge, const struct flow_list *wanted, ovnk8s_flows_result *theirs)
{
    const struct bridge_work work = {.wanted = wanted, .cookie = OVNK8S_FLOWS_COOKIE};
    struct bridge_result done = {0};
    int error = check_result(theirs);

    error = error ? error : bridge_run(bridge, &work, &done);
    if (!error && theirs) {
        const ovnk8s_flows_result result = {theirs->size, done.added, done.changed, done.deleted,
                                            done.foreign};

        memcpy(theirs, &result, theirs->size);
    }
    return error;
}

int ovnk8s_flows_apply(const ovnk8s_flows *flows, ovnk8s_bridge *bridge,
                       ovnk8s_flows_result *result)
{
    return run(bridge, &flows->list, result);
}

int ovnk8s_flows_delete(ovnk8s_bridge *bridge, ovnk8s_flows_result *result)
{
    const struct flow_list nothing = {0};

    return run(bridge, &nothing, result);
}
