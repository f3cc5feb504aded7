/* Finding out whether what was plugged is still as it was made.
 *
 * Who reads the message wants to know which one thing is wrong, so what others rest on comes first:
 * the namespace before the link, the link before its addresses. */

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "net/net.h"
#include "node/ovs_port.h"
#include "node/plug_port.h"
#include "ovsdb/read.h"
#include "ovsdb/vswitch.h"

/* The kernel's side. */

/* Both ends of the cable, each as its namespace knows it. */
struct ends {
    struct netns *pod, *host;
    struct link_info inside, outside;
};

static int check_cable(const struct plug_job *job, const struct ends *ends)
{
    const char *interface = job->plug.interface;

    if (strcmp(ends->inside.kind, "veth") != 0 || ends->inside.peer_index != ends->outside.index ||
        ends->outside.peer_index != ends->inside.index) {
        return fail(OVNK8S_CONFLICT, "link %s is not the other end of %s", interface,
                    job->identity.host_interface);
    }
    if (!ends->inside.up) {
        return fail(OVNK8S_CONFLICT, "link %s is down", interface);
    }
    return ends->outside.up
               ? 0
               : fail(OVNK8S_CONFLICT, "link %s is down", job->identity.host_interface);
}

static int check_values(const struct plug_job *job, const struct link_info *link)
{
    char is[MAC_TEXT], expected[MAC_TEXT];

    if (job->plug.mac && memcmp(&link->mac, &job->mac, sizeof job->mac) != 0) {
        return fail(OVNK8S_CONFLICT, "link %s has the MAC %s, not %s", link->name,
                    mac_to_text(&link->mac, is), mac_to_text(&job->mac, expected));
    }
    if (job->plug.mtu && link->mtu != job->plug.mtu) {
        return fail(OVNK8S_CONFLICT, "link %s has the MTU %u, not %u", link->name, link->mtu,
                    job->plug.mtu);
    }
    if (job->from.rate && strcmp(link->qdisc, "tbf") != 0) {
        return fail(OVNK8S_CONFLICT, "link %s sends without its limit", link->name);
    }
    return 0;
}

static int check_links(const struct plug_job *job, struct ends *ends)
{
    int error = link_get(ends->pod, job->plug.interface, &ends->inside);

    error = error ? error : link_get(ends->host, job->identity.host_interface, &ends->outside);
    error = error ? error : check_cable(job, ends);
    error = error ? error : check_values(job, &ends->inside);
    return error ? fail_during(error, "link", job->plug.interface, "interface") : 0;
}

static bool has_address(const struct address *all, size_t n, const struct prefix *wanted)
{
    for (size_t i = 0; i < n; i++) {
        if (all[i].prefix.length == wanted->length && ip_equal(&all[i].prefix.ip, &wanted->ip)) {
            return true;
        }
    }
    return false;
}

static int check_addresses(const struct plug_job *job, struct netns *pod)
{
    const char *interface = job->plug.interface;
    _cleanup_free_ struct address *all = NULL;
    char text[PREFIX_TEXT];
    size_t n;
    int error = address_list(pod, interface, &all, &n);

    for (size_t i = 0; i < job->addresses.n && !error; i++) {
        if (!has_address(all, n, &job->addresses.of[i])) {
            error = fail(OVNK8S_NOTFOUND, "link %s has no address %s", interface,
                         prefix_to_text(&job->addresses.of[i], text));
        }
    }
    return error ? fail_during(error, "address", interface, "addresses") : 0;
}

/* Who made it, and with which metric, is all the same. */
static bool has_route(const struct route *all, size_t n, const struct route *wanted)
{
    for (size_t i = 0; i < n; i++) {
        if (all[i].table == RT_TABLE_MAIN && all[i].to.length == wanted->to.length &&
            ip_equal(&all[i].to.ip, &wanted->to.ip) && ip_equal(&all[i].via, &wanted->via)) {
            return true;
        }
    }
    return false;
}

static int check_routes(const struct plug_job *job, struct netns *pod)
{
    const char *interface = job->plug.interface;
    _cleanup_free_ struct route *all = NULL;
    char text[ROUTE_TEXT];
    size_t n;
    int error = route_list(pod, interface, &all, &n);

    for (size_t i = 0; i < job->n_routes && !error; i++) {
        if (!has_route(all, n, &job->routes[i])) {
            error = fail(OVNK8S_NOTFOUND, "no route %s over link %s",
                         route_format(&job->routes[i], text), interface);
        }
    }
    return error ? fail_during(error, "route", interface, "routes") : 0;
}

static int check_kernel(const struct plug_job *job)
{
    _cleanup_netns_ struct netns *pod = NULL, *host = NULL;
    int error = job->plug.netns ? netns_open(&pod, job->plug.netns)
                                : fail(OVNK8S_INVALID, "no network namespace given");
    struct ends ends;

    error = error ? error : netns_open(&host, NULL);
    ends = (struct ends){.pod = pod, .host = host};
    error = error ? error : check_links(job, &ends);
    error = error ? error : check_addresses(job, pod);
    return error ? error : check_routes(job, pod);
}

/* Open vSwitch's side. */

static int look(const struct plug_job *job, struct rows *facts)
{
    struct conn *conn = vswitch_conn(job->vswitch);
    struct rows asked = {0};
    int error;

    plug_port_ask(&asked, job);
    error =
        rows_failed(&asked) ? fail_nomem() : read_rows(conn, asked.first, &job->deadline, facts);
    rows_clear(&asked);
    return error;
}

static int check_vswitch(const struct plug_job *job)
{
    const char *name = job->identity.host_interface;
    struct rows facts = {0};
    int error = look(job, &facts);

    error = error ? error : plug_port_check(&facts, job);
    rows_clear(&facts);
    return error ? fail_during(error, "ovs-port", name, "port %s of " INTEGRATION_BRIDGE, name) : 0;
}

int ovnk8s_plug_check(ovnk8s_vswitch *vswitch, const ovnk8s_plug *theirs)
{
    _cleanup_plug_job_ struct plug_job job;
    const ovnk8s_plug *plug = &job.plug;
    int error = plug_job_take(&job, vswitch, theirs);

    error = error ? error : check_kernel(&job);
    error = error ? error : check_vswitch(&job);
    return error ? fail_during(error, "check", plug->iface_id, "checking %s of container %.64s",
                               plug->interface ? plug->interface : "",
                               plug->container_id ? plug->container_id : "")
                 : 0;
}
