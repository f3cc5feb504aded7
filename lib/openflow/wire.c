#include <config.h>

#include "openflow/wire.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#include "hash.h"
#include "openvswitch/flow.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-errors.h"
#include "openvswitch/ofp-monitor.h"
#include "openvswitch/ofp-port.h"
#include "openvswitch/ofp-util.h"
#include "packets.h"
#include "util.h"

/* What a switch may have at most; it could send for ever otherwise. */
enum { MOST_PORTS = 65536, MOST_FLOWS = 1 << 20 };

static struct ofpbuf body_of(const struct ofp_header *message)
{
    struct ofpbuf body = ofpbuf_const_initializer(message, ntohs(message->length));

    ofpraw_pull_assert(&body);
    return body;
}

/* Ports. */

void wire_ports_clear(struct wire_ports *ports)
{
    free(ports->of);
    *ports = (struct wire_ports){0};
}

static int add_port(struct wire_ports *ports, const struct ofputil_phy_port *phy)
{
    struct wire_port *port;

    if (ports->n == MOST_PORTS) {
        return fail(OVNK8S_PROTOCOL, "the switch tells of more than %d ports", MOST_PORTS);
    }
    if (ports->n == ports->room) {
        const size_t room = ports->room ? 2 * ports->room : 16;
        struct wire_port *of = reallocarray(ports->of, room, sizeof *of);

        if (!of) {
            return fail_nomem();
        }
        ports->of = of;
        ports->room = room;
    }
    port = &ports->of[ports->n++];
    *port = (struct wire_port){.number = (OVS_FORCE uint16_t)phy->port_no};
    memcpy(port->name, phy->name, sizeof port->name - 1);
    memcpy(port->mac.bytes, phy->hw_addr.ea, sizeof port->mac.bytes);
    return 0;
}

int wire_ports_read(struct wire_ports *ports, const struct ofp_header *reply)
{
    struct ofpbuf body = body_of(reply);
    int error = 0;

    while (!error) {
        struct ofputil_phy_port phy;
        const int bad = ofputil_pull_phy_port(reply->version, &body, &phy);

        if (bad == EOF) {
            return 0;
        }
        error = bad ? fail(OVNK8S_PROTOCOL, "the switch's description of a port is broken")
                    : add_port(ports, &phy);
    }
    return error;
}

static bool is_named(const struct wire_port *port, const char *name)
{
    return port->number == (OVS_FORCE uint16_t)OFPP_LOCAL
               ? !strcmp(name, FLOW_LOCAL)
               : !strncmp(port->name, name, sizeof port->name - 1);
}

int wire_ports_find(const struct wire_ports *ports, const char *name, const struct wire_port **out)
{
    *out = NULL;
    for (size_t i = 0; i < ports->n; i++) {
        if (!is_named(&ports->of[i], name)) {
            continue;
        }
        if (*out) {
            return fail(OVNK8S_CONFLICT,
                        "port %s: two ports begin with \"%s\", which is all that OpenFlow tells",
                        name, (*out)->name);
        }
        *out = &ports->of[i];
    }
    return *out ? 0 : fail(OVNK8S_NOTFOUND, "port %s: the bridge has no such port", name);
}

/* Sets of flows. */

void wire_flow_free(struct wire_flow *flow)
{
    if (flow) {
        minimatch_destroy(&flow->match);
        free(flow->actions);
        free(flow);
    }
}

static uint32_t key_hash(const struct wire_flow *flow)
{
    return minimatch_hash(&flow->match, hash_2words(flow->table, flow->priority));
}

struct wire_flow *wire_set_find(const struct hmap *set, const struct wire_flow *same)
{
    struct wire_flow *flow;

    HMAP_FOR_EACH_WITH_HASH(flow, node, key_hash(same), set)
    {
        if (flow->table == same->table && flow->priority == same->priority &&
            minimatch_equal(&flow->match, &same->match)) {
            return flow;
        }
    }
    return NULL;
}

void wire_set_put(struct hmap *set, struct wire_flow *flow)
{
    struct wire_flow *old = wire_set_find(set, flow);

    if (old) {
        hmap_remove(set, &old->node);
        wire_flow_free(old);
    }
    hmap_insert(set, &flow->node, key_hash(flow));
}

void wire_set_clear(struct hmap *set)
{
    struct wire_flow *flow;

    HMAP_FOR_EACH_POP(flow, node, set)
    {
        wire_flow_free(flow);
    }
}

bool wire_actions_equal(const struct wire_flow *a, const struct wire_flow *b)
{
    return ofpacts_equal(a->actions, a->actions_length, b->actions, b->actions_length);
}

/* From plain flows. */

