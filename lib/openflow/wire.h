/* Flows and ports as OpenFlow messages, by the encoders and decoders of libopenvswitch.
 *
 * Comparing is done in libopenvswitch's own forms, which are the same for a flow that is to be and
 * for one that was read, whatever version of OpenFlow was spoken. Messages that are decoded have
 * passed ofptype_decode(), so that their header and smallest length are right. */

#ifndef OPENFLOW_WIRE_H
#define OPENFLOW_WIRE_H

#include "openvswitch/hmap.h"
#include "openvswitch/match.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofp-protocol.h"
#include "openvswitch/ofpbuf.h"

#include "openflow/flow.h"

enum { WIRE_NAME = 16 }; /* Room for a name as OpenFlow has it, cut off at 15 characters. */

/* The ports of a bridge. */
struct wire_port {
    char name[WIRE_NAME];
    uint16_t number;
    struct mac mac;
};

struct wire_ports {
    struct wire_port *of;
    size_t n, room;
};

void wire_ports_clear(struct wire_ports *ports);

/* Adds what a reply to a port description request tells. Fails with OVNK8S_PROTOCOL, OVNK8S_NOMEM
 * and, for more ports than any bridge has, OVNK8S_PROTOCOL. */
int wire_ports_read(struct wire_ports *ports, const struct ofp_header *reply);

/* Finds a port by name. OpenFlow tells the first 15 characters of it only. Fails with
 * OVNK8S_NOTFOUND, and with OVNK8S_CONFLICT when these are the same for two ports. */
int wire_ports_find(const struct wire_ports *ports, const char *name, const struct wire_port **out);

/* A flow in libopenvswitch's form. */
struct wire_flow {
    struct hmap_node node; /* In a set, by what it matches. */
    struct minimatch match;
    uint16_t priority;
    uint8_t table;
    bool has_extras;              /* Timeouts or flags, which flows of this library do not have. */
    bool is_used;                 /* For who goes over a set. */
    const struct of_flow *origin; /* Of a flow that is to be. */
    struct ofpact *actions;
    size_t actions_length;
};

void wire_flow_free(struct wire_flow *flow);

/* Sets of flows, no two of which are for the same packets. Put takes 'flow'; one that is there
 * already is replaced. */
void wire_set_put(struct hmap *set, struct wire_flow *flow);
struct wire_flow *wire_set_find(const struct hmap *set, const struct wire_flow *same);
void wire_set_clear(struct hmap *set);

bool wire_actions_equal(const struct wire_flow *a, const struct wire_flow *b);

/* Adds 'flow' to 'set' with its ports as 'ports' numbers them. Fails as wire_ports_find(). */
int wire_compile(struct hmap *set, const struct of_flow *flow, const struct wire_ports *ports);

/* Adds the flows of a reply to a flow request to 'set'; with 'only' not NULL, those that are in
 * that set too, and others may have what this version does not understand. '*n' counts them, and
 * more than any table has are OVNK8S_PROTOCOL, as is what makes no sense. */
int wire_flows_read(struct hmap *set, const struct hmap *only, const struct ofp_header *reply,
                    size_t *n);

/* Requests. All are freed by ofpbuf_delete(). */
struct ofpbuf *wire_ask_ports(enum ofp_version version);
struct ofpbuf *wire_ask_flows(enum ofp_version version, uint64_t cookie, uint64_t mask);

/* Asks to be told of changes of flows by others, without their actions, and of nothing that is
 * there already. */
struct ofpbuf *wire_ask_monitor(enum ofp_version version);

/* Asks for messages about ports, and for no others. A management connection is sent none unless it
 * has set a length of packets for the controller. */
struct ofpbuf *wire_ask_port_status(enum ofp_version version);
struct ofpbuf *wire_ask_packet_length(enum ofp_version version);

/* Whether one of the changes in this message of a monitor is about 'cookie' or about one of the
 * flows in 'set', or the switch could not tell all of them. Fails with OVNK8S_PROTOCOL. */
int wire_monitor_read(const struct ofp_header *message, uint64_t cookie, const struct hmap *set,
                      bool *out);

/* A bundle: opened, filled, and committed or dropped. 'type' is OFPBCT_..._REQUEST. */
struct ofpbuf *wire_bundle(enum ofp_version version, uint32_t id, uint16_t type);

/* One change in it. 'command' is OFPFC_ADD, OFPFC_MODIFY_STRICT or OFPFC_DELETE_STRICT; the latter
 * two change nothing that has another cookie. */
struct ofpbuf *wire_bundle_add(enum ofp_version version, uint32_t id, uint16_t command,
                               const struct wire_flow *flow, uint64_t cookie, uint32_t xid);

/* The failure that an error message tells. */
int wire_fail(const struct ofp_header *message);

#endif /* wire.h */
