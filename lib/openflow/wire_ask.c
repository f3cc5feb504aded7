#include <config.h>

#include "openflow/wire.h"

#include "byte-order.h"
#include "openvswitch/ofp-bundle.h"
#include "openvswitch/ofp-connection.h"
#include "openvswitch/ofp-monitor.h"
#include "openvswitch/ofp-port.h"
#include "openvswitch/ofp-switch.h"
#include "util.h"

static enum ofputil_protocol protocol_of(enum ofp_version version)
{
    return version == OFP15_VERSION ? OFPUTIL_P_OF15_OXM : OFPUTIL_P_OF14_OXM;
}

struct ofpbuf *wire_ask_ports(enum ofp_version version)
{
    return ofputil_encode_port_desc_stats_request(version, OFPP_ANY);
}

struct ofpbuf *wire_ask_flows(enum ofp_version version, uint64_t cookie, uint64_t mask)
{
    const struct ofputil_flow_stats_request request = {
        .match = MATCH_CATCHALL_INITIALIZER,
        .cookie = htonll(cookie),
        .cookie_mask = htonll(mask),
        .out_port = OFPP_ANY,
        .out_group = OFPG_ANY,
        .table_id = OFPTT_ALL,
    };

    return ofputil_encode_flow_stats_request(&request, protocol_of(version));
}

struct ofpbuf *wire_ask_monitor(enum ofp_version version)
{
    const struct ofputil_flow_monitor_request request = {
        .id = 1,
        .command = OFPFMC_ADD,
        .flags = OFPFMF_ADD | OFPFMF_REMOVED | OFPFMF_MODIFY,
        .out_port = OFPP_ANY,
        .out_group = OFPG_ANY,
        .table_id = OFPTT_ALL,
        .match = MATCH_CATCHALL_INITIALIZER,
    };
    struct ofpbuf *message = ofpbuf_new(0);

    ofputil_append_flow_monitor_request(&request, message, protocol_of(version));
    return message;
}

struct ofpbuf *wire_ask_port_status(enum ofp_version version)
{
    const uint32_t all = 1u << OFPPR_ADD | 1u << OFPPR_DELETE | 1u << OFPPR_MODIFY;
    const struct ofputil_async_cfg config = {.primary[OAM_PORT_STATUS] = all,
                                             .secondary[OAM_PORT_STATUS] = all};
    const uint32_t kinds = 1u << OAM_PACKET_IN | 1u << OAM_PORT_STATUS | 1u << OAM_FLOW_REMOVED;

    return ofputil_encode_set_async_config(&config, kinds, version);
}

struct ofpbuf *wire_ask_packet_length(enum ofp_version version)
{
    const struct ofputil_switch_config config = {
        .frag = OFPUTIL_FRAG_NORMAL, .invalid_ttl_to_controller = -1, .miss_send_len = 128};

    return ofputil_encode_set_config(&config, version);
}

struct ofpbuf *wire_bundle(enum ofp_version version, uint32_t id, uint16_t type)
{
    struct ofputil_bundle_ctrl_msg control = {
        .bundle_id = id, .type = type, .flags = OFPBF_ATOMIC | OFPBF_ORDERED};

    return ofputil_encode_bundle_ctrl_request(version, &control);
}

struct ofpbuf *wire_bundle_add(enum ofp_version version, uint32_t id, uint16_t command,
                               const struct wire_flow *flow, uint64_t cookie, uint32_t xid)
{
    const bool adds = command == OFPFC_ADD;
    const struct ofputil_flow_mod mod = {
        .match = flow->match,
        .priority = flow->priority,
        .table_id = flow->table,
        .command = command,
        .cookie = adds ? 0 : htonll(cookie),
        .cookie_mask = adds ? 0 : OVS_BE64_MAX,
        .new_cookie = adds ? htonll(cookie) : OVS_BE64_MAX,
        .buffer_id = UINT32_MAX,
        .out_port = OFPP_ANY,
        .out_group = OFPG_ANY,
        .ofpacts = flow->actions,
        .ofpacts_len = command == OFPFC_DELETE_STRICT ? 0 : flow->actions_length,
    };
    struct ofpbuf *inner = ofputil_encode_flow_mod(&mod, protocol_of(version)), *outer;
    struct ofputil_bundle_add_msg add = {
        .bundle_id = id, .flags = OFPBF_ATOMIC | OFPBF_ORDERED, .msg = inner->data};

    ((struct ofp_header *)inner->data)->xid = htonl(xid);
    ofpmsg_update_length(inner);
    outer = ofputil_encode_bundle_add(version, &add);
    ofpbuf_delete(inner);
    return outer;
}
