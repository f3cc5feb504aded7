#include <ovnk8s/plug.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ip.h"
#include "base/mem.h"
#include "base/options.h"
#include "net/net.h"
#include "node/ovs_port.h"
#include "ovsdb/vswitch.h"

enum { CONTAINER_ID_LENGTH = 255, KEY_LENGTH = CONTAINER_ID_LENGTH + IFNAMSIZ + 8 };

/* A plug request with its texts parsed. */
struct job {
    const ovnk8s_plug *plug;
    ovnk8s_vswitch *vswitch;
    struct prefixes addresses;
    struct ip gateways[2];
    size_t n_gateways;
    struct mac mac;
    char key[KEY_LENGTH];
    char host_interface[IFNAMSIZ];
    struct deadline deadline;
};

void ovnk8s_plug_init(ovnk8s_plug *plug)
{
    *plug = (ovnk8s_plug)OVNK8S_PLUG_INIT;
}

/* Validating. */

static int check_identity(const char *container_id, const char *interface)
{
    if (!container_id || !*container_id || strlen(container_id) > CONTAINER_ID_LENGTH) {
        return fail(OVNK8S_INVALID, "container id \"%.32s\": expected 1 to %d characters",
                    container_id ? container_id : "", CONTAINER_ID_LENGTH);
    }
    if (!interface || !link_name_valid(interface)) {
        return fail(OVNK8S_INVALID, "interface \"%.32s\": no valid name of a network interface",
                    interface ? interface : "");
    }
    return 0;
}

/* What identity is computed from: a zero byte would be clearer, but a name has none anyway. */
static void make_key(char key[static KEY_LENGTH], const char *container_id, const char *interface)
{
    snprintf(key, KEY_LENGTH, "cni %s %s", container_id, interface);
}

static int parse_gateways(struct job *job)
{
    const char *text = job->plug->gateways;
    char one[IP_TEXT];

    while (text && *text) {
        const size_t length = strcspn(text, ",");
        struct ip *gateway = &job->gateways[job->n_gateways];

        snprintf(one, sizeof one, "%.*s", (int)length, text);
        if (job->n_gateways == 2 || length >= sizeof one || !ip_from_text(one, gateway) ||
            !prefixes_of(&job->addresses, gateway->family) ||
            !prefix_contains(prefixes_of(&job->addresses, gateway->family), gateway)) {
            return fail(OVNK8S_INVALID, "gateways \"%s\": expected an address within each subnet",
                        job->plug->gateways);
        }
        job->n_gateways++;
        text += length + (text[length] == ',');
    }
    return 0;
}

static int parse(struct job *job)
{
    const ovnk8s_plug *plug = job->plug;
    const int error = check_identity(plug->container_id, plug->interface);

    if (error) {
        return error;
    }
    if (!plug->iface_id || !*plug->iface_id) {
        return fail(OVNK8S_INVALID, "no iface-id given");
    }
    if (!prefixes_from_text(plug->addresses, &job->addresses)) {
        return fail(OVNK8S_INVALID, "addresses \"%s\": expected ADDRESS/LENGTH, or two",
                    plug->addresses ? plug->addresses : "");
    }
    if (!mac_from_text(plug->mac, &job->mac) || job->mac.bytes[0] & 1) {
        return fail(OVNK8S_INVALID, "MAC \"%s\": expected a unicast one such as 0a:58:0a:01:02:03",
                    plug->mac ? plug->mac : "");
    }
    if (plug->mtu && (plug->mtu < 68 || plug->mtu > 65535)) {
        return fail(OVNK8S_INVALID, "MTU %u: expected 68 to 65535", plug->mtu);
    }
    make_key(job->key, plug->container_id, plug->interface);
    link_name_from_hash(job->host_interface, "veth", plug->container_id, plug->interface);
    return parse_gateways(job);
}

/* The kernel's side. */

static int add_veth(const struct job *job, struct netns *pod, struct netns *host)
{
    const struct veth veth = {.inside = pod,
                              .inside_name = job->plug->interface,
                              .outside = host,
                              .outside_name = job->host_interface,
                              .mac = &job->mac,
                              .mtu = job->plug->mtu};

    return netns_same(pod, host)
               ? fail(OVNK8S_INVALID, "%s is the host's own network namespace", job->plug->netns)
               : link_add_veth(&veth);
}

/* IPv6 is often off in new namespaces. */
static int enable_ipv6(const struct job *job, struct netns *pod)
{
    char key[64];

    if (!prefixes_of(&job->addresses, 6)) {
        return 0;
    }
    snprintf(key, sizeof key, "net/ipv6/conf/%s/disable_ipv6", job->plug->interface);
    return sysctl_set(pod, key, "0");
}

static int add_addresses(const struct job *job, struct netns *pod)
{
    int error = enable_ipv6(job, pod);

    for (size_t i = 0; i < job->addresses.n && !error; i++) {
        error = address_add(pod, job->plug->interface,
                            &(struct address){.prefix = job->addresses.of[i]});
    }
    return error;
}

static int add_routes(const struct job *job, struct netns *pod)
{
    int error = 0;

    for (size_t i = 0; i < job->n_gateways && !error; i++) {
        const struct route everywhere = {.to.ip.family = job->gateways[i].family,
                                         .via = job->gateways[i]};

        error = route_add(pod, job->plug->interface, &everywhere);
    }
    return error;
}

static int configure(const struct job *job, struct netns *pod)
{
    int error = add_addresses(job, pod);

    error = error ? error : link_set_up(pod, job->plug->interface, true);
    return error ? error : add_routes(job, pod);
}

/* Open vSwitch's side. */