static void put_ct_state(struct match *out, unsigned int state)
{
    const uint32_t bits =
        (state & FLOW_CT_NEW ? CS_NEW : 0u) | (state & FLOW_CT_EST ? CS_ESTABLISHED : 0u) |
        (state & FLOW_CT_REL ? CS_RELATED : 0u) | (state & FLOW_CT_TRK ? CS_TRACKED : 0u);

    if (bits) {
        match_set_ct_state_masked(out, bits, bits);
    }
}

static void put_network(struct match *out, const struct flow_match *match)
{
    static const uint16_t types[] = {
        [FLOW_ARP] = ETH_TYPE_ARP, [FLOW_IPV4] = ETH_TYPE_IP, [FLOW_IPV6] = ETH_TYPE_IPV6};

    if (match->ether != FLOW_ANY) {
        match_set_dl_type(out, htons(types[match->ether]));
    }
    if (match->ip_dst.family == 4) {
        ovs_be32 address;

        memcpy(&address, match->ip_dst.bytes, sizeof address);
        match_set_nw_dst(out, address);
    } else if (match->ip_dst.family == 6) {
        struct in6_addr address;

        memcpy(&address, match->ip_dst.bytes, sizeof address);
        match_set_ipv6_dst(out, &address);
    }
    if (match->is_fragment) {
        match_set_nw_frag_masked(out, FLOW_NW_FRAG_ANY, FLOW_NW_FRAG_ANY);
    }
}

static void put_transport(struct match *out, const struct flow_match *match)
{
    if (match->protocol) {
        match_set_nw_proto(out, match->protocol);
    }
    if (match->port_dst) {
        match_set_tp_dst(out, htons(match->port_dst));
    }
    if (match->icmp_type) {
        match_set_icmp_type(out, match->icmp_type);
    }
}

static int put_in_port(struct match *out, const char *name, const struct wire_ports *ports)
{
    const struct wire_port *port;
    const int error = wire_ports_find(ports, name, &port);

    if (!error) {
        match_set_in_port(out, OFP_PORT_C(port->number));
    }
    return error;
}

static int put_match(struct match *out, const struct flow_match *match,
                     const struct wire_ports *ports)
{
    const int error = match->in_port ? put_in_port(out, match->in_port, ports) : 0;

    if (match->is_untagged) {
        match_set_vlan_vid(out, htons(0));
    }
    if (match->has_eth_dst) {
        struct eth_addr mac;

        memcpy(mac.ea, match->eth_dst.bytes, sizeof mac.ea);
        match_set_dl_dst(out, mac);
    }
    if (match->ether != FLOW_ANY || match->has_eth_dst || match->is_untagged) {
        match_set_default_packet_type(out); /* As decoding such a match does. */
    }
    put_network(out, match);
    put_transport(out, match);
    put_ct_state(out, match->ct_state);
    return error;
}

static void put_ct(struct ofpbuf *out, const struct flow_action *action)
{
    const bool commits = action->kind == FLOW_CT_COMMIT;
    struct ofpact_conntrack *ct = ofpact_put_CT(out);

    ct->flags = commits ? NX_CT_F_COMMIT : 0;
    ct->zone_imm = action->zone;
    ct->recirc_table = commits ? NX_CT_RECIRC_NONE : action->table;
    ofpact_finish_CT(out, &ct);
}

static int put_action(struct ofpbuf *out, const struct flow_action *action,
                      const struct wire_ports *ports)
{
    const struct wire_port *port;
    int error = 0;

    switch (action->kind) {
    case FLOW_OUTPUT:
        error = wire_ports_find(ports, action->port, &port);
        if (!error) {
            ofpact_put_OUTPUT(out)->port = OFP_PORT_C(port->number);
        }
        break;
    case FLOW_NORMAL:
        ofpact_put_OUTPUT(out)->port = OFPP_NORMAL;
        break;
    case FLOW_CT_COMMIT:
    case FLOW_CT_TABLE:
        put_ct(out, action);
        break;
    }
    return error;
}

/* Takes the memory of 'actions'. */
static struct wire_flow *new_flow(const struct match *match, uint8_t table, uint16_t priority,
                                  struct ofpbuf *actions)
{
    struct wire_flow *flow = calloc(1, sizeof *flow);

    if (flow) {
        minimatch_init(&flow->match, match);
        flow->table = table;
        flow->priority = priority;
        flow->actions_length = actions->size;
        flow->actions = ofpbuf_steal_data(actions);
    }
    return flow;
}

int wire_compile(struct hmap *set, const struct of_flow *flow, const struct wire_ports *ports)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;
    int error = put_match(&match, &flow->match, ports);
    struct ofpbuf actions;
    struct wire_flow *out;

    ofpbuf_init(&actions, 64);
    for (size_t i = 0; !error && i < flow->n_actions; i++) {
        error = put_action(&actions, &flow->actions[i], ports);
    }
    out = error ? NULL : new_flow(&match, flow->table, flow->priority, &actions);
    ofpbuf_uninit(&actions);
    if (!out) {
        return error ? error : fail_nomem();
    }
    out->origin = flow;
    wire_set_put(set, out);
    return 0;
}

