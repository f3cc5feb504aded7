/* What could be in the way of a gateway on a host: all of it is looked for before anything is
 * changed. */

#include <stdlib.h>
#include <string.h>

#include "node/bridge.h"
#include "node/gateway_host.h"
#include "node/ovs_port.h"
#include "ovsdb/read.h"

/* What was read. */
struct sight {
    const struct gateway_job *job;
    struct netns *netns;
    struct gateway_link link;
    struct rows facts; /* Of Open vSwitch. */
};

/* Open vSwitch. */

static void ask(const struct gateway_job *job, struct rows *asked)
{
    struct row *bridges = rows_ask_where(asked, "Bridge", ROW_ANY, "");
    struct row *ports = rows_ask_where(asked, "Port", ROW_ANY, "");
    struct row *interface = rows_ask_where(asked, "Interface", ROW_BY_NAME, job->interface);

    row_ask(rows_ask_where(asked, "Open_vSwitch", ROW_ANY, ""), "external_ids");
    row_ask(bridges, "name");
    row_ask(bridges, "ports");
    row_ask(bridges, "datapath_type");
    row_ask(ports, "interfaces");
    row_ask(interface, "name");
    row_ask(interface, "external_ids");
}

static int read_vswitch(struct sight *sight, ovnk8s_vswitch *vswitch,
                        const struct deadline *deadline)
{
    struct rows asked = {0};
    int error;

    ask(sight->job, &asked);
    error = rows_failed(&asked)
                ? fail_nomem()
                : read_rows(vswitch_conn(vswitch), asked.first, deadline, &sight->facts);
    rows_clear(&asked);
    return error ? fail_during(error, "read", NULL, "reading Open_vSwitch") : 0;
}

static const char *external_id(const struct sight *sight, const char *key)
{
    return row_pair(rows_first(&sight->facts, "Open_vSwitch"), "external_ids", key);
}

/* The bridge that the interface is a port of; NULL if there is none. */
static const char *bridge_of(const struct sight *sight)
{
    const struct row *interface = rows_first(&sight->facts, "Interface");

    return row_string(bridge_of_interface(&sight->facts, interface), "name");
}

/* The name of a bridge is that of a port too. */
static int check_interface(const struct sight *sight)
{
    const char *interface = sight->job->interface, *bridge = bridge_of(sight);
    struct row_id ids[2];
    struct arena arena = {0};
    size_t n;
    bool is_ours;

    gateway_wiring_ids(sight->job, &arena, ids, &n);
    is_ours = rows_find(&sight->facts, "Interface", ids[0]);
    arena_clear(&arena);
    if (rows_named(&sight->facts, "Bridge", interface)) {
        return fail(OVNK8S_INVALID, "%s is a bridge: give it as the bridge interface", interface);
    }
    if (bridge && strcmp(bridge, INTEGRATION_BRIDGE) != 0) {
        return fail(OVNK8S_EXISTS,
                    "%s is a port of bridge %s already: is that meant to be the bridge interface?",
                    interface, bridge);
    }
    if (bridge && !is_ours) {
        return fail(OVNK8S_EXISTS, "%s is a port of " INTEGRATION_BRIDGE " for another purpose",
                    interface);
    }
    return 0;
}

static const char *datapath_of(const struct row *bridge)
{
    const char *type = row_string(bridge, "datapath_type");

    return type && *type ? type : "system";
}

/* Patch ports do not lead from one kind of datapath to another. */
static int check_bridge(const struct sight *sight)
{
    const char *name = sight->job->interface;
    const struct row *bridge = rows_named(&sight->facts, "Bridge", name);
    const struct row *integration = rows_named(&sight->facts, "Bridge", INTEGRATION_BRIDGE);

    if (!strcmp(name, INTEGRATION_BRIDGE)) {
        return fail(OVNK8S_INVALID, "%s cannot lead to the outside", name);
    }
    if (!bridge) {
        return fail(OVNK8S_NOTFOUND, "Open vSwitch has no bridge %s", name);
    }
    if (integration && strcmp(datapath_of(bridge), datapath_of(integration)) != 0) {
        return fail(OVNK8S_INVALID, "bridge %s has datapath type %s, and " INTEGRATION_BRIDGE " %s",
                    name, datapath_of(bridge), datapath_of(integration));
    }
    return 0;
}

/* The kernel. */

int gateway_link_look(const struct gateway_job *job, struct netns *netns, struct gateway_link *link)
{
    const int error = link_get(netns, job->interface, &link->link);

    return error ? error
                 : address_list(netns, job->interface, &link->addresses, &link->n_addresses);
}