static int add_port(const struct job *job)
{
    const ovnk8s_plug *plug = job->plug;
    const struct ovs_port port = {.key = job->key,
                                  .interface = job->host_interface,
                                  .ids = {{"iface-id", plug->iface_id},
                                          {"iface-id-ver", plug->iface_id_ver},
                                          {"attached_mac", plug->mac},
                                          {"ip_address", plug->addresses},
                                          {"sandbox", plug->container_id}}};
    _cleanup_plan_ ovnk8s_plan *plan = NULL;
    int error = ovnk8s_plan_new(&plan, NULL);

    error = error ? error : ovs_port_add(plan, &port);
    error = error ? error : vswitch_apply(job->vswitch, plan, &job->deadline);
    if (error == OVNK8S_NOTFOUND) {
        return fail_during(error, "ovs-port", plug->iface_id,
                           "this host has no " INTEGRATION_BRIDGE " (is ovn-controller running?)");
    }
    return error ? fail_during(error, "ovs-port", plug->iface_id, "adding port %s to Open vSwitch",
                               job->host_interface)
                 : 0;
}

static bool has_flows(const struct row *interface)
{
    const char *installed = row_pair(interface, "external_ids", "ovn-installed");

    return installed && !strcmp(installed, "true");
}

/* Why there are no flows yet, as far as this host can tell. */
static const char *explain(const struct row *interface)
{
    const char *error = row_string(interface, "error");

    if (error) {
        return error;
    }
    if (!interface || !row_integer(interface, "ofport")) {
        return "ovs-vswitchd has not taken the port up: is it running?";
    }
    return "ovn-controller has not claimed the port: does the Northbound database have a logical"
           " port of this name, and are ovn-northd and ovn-controller running?";
}

static int wait_flows(const struct job *job)
{
    const struct row_id id = ovs_interface_id(OVNK8S_DEFAULT_OWNER, job->key);
    const int64_t start = now_ms();
    int error = vswitch_wait_interface(job->vswitch, id, has_flows, &job->deadline);

    if (error == OVNK8S_TIMEOUT) {
        error = fail(OVNK8S_TIMEOUT, "%s", explain(vswitch_interface(job->vswitch, id)));
    }
    return error ? fail_during(error, "flows", job->plug->iface_id,
                               "waiting %lld ms for the flows of logical port %s",
                               (long long)(now_ms() - start), job->plug->iface_id)
                 : 0;
}

/* The host's end is up before Open vSwitch sees it: ovs-vswitchd reads the flags of a device and
 * writes them back with one more, and would take the link down again if it was set up in between.
 * The rest is done while the port is taken up. */
static int connect_container(const struct job *job, struct netns *pod, struct netns *host)
{
    int error = link_set_up(host, job->host_interface, true);

    error = error ? error : add_port(job);
    error = error ? error : configure(job, pod);
    return error ? error : wait_flows(job);
}

static int add(const struct job *job)
{
    _cleanup_netns_ struct netns *pod = NULL, *host = NULL;
    int error = netns_open(&pod, job->plug->netns);

    error = error ? error : netns_open(&host, NULL);
    error = error ? error : add_veth(job, pod, host);
    if (error) {
        return error;
    }
    error = connect_container(job, pod, host);
    if (error) {
        const struct failure_story story = failure_save();
        const int undone =
            ovnk8s_plug_delete(job->vswitch, job->plug->container_id, job->plug->interface);

        /* The first failure is the one to tell; what is left is removed by the next delete. */
        (void)undone;
        failure_restore(&story);
    }
    return error;
}

int ovnk8s_plug_add(ovnk8s_vswitch *vswitch, const ovnk8s_plug *theirs, char *host_interface)
{
    ovnk8s_plug plug = OVNK8S_PLUG_INIT;
    struct job job = {.plug = &plug, .vswitch = vswitch};
    int error = options_take(&plug, sizeof plug, theirs);

    error = error ? error : parse(&job);
    if (error) {
        return fail_during(error, "plug", plug.iface_id, "plugging a container");
    }
    job.deadline = conn_deadline(vswitch_conn(vswitch), plug.timeout_ms);
    error = add(&job);
    if (!error && host_interface) {
        memcpy(host_interface, job.host_interface, sizeof job.host_interface);
    }
    return error ? fail_during(error, "plug", plug.iface_id, "plugging %s of container %.64s",
                               plug.interface, plug.container_id)
                 : 0;
}

/* Removing. */

static int delete_port(ovnk8s_vswitch *vswitch, const char *key)
{
    const struct deadline deadline = conn_deadline(vswitch_conn(vswitch), 0);
    _cleanup_plan_ ovnk8s_plan *plan = NULL;
    int error = ovnk8s_plan_new(&plan, NULL);

    error = error ? error : ovs_port_delete(plan, key);
    return error ? error : vswitch_apply(vswitch, plan, &deadline);
}

static int delete_link(const char *name)
{
    _cleanup_netns_ struct netns *host = NULL;
    int error = netns_open(&host, NULL);

    error = error ? error : link_delete(host, name);
    return error == OVNK8S_NOTFOUND ? 0 : error;
}

int ovnk8s_plug_delete(ovnk8s_vswitch *vswitch, const char *container_id, const char *interface)
{
    char key[KEY_LENGTH], link[IFNAMSIZ];
    int error = check_identity(container_id, interface);

    if (!error) {
        make_key(key, container_id, interface);
        link_name_from_hash(link, "veth", container_id, interface);
        error = delete_port(vswitch, key);
        error = error ? error : delete_link(link);
    }
    return error ? fail_during(error, "unplug", container_id, "unplugging %s of container %.64s",
                               interface ? interface : "", container_id ? container_id : "")
                 : 0;
}
