#include <ovnk8s/host.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/options.h"
#include "base/text.h"
#include "net/net.h"
#include "node/bridge.h"
#include "node/ovs_port.h"
#include "node/ovs_wait.h"
#include "ovsdb/vswitch.h"
#include "topology/names.h"
#include "topology/topology.h"

/* A set-up with its texts parsed. */
struct job {
    const ovnk8s_host *host;
    struct prefixes subnets, cluster, services, join;
    char interface[IFNAMSIZ];
};

/* One that is being carried out. */
struct setup {
    struct job job;
    ovnk8s_vswitch *vswitch;
    struct deadline deadline;
};

void ovnk8s_host_init(ovnk8s_host *host)
{
    *host = (ovnk8s_host)OVNK8S_HOST_INIT;
}

/* What else there shall be a route to. */
static int parse_optional(const struct job *job, const char *what, const char *text,
                          struct prefixes *out)
{
    int error = 0;

    *out = (struct prefixes){.n = 0};
    if (text && *text) {
        error = parse_networks(what, text, out);
    }

    for (size_t i = 0; !error && i < out->n; i++) {
        if (!prefixes_of(&job->subnets, out->of[i].ip.family)) {
            error = fail(OVNK8S_INVALID, "%s %s: of a family that subnet %s has not", what, text,
                         job->host->subnet);
        }
    }
    return error;
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
    error =
        error ? error : parse_optional(job, "service range", host->service_range, &job->services);
    error = error ? error : parse_optional(job, "join subnet", host->join_subnet, &job->join);
    if (!error) {
        snprintf(job->interface, sizeof job->interface, "k8s-%.11s", host->node);
    }
    return error;
}

static int take(struct job *job, ovnk8s_host *host, const ovnk8s_host *theirs)
{
    const int error = options_take(host, sizeof *host, theirs);

    job->host = host;
    return error ? error : parse(job);
}

/* Open vSwitch's side. */

static int plan_port(const struct job *job, ovnk8s_plan *plan)
{
    const struct prefixes own = addresses_at(&job->subnets, MANAGEMENT_INDEX);
    const struct mac mac = mac_from_ip(&own.of[0].ip);
    const char *iface_id = management_port_name(&plan->arena, job->host->node);
    char mac_text[MAC_TEXT];
    const struct ovs_port port = {.key = job->interface,
                                  .interface = job->interface,
                                  .type = "internal",
                                  .is_kept = true,
                                  .mac = mac_to_text(&mac, mac_text),
                                  .mtu = job->host->mtu,
                                  .ids = {{"iface-id", iface_id}}};

    return iface_id ? ovs_port_add(plan, &port) : fail_nomem();
}

static int plan_host(const struct job *job, ovnk8s_plan *plan)
{
    const int error = integration_bridge_add(plan);

    return error ? error : plan_port(job, plan);
}

int ovnk8s_host_plan(ovnk8s_plan *plan, const ovnk8s_host *theirs)
{
    ovnk8s_host host = OVNK8S_HOST_INIT;
    struct job job;
    int error = take(&job, &host, theirs);

    error = error ? error : plan_host(&job, plan);
    return error ? fail_during(error, "plan", host.node, "planning the host of node %s",
                               host.node ? host.node : "")
                 : 0;
}

static int change_vswitch(const struct setup *setup)
{
    _cleanup_plan_ ovnk8s_plan *plan = NULL;
    int error = ovnk8s_plan_new(&plan, NULL);

    error = error ? error : plan_host(&setup->job, plan);
    return error ? error : integration_bridge_apply(plan, setup->vswitch, &setup->deadline);
}

