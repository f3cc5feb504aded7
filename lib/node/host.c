#include <ovnk8s/host.h>

#include <stdio.h>

#include "base/options.h"
#include "net/net.h"
#include "node/bridge.h"
#include "node/ovs_port.h"
#include "ovsdb/vswitch.h"
#include "topology/names.h"
#include "topology/topology.h"

/* A set-up with its texts parsed. */
struct job {
    ovnk8s_vswitch *vswitch;
    const ovnk8s_host *host;
    struct prefixes subnets, cluster;
    char interface[IFNAMSIZ];
    const char *iface_id;
    struct deadline deadline;
};

void ovnk8s_host_init(ovnk8s_host *host)
{
    *host = (ovnk8s_host)OVNK8S_HOST_INIT;
}

static int parse(struct job *job)
{
    const ovnk8s_host *host = job->host;
    int error = check_dns_name("node name", host->node);

    error = error ? error : parse_networks("node subnet", host->subnet, &job->subnets);
    error = error ? error : parse_networks("cluster subnet", host->cluster_subnet, &job->cluster);
    for (size_t i = 0; i < job->subnets.n && !error; i++) {
        const struct prefix *subnet = &job->subnets.of[i];
        const struct prefix *outer = prefixes_of(&job->cluster, subnet->ip.family);
        char text[PREFIX_TEXT];

        if (!outer || !prefix_covers(outer, subnet)) {
            error = fail(OVNK8S_INVALID, "node subnet %s lies outside the cluster's, %s",
                         prefix_to_text(subnet, text), host->cluster_subnet);
        }
    }
    if (!error) {
        snprintf(job->interface, sizeof job->interface, "k8s-%.11s", host->node);
    }
    return error;
}

/* Open vSwitch's side. */

/* ovn-controller makes the bridge too when it starts: then it is there at the second try. */
static int add_bridge(const struct job *job)
{
    _cleanup_plan_ ovnk8s_plan *plan = NULL;
    int error = ovnk8s_plan_new(&plan, NULL);

    error = error ? error : integration_bridge_add(plan);
    error = error ? error : vswitch_apply(job->vswitch, plan, &job->deadline);
    return error == OVNK8S_EXISTS ? vswitch_apply(job->vswitch, plan, &job->deadline) : error;
}

static int add_port(const struct job *job)
{
    const struct prefixes own = addresses_at(&job->subnets, MANAGEMENT_INDEX);
    const struct mac mac = mac_from_ip(&own.of[0].ip);
    _cleanup_plan_ ovnk8s_plan *plan = NULL;
    char mac_text[MAC_TEXT];
    const struct ovs_port port = {.key = job->interface,
                                  .interface = job->interface,
                                  .type = "internal",
                                  .mac = mac_to_text(&mac, mac_text),
                                  .mtu = job->host->mtu,
                                  .ids = {{"iface-id", job->iface_id}}};
    int error = ovnk8s_plan_new(&plan, NULL);

    error = error ? error : ovs_port_add(plan, &port);
    return error ? error : vswitch_apply(job->vswitch, plan, &job->deadline);
}

static bool is_made_or_refused(const struct row *interface)
{
    return row_integer(interface, "ofport") > 0 || row_string(interface, "error");
}

static int wait_link(const struct job *job)
{
    const struct row_id id = ovs_interface_id(OVNK8S_DEFAULT_OWNER, job->interface);
    int error = vswitch_wait_interface(job->vswitch, id, is_made_or_refused, &job->deadline);
    const char *refusal = row_string(vswitch_interface(job->vswitch, id), "error");

    if (error == OVNK8S_TIMEOUT) {
        error = fail(error, "ovs-vswitchd has not made it: is it running?");
    } else if (!error && refusal) {
        error = fail(OVNK8S_SYSTEM, "ovs-vswitchd: %s", refusal);
    }
    return error ? fail_during(error, "management-port", job->interface, "waiting for port %s",
                               job->interface)
                 : 0;
}

/* The kernel's side. */

static int add_addresses(const struct job *job, struct netns *netns)
{
    const struct prefixes own = addresses_at(&job->subnets, MANAGEMENT_INDEX);
    int error = 0;

    for (size_t i = 0; i < own.n && !error; i++) {
        error = address_add(netns, job->interface, &(struct address){.prefix = own.of[i]});
    }
    return error;
}

static int add_routes(const struct job *job, struct netns *netns)
{
    const struct prefixes routers = addresses_at(&job->subnets, ROUTER_INDEX);
    int error = 0;

    for (size_t i = 0; i < routers.n && !error; i++) {
        const struct route route = {.to = *prefixes_of(&job->cluster, routers.of[i].ip.family),
                                    .via = routers.of[i].ip};

        error = route_add(netns, job->interface, &route);
    }
    return error;
}

static int configure(const struct job *job)
{
    _cleanup_netns_ struct netns *netns = NULL;
    int error = netns_open(&netns, NULL);

    error = error ? error : link_set_up(netns, job->interface, true);
    error = error ? error : add_addresses(job, netns);
    return error ? error : add_routes(job, netns);
}

static int set_up(struct job *job)
{
    struct arena arena = {0};
    int error;

    job->iface_id = management_port_name(&arena, job->host->node);
    error = job->iface_id ? add_bridge(job) : fail_nomem();
    error = error ? error : add_port(job);
    error = error ? error : wait_link(job);
    error = error ? error : configure(job);
    arena_clear(&arena);
    return error;
}

int ovnk8s_host_setup(ovnk8s_vswitch *vswitch, const ovnk8s_host *theirs)
{
    ovnk8s_host host = OVNK8S_HOST_INIT;
    struct job job = {.vswitch = vswitch, .host = &host};
    int error = options_take(&host, sizeof host, theirs);

    error = error ? error : parse(&job);
    if (!error) {
        job.deadline = conn_deadline(vswitch_conn(vswitch), host.timeout_ms);
        error = set_up(&job);
    }
    return error ? fail_during(error, "host", host.node, "setting up the host of node %s",
                               host.node ? host.node : "")
                 : 0;
}