/* From a switch. */

static int keep_flow(struct hmap *set, const struct hmap *only, const struct ofputil_flow_stats *fs,
                     struct ofpbuf *actions)
{
    struct wire_flow *flow = new_flow(&fs->match, fs->table_id, fs->priority, actions);

    if (!flow) {
        return fail_nomem();
    }
    flow->has_extras = fs->idle_timeout || fs->hard_timeout || fs->importance ||
                       (fs->flags & (OFPUTIL_FF_NO_PKT_COUNTS | OFPUTIL_FF_NO_BYT_COUNTS |
                                     OFPUTIL_FF_CHECK_OVERLAP | OFPUTIL_FF_SEND_FLOW_REM));
    if (!only || wire_set_find(only, flow)) {
        wire_set_put(set, flow);
    } else {
        wire_flow_free(flow);
    }
    return 0;
}

/* Goes to the flow after the one that began with 'rest' bytes left, by the length that it begins
 * with. */
static bool skip_flow(struct ofpbuf *body, size_t rest)
{
    uint8_t *begin = (uint8_t *)body->data + body->size - rest;
    const size_t length = rest < 8 ? 0 : (size_t)begin[0] << 8 | begin[1];

    if (length < 8 || length > rest) {
        return false;
    }
    body->data = begin + length;
    body->size = (uint32_t)(rest - length);
    return true;
}

int wire_flows_read(struct hmap *set, const struct hmap *only, const struct ofp_header *reply,
                    size_t *n)
{
    struct ofpbuf body = body_of(reply);
    int error = 0;

    while (!error) {
        const size_t rest = body.size;
        struct ofputil_flow_stats fs;
        struct ofpbuf actions;
        int bad;

        ofpbuf_init(&actions, 64);
        bad = ofputil_decode_flow_stats_reply(&fs, &body, false, &actions);
        if (bad == EOF) {
            ofpbuf_uninit(&actions);
            return 0;
        }
        if (bad && !(only && skip_flow(&body, rest))) {
            error = fail(OVNK8S_PROTOCOL, "the switch's description of a flow is broken");
        } else if (++*n > MOST_FLOWS) {
            error = fail(OVNK8S_PROTOCOL, "the switch tells of more than %d flows", MOST_FLOWS);
        } else if (!bad) {
            error = keep_flow(set, only, &fs, &actions);
        }
        ofpbuf_uninit(&actions);
    }
    return error;
}

int wire_monitor_read(const struct ofp_header *message, uint64_t cookie, const struct hmap *set,
                      bool *out)
{
    struct ofpbuf body = body_of(message), actions;
    int bad;

    *out = false;
    ofpbuf_init(&actions, 64);
    for (;;) {
        struct ofputil_flow_update update = {.table_id = 0};

        bad = ofputil_decode_flow_update(&update, &body, &actions);
        if (bad) {
            break;
        }
        if (update.event == OFPFME_ADDED || update.event == OFPFME_REMOVED ||
            update.event == OFPFME_MODIFIED) {
            struct wire_flow same = {.table = update.table_id, .priority = update.priority};

            minimatch_init(&same.match, &update.match);
            *out |= update.cookie == htonll(cookie) || wire_set_find(set, &same);
            minimatch_destroy(&same.match);
        } else if (update.event == OFPFME_RESUMED) {
            *out = true;
        }
    }
    ofpbuf_uninit(&actions);
    return bad == EOF ? 0 : fail(OVNK8S_PROTOCOL, "the switch's news of a flow are broken");
}

int wire_fail(const struct ofp_header *message)
{
    const enum ofperr error = ofperr_decode_msg(message, NULL);
    int code = OVNK8S_PROTOCOL;

    switch ((int)error) {
    case 0:
        return fail(OVNK8S_PROTOCOL, "the switch sends an error that makes no sense");
    case OFPERR_OFPFMFC_TABLE_FULL:
    case OFPERR_OFPBFC_OUT_OF_BUNDLES:
        code = OVNK8S_EXHAUSTED;
        break;
    case OFPERR_OFPBRC_EPERM:
    case OFPERR_OFPBRC_IS_SECONDARY:
    case OFPERR_OFPFMFC_EPERM:
        code = OVNK8S_PERMISSION;
        break;
    case OFPERR_OFPHFC_INCOMPATIBLE:
    case OFPERR_OFPBRC_BAD_TYPE:
    case OFPERR_OFPBRC_BAD_STAT:
    case OFPERR_OFPBRC_BAD_VENDOR:
    case OFPERR_OFPBAC_BAD_TYPE:
    case OFPERR_OFPBMC_BAD_FIELD:
        code = OVNK8S_UNSUPPORTED;
        break;
    default:
        break;
    }
    return fail(code, "the switch refuses: %s", ofperr_get_name(error));
}