static int wait_link(const struct setup *setup)
{
    const char *interface = setup->job.interface;
    const struct row_id id = ovs_interface_id(OVNK8S_DEFAULT_OWNER, interface);
    const int error = ovs_port_wait(setup->vswitch, id, &setup->deadline);

    return error
               ? fail_during(error, "management-port", interface, "waiting for port %s", interface)
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

/* Those of a node: to pods, to gateways, and to services. */
struct routes {
    struct route of[6];
    size_t n;
};

/* What goes to a service comes from the address that the answer comes to. So routes to services are
 * told from those to pods, too. */
static struct routes routes_of(const struct job *job)
{
    const struct prefixes routers = addresses_at(&job->subnets, ROUTER_INDEX);
    const struct prefixes own = addresses_at(&job->subnets, MANAGEMENT_INDEX);
    struct routes routes = {.n = 0};

    for (size_t i = 0; i < routers.n; i++) {
        const unsigned int family = routers.of[i].ip.family;
        const struct prefix *services = prefixes_of(&job->services, family);
        const struct prefix *join = prefixes_of(&job->join, family);

        routes.of[routes.n++] =
            (struct route){.to = *prefixes_of(&job->cluster, family), .via = routers.of[i].ip};
        if (join) {
            routes.of[routes.n++] = (struct route){.to = *join, .via = routers.of[i].ip};
        }
        if (services) {
            routes.of[routes.n++] =
                (struct route){.to = *services, .via = routers.of[i].ip, .source = own.of[i].ip};
        }
    }
    return routes;
}

static int add_routes(const struct job *job, struct netns *netns)
{
    const struct routes routes = routes_of(job);
    int error = 0;

    for (size_t i = 0; i < routes.n && !error; i++) {
        error = route_add(netns, job->interface, &routes.of[i]);
    }
    return error;
}

/* Whether it is the same place, next hop and source. */
static bool route_is(const struct route *there, const struct route *route)
{
    return there->to.length == route->to.length && ip_equal(&there->to.ip, &route->to.ip) &&
           ip_equal(&there->via, &route->via) && ip_equal(&there->source, &route->source);
}

/* Whether the route is one that routes_of() has made for a service range, though not for this one.
 */
static bool is_outdated(const struct job *job, const struct route *there)
{
    const struct prefixes own = addresses_at(&job->subnets, MANAGEMENT_INDEX);
    const struct prefix *source = prefixes_of(&own, there->to.ip.family);
    const struct routes routes = routes_of(job);

    for (size_t i = 0; i < routes.n; i++) {
        if (route_is(there, &routes.of[i])) {
            return false;
        }
    }
    return source && there->via.family && ip_equal(&there->source, &source->ip) &&
           there->table == RT_TABLE_MAIN && there->protocol == RTPROT_STATIC;
}

static int delete_outdated(const struct job *job, struct netns *netns)
{
    _cleanup_free_ struct route *routes = NULL;
    size_t n = 0;
    int error = route_list(netns, job->interface, &routes, &n);

    for (size_t i = 0; i < n && !error; i++) {
        if (is_outdated(job, &routes[i])) {
            error = route_del(netns, job->interface, &routes[i]);
            error = error == OVNK8S_NOTFOUND ? 0 : error;
        }
    }
    return error;
}

/* A service may have the host itself for an endpoint: what it sends there comes back to it, and
 * must not have its own address then. The first address of the service range is no service's, and
 * what is sent to it goes by the same link. */
static size_t stand_ins_of(const struct job *job, struct stand_in pairs[static 2])
{
    const struct prefixes own = addresses_at(&job->subnets, MANAGEMENT_INDEX);
    size_t n = 0;

    for (size_t i = 0; i < own.n; i++) {
        const struct prefix *services = prefixes_of(&job->services, own.of[i].ip.family);

        if (services) {
            pairs[n++] = (struct stand_in){own.of[i].ip, services->ip};
        }
    }
    return n;
}

static int set_stand_ins(const struct job *job, struct netns *netns)
{
    struct stand_in pairs[2];
    const size_t n = stand_ins_of(job, pairs);
    const int error = link_set_stand_ins(netns, job->interface, pairs, n);

    return error == OVNK8S_UNSUPPORTED ? 0 : error; /* Everything else works without. */
}

static int configure(const struct job *job)
{
    _cleanup_netns_ struct netns *netns = NULL;
    int error = netns_open(&netns, NULL);

    error = error ? error : link_set_up(netns, job->interface, true);
    error = error ? error : add_addresses(job, netns);
    error = error ? error : delete_outdated(job, netns);
    error = error ? error : add_routes(job, netns);
    return error ? error : set_stand_ins(job, netns);
}

int ovnk8s_host_setup(ovnk8s_vswitch *vswitch, const ovnk8s_host *theirs)
{
    ovnk8s_host host = OVNK8S_HOST_INIT;
    struct setup setup = {.vswitch = vswitch};
    int error = take(&setup.job, &host, theirs);

    if (!error) {
        setup.deadline = conn_deadline(vswitch_conn(vswitch), host.timeout_ms);
        error = change_vswitch(&setup);
        error = error ? error : wait_link(&setup);
        error = error ? error : configure(&setup.job);
    }
    return error ? fail_during(error, "host", host.node, "setting up the host of node %s",
                               host.node ? host.node : "")
                 : 0;
}

/* Telling what configure() would do. What the link has is listed; a link that is missing has
 * nothing. */

struct found {
    struct link_info link;
    struct address *addresses;
    struct route *routes;
    size_t n_addresses, n_routes;
    bool has_stand_ins;
};

static int look(const struct job *job, struct found *found)
{
    _cleanup_netns_ struct netns *netns = NULL;
    int error = netns_open(&netns, NULL);

    error = error ? error : link_get(netns, job->interface, &found->link);
    error =
        error ? error : address_list(netns, job->interface, &found->addresses, &found->n_addresses);
    error = error ? error : route_list(netns, job->interface, &found->routes, &found->n_routes);
    error = error ? error : link_has_stand_ins(netns, job->interface, &found->has_stand_ins);
    if (error == OVNK8S_UNSUPPORTED || error == OVNK8S_PERMISSION) {
        found->has_stand_ins = true; /* Nothing of it would change, or nobody knows. */
        error = 0;
    }
    return error == OVNK8S_NOTFOUND ? 0 : error;
}

static bool has_address(const struct found *found, const struct prefix *address)
{
    for (size_t i = 0; i < found->n_addresses; i++) {
        const struct prefix *there = &found->addresses[i].prefix;

        if (there->length == address->length && ip_equal(&there->ip, &address->ip)) {
            return true;
        }
    }
    return false;
}

static bool has_route(const struct found *found, const struct route *route)
{
    for (size_t i = 0; i < found->n_routes; i++) {
        if (found->routes[i].table == RT_TABLE_MAIN && route_is(&found->routes[i], route)) {
            return true;
        }
    }
    return false;
}

static void tell_routes(const struct job *job, const struct found *found, struct text *out)
{
    const struct routes routes = routes_of(job);
    char text[ROUTE_TEXT];

    for (size_t i = 0; i < found->n_routes; i++) {
        if (is_outdated(job, &found->routes[i])) {
            text_printf(out, "- route %s over link \"%s\"\n", route_format(&found->routes[i], text),
                        job->interface);
        }
    }
    for (size_t i = 0; i < routes.n; i++) {
        if (!has_route(found, &routes.of[i])) {
            text_printf(out, "+ route %s over link \"%s\"\n", route_format(&routes.of[i], text),
                        job->interface);
        }
    }
}

static void tell_stand_ins(const struct job *job, const struct found *found, struct text *out)
{
    struct stand_in pairs[2];
    const size_t n = stand_ins_of(job, pairs);
    char own[IP_TEXT], other[IP_TEXT];

    for (size_t i = 0; i < n && !found->has_stand_ins; i++) {
        text_printf(out, "+ %s standing in for %s over link \"%s\"\n",
                    ip_to_text(&pairs[i].other, other), ip_to_text(&pairs[i].own, own),
                    job->interface);
    }
}

static void tell(const struct job *job, const struct found *found, struct text *out)
{
    const struct prefixes own = addresses_at(&job->subnets, MANAGEMENT_INDEX);
    char text[PREFIX_TEXT];

    if (!found->link.up) {
        text_printf(out, "~ link \"%s\" up\n", job->interface);
    }
    for (size_t i = 0; i < own.n; i++) {
        if (!has_address(found, &own.of[i])) {
            text_printf(out, "+ address %s of link \"%s\"\n", prefix_to_text(&own.of[i], text),
                        job->interface);
        }
    }
    tell_routes(job, found, out);
    tell_stand_ins(job, found, out);
}

int ovnk8s_host_preview(char **out, const ovnk8s_host *theirs)
{
    ovnk8s_host host = OVNK8S_HOST_INIT;
    struct found found = {0};
    struct text text = {0};
    struct job job;
    int error = take(&job, &host, theirs);

    *out = NULL;
    error = error ? error : look(&job, &found);
    if (!error) {
        tell(&job, &found, &text);
        error = text_take(&text, out);
    }
    free(found.addresses);
    free(found.routes);
    return error ? fail_during(error, "host", host.node, "looking at the host of node %s",
                               host.node ? host.node : "")
                 : 0;
}
