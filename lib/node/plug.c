#include <ovnk8s/plug.h>

#include <string.h>

#include "net/net.h"
#include "node/ovs_port.h"
#include "node/plug_job.h"
#include "node/plug_mtu.h"
#include "node/plug_port.h"
#include "ovsdb/vswitch.h"

/* What a check may leave out is needed for adding. */
static int check_complete(const ovnk8s_plug *plug)
{
    return !plug->netns ? fail(OVNK8S_INVALID, "no network namespace given")
           : !plug->iface_id || !*plug->iface_id ? fail(OVNK8S_INVALID, "no iface-id given")
           : !plug->mac                          ? fail(OVNK8S_INVALID, "no MAC given")
           : !plug->addresses                    ? fail(OVNK8S_INVALID, "no addresses given")
                                                 : 0;
}

/* The kernel's side. */

/* How many packets may wait at a port whose rate is limited. ovs-vswitchd sends all that a datapath
 * in userspace sends by one socket, whose buffer has room for some hundred packets: those that wait
 * at one port must not fill it up for all others. The burst of the port's queue makes up for it. */
enum { SHORT_QUEUE = 16 };

/* A datapath in userspace leaves the kernel a copy of all that comes in at a port. It must not tell
 * the pod that the host is there: what the pod sends to the host would go around the logical
 * network, and around the load balancers in it. */
static int add_veth(const struct plug_job *job, struct netns *pod, struct netns *host)
{
    const struct veth veth = {.inside = pod,
                              .inside_name = job->plug.interface,
                              .outside = host,
                              .outside_name = job->identity.host_interface,
                              .mac = &job->mac,
                              .mtu = job->plug.mtu,
                              .outside_queue = job->to.rate ? SHORT_QUEUE : 0,
                              .outside_is_mute = true};

    return netns_same(pod, host)
               ? fail(OVNK8S_INVALID, "%s is the host's own network namespace", job->plug.netns)
               : link_add_veth(&veth);
}

/* IPv6 is often off in new namespaces. */
static int enable_ipv6(const struct plug_job *job, struct netns *pod)
{
    char key[64];

    if (!prefixes_of(&job->addresses, 6)) {
        return 0;
    }
    snprintf(key, sizeof key, "net/ipv6/conf/%s/disable_ipv6", job->plug.interface);
    return sysctl_set(pod, key, "0");
}

static bool has_ipv6(const struct plug_job *job, struct netns *pod)
{
    char off[8];

    return prefixes_of(&job->addresses, 6) ||
           (!sysctl_get_link(pod, job->plug.interface, "ipv6/disable_ipv6", off, sizeof off) &&
            !strcmp(off, "0"));
}

/* The address that the kernel would give the link when it is set up, and would look for duplicates
 * of for a second or two. Added before that it is usable at once, as the others are. */
static int add_link_local(const struct plug_job *job, struct netns *pod)
{
    const struct address address = {.prefix = {ip_link_local(&job->mac), 64},
                                    .scope = RT_SCOPE_LINK};

    return has_ipv6(job, pod) ? address_add(pod, job->plug.interface, &address) : 0;
}

static int add_addresses(const struct plug_job *job, struct netns *pod)
{
    int error = enable_ipv6(job, pod);

    error = error ? error : add_link_local(job, pod);
    for (size_t i = 0; i < job->addresses.n && !error; i++) {
        error = address_add(pod, job->plug.interface,
                            &(struct address){.prefix = job->addresses.of[i]});
    }
    return error;
}

static int add_routes(const struct plug_job *job, struct netns *pod)
{
    int error = 0;

    for (size_t i = 0; i < job->n_routes && !error; i++) {
        error = route_add(pod, job->plug.interface, &job->routes[i]);
    }
    return error;
}

/* A datapath in userspace reads raw packets from the host's end, and completes no checksums. */
static int adapt_to_datapath(const struct plug_job *job, struct netns *pod)
{
    return job->is_in_userspace ? link_tx_checksum_off(pod, job->plug.interface) : 0;
}

/* Where it sends: policing at the host's end comes after a datapath in userspace has seen the
 * packet, and drops where this lets wait. What waits is a tenth of a second's, or one piece of what
 * the kernel cuts into packets late. */
static int limit_sending(const struct plug_job *job, struct netns *pod)
{
    const uint64_t tenth = job->from.rate / 10, piece = 8 * 65536;

    return job->from.rate ? link_limit_rate(pod, job->plug.interface, job->from.rate,
                                            job->from.burst, tenth > piece ? tenth : piece)
                          : 0;
}

static int configure(const struct plug_job *job, struct netns *pod)
{
    int error = adapt_to_datapath(job, pod);

    error = error ? error : limit_sending(job, pod);
    error = error ? error : add_addresses(job, pod);
    error = error ? error : link_set_up(pod, job->plug.interface, true);
    return error ? error : add_routes(job, pod);
}

/* Open vSwitch's side. */