/* The kernel's datapath of Open vSwitch is the master of each of its ports. */
static int check_master(const struct sight *sight)
{
    const struct link_info *link = &sight->link.link;
    struct link_info master;
    char name[IFNAMSIZ];

    if (link->loopback) {
        return fail(OVNK8S_INVALID, "%s is the loopback interface", link->name);
    }
    if (!link->master) {
        return 0;
    }
    link_name_of(sight->netns, link->master, name);
    if (!link_get(sight->netns, name, &master) && !strcmp(master.kind, "openvswitch")) {
        return 0;
    }
    return fail(OVNK8S_INVALID, "%s is enslaved to %s", link->name, name);
}

static bool link_has(const struct gateway_link *link, const struct ip *ip)
{
    for (size_t i = 0; i < link->n_addresses; i++) {
        if (ip_equal(&link->addresses[i].prefix.ip, ip)) {
            return true;
        }
    }
    return false;
}

/* Tunnels would end. There may be several addresses with commas between. */
static int check_tunnels(const struct sight *sight)
{
    const char *encap = external_id(sight, "ovn-encap-ip");

    while (encap && *encap) {
        const size_t length = strcspn(encap, ",");
        char text[IP_TEXT] = "";
        struct ip ip;

        strncat(text, encap, length < IP_TEXT ? length : IP_TEXT - 1);
        if (ip_from_text(text, &ip) && link_has(&sight->link, &ip)) {
            return fail(OVNK8S_INVALID,
                        "%s has the address of tunnels, %s (ovn-encap-ip), and would lose it: make"
                        " a bridge of it (nics-to-bridge)",
                        sight->job->interface, text);
        }
        encap += length + (encap[length] == ',');
    }
    return 0;
}

/* Not until it has an address of this family is it known which network the interface is on. */
static int check_address(const struct sight *sight, const struct prefix *address)
{
    const struct prefix *other = NULL;
    char text[2][PREFIX_TEXT];

    for (size_t i = 0; i < sight->link.n_addresses; i++) {
        const struct address *there = &sight->link.addresses[i];

        if (there->prefix.ip.family == address->ip.family && there->scope == RT_SCOPE_UNIVERSE) {
            const struct prefix network = prefix_network(&there->prefix);

            if (prefix_contains(&network, &address->ip)) {
                return 0;
            }
            other = &there->prefix;
        }
    }
    return other ? fail(OVNK8S_INVALID, "physical ip %s is not on the network of %s, which has %s",
                        prefix_to_text(address, text[0]), sight->job->interface,
                        prefix_to_text(other, text[1]))
                 : 0;
}

static int check_addresses(const struct sight *sight)
{
    int error = 0;

    for (size_t i = 0; i < sight->job->addresses.n && !error; i++) {
        error = check_address(sight, &sight->job->addresses.of[i]);
    }
    return error;
}

static int check_all(const struct sight *sight)
{
    int error = 0;

    if (sight->job->is_bridge) {
        return check_addresses(sight);
    }
    error = check_interface(sight);
    error = error ? error : check_master(sight);
    error = error ? error : check_tunnels(sight);
    return error ? error : check_addresses(sight);
}

static int tell(const struct sight *sight, char **chassis, struct mac *mac)
{
    const char *id = external_id(sight, "system-id");

    if (!id || !*id) {
        return fail(OVNK8S_NOTFOUND, "Open_vSwitch has no external_ids:system-id");
    }
    *mac = sight->link.link.mac;
    *chassis = strdup(id);
    return *chassis ? 0 : fail_nomem();
}

int gateway_look(const struct gateway_job *job, ovnk8s_vswitch *vswitch,
                 const struct deadline *deadline, char **chassis, struct mac *mac)
{
    _cleanup_netns_ struct netns *netns = NULL;
    struct sight sight = {.job = job};
    int error = read_vswitch(&sight, vswitch, deadline);

    error = error ? error : netns_open(&netns, NULL);
    sight.netns = netns;
    /* A bridge of Open vSwitch is looked for there first: the kernel may have another by its name.
     */
    error = !error && job->is_bridge ? check_bridge(&sight) : error;
    error = error ? error : gateway_link_look(job, netns, &sight.link);
    error = error ? error : check_all(&sight);
    error = error ? error : tell(&sight, chassis, mac);
    free(sight.link.addresses);
    rows_clear(&sight.facts);
    return error;
}