/* Looks at what is known without asking. */
static int look(struct plug_job *job, struct netns *host)
{
    int error = vswitch_look(job->vswitch, &job->deadline);
    const struct row *bridge = vswitch_bridge(job->vswitch, INTEGRATION_BRIDGE);
    const char *datapath = row_string(bridge, "datapath_type");

    job->is_in_userspace = datapath && !strcmp(datapath, "netdev");
    if (!error && !bridge) {
        error = fail(OVNK8S_NOTFOUND,
                     "this host has no " INTEGRATION_BRIDGE " (is ovn-controller running?)");
    }
    if (!error && !job->plug.mtu) {
        job->plug.mtu = plug_mtu(job->vswitch, host);
    }
    return error ? fail_during(error, "ovs-port", job->plug.iface_id, "looking at Open vSwitch")
                 : 0;
}

static int add_port(struct plug_job *job)
{
    _cleanup_plan_ ovnk8s_plan *plan = NULL;
    int error = ovnk8s_plan_new(&plan, NULL);

    error = error ? error : plug_port_add(plan, job);
    error = error ? error : vswitch_apply(job->vswitch, plan, &job->deadline);
    job->is_claimed = !error;
    return error ? fail_during(error, "ovs-port", job->plug.iface_id,
                               "adding port %s to Open vSwitch", job->identity.host_interface)
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

static int wait_flows(const struct plug_job *job)
{
    const struct row_id id = ovs_interface_id(PLUG_OWNER, job->identity.key);
    const int64_t start = now_ms();
    int error = vswitch_wait_interface(job->vswitch, id, has_flows, &job->deadline);

    if (error == OVNK8S_TIMEOUT) {
        error = fail(OVNK8S_TIMEOUT, "%s", explain(vswitch_interface(job->vswitch, id)));
    }
    return error ? fail_during(error, "flows", job->plug.iface_id,
                               "waiting %lld ms for the flows of logical port %s",
                               (long long)(now_ms() - start), job->plug.iface_id)
                 : 0;
}

/* The host's end is up before Open vSwitch sees it: ovs-vswitchd reads the flags of a device and
 * writes them back with one more, and would take the link down again if it was set up in between.
 * The rest is done while the port is taken up. */
static int connect_container(struct plug_job *job, struct netns *pod, struct netns *host)
{
    int error = link_set_up(host, job->identity.host_interface, true);

    error = error ? error : add_port(job);
    error = error ? error : configure(job, pod);
    return error ? error : wait_flows(job);
}

/* Removing. */

/* 'claimant' is who has failed to make use of its logical port; NULL: nobody. */
static int delete_port(ovnk8s_vswitch *vswitch, const char *key, const struct plug_job *claimant)
{
    const struct deadline deadline = conn_deadline(vswitch_conn(vswitch), 0);
    _cleanup_plan_ ovnk8s_plan *plan = NULL;
    int error = vswitch_look(vswitch, &deadline);

    error = error ? error : ovnk8s_plan_new(&plan, NULL);
    error = error ? error : plug_port_delete(plan, vswitch, key);
    if (!error && claimant) {
        error = plug_port_give_back(plan, claimant);
    }
    return error ? error : vswitch_apply(vswitch, plan, &deadline);
}

static int delete_link(const char *name)
{
    _cleanup_netns_ struct netns *host = NULL;
    int error = netns_open(&host, NULL);

    error = error ? error : link_delete(host, name);
    return error == OVNK8S_NOTFOUND ? 0 : error;
}

/* Both. */

/* The first failure is the one to tell; what is left after a second one is removed by the next
 * delete. */
static void undo(const struct plug_job *job)
{
    const struct failure_story story = failure_save();
    int error = delete_port(job->vswitch, job->identity.key, job->is_claimed ? job : NULL);

    error = error ? error : delete_link(job->identity.host_interface);
    (void)error;
    failure_restore(&story);
}

static int add(struct plug_job *job)
{
    _cleanup_netns_ struct netns *pod = NULL, *host = NULL;
    int error = netns_open(&pod, job->plug.netns);

    error = error ? error : netns_open(&host, NULL);
    error = error ? error : look(job, host);
    error = error ? error : add_veth(job, pod, host);
    if (error) {
        return error;
    }
    error = connect_container(job, pod, host);
    if (error) {
        undo(job);
    }
    return error;
}

int ovnk8s_plug_add(ovnk8s_vswitch *vswitch, const ovnk8s_plug *theirs, char *host_interface)
{
    _cleanup_plug_job_ struct plug_job job;
    const ovnk8s_plug *plug = &job.plug;
    int error = plug_job_take(&job, vswitch, theirs);

    error = error ? error : check_complete(plug);
    if (error) {
        return fail_during(error, "plug", plug->iface_id, "plugging a container");
    }
    error = add(&job);
    if (!error && host_interface) {
        memcpy(host_interface, job.identity.host_interface, sizeof job.identity.host_interface);
    }
    return error ? fail_during(error, "plug", plug->iface_id, "plugging %s of container %.64s",
                               plug->interface, plug->container_id)
                 : 0;
}

int ovnk8s_plug_delete(ovnk8s_vswitch *vswitch, const char *container_id, const char *interface)
{
    struct plug_identity identity;
    int error = plug_identity(container_id, interface, &identity);

    error = error ? error : delete_port(vswitch, identity.key, NULL);
    error = error ? error : delete_link(identity.host_interface);
    return error ? fail_during(error, "unplug", container_id, "unplugging %s of container %.64s",
                               interface ? interface : "", container_id ? container_id : "")
                 : 0;
}
