#include "node/gateway_host.h"

#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "base/text.h"
#include "node/bridge.h"
#include "node/ovs_wait.h"
#include "topology/names.h"
#include "topology/topology.h"

void ovnk8s_gateway_host_init(ovnk8s_gateway_host *host)
{
    *host = (ovnk8s_gateway_host)OVNK8S_GATEWAY_HOST_INIT;
}

/* Parsing. */

static int parse_interface(struct gateway_job *job)
{
    const ovnk8s_gateway_host *host = job->host;

    if (!host->physical_interface == !host->bridge_interface) {
        return fail(OVNK8S_INVALID, "expected either a physical interface or a bridge interface");
    }
    job->is_bridge = host->bridge_interface;
    job->interface = job->is_bridge ? host->bridge_interface : host->physical_interface;
    return link_name_valid(job->interface)
               ? 0
               : fail(OVNK8S_INVALID,
                      "interface \"%.64s\": expected 1 to 15 characters without '/', ':', '%%' and"
                      " white space",
                      job->interface);
}

static int parse_mac(struct gateway_job *job)
{
    const char *text = job->host->mac;

    return !text || mac_from_text(text, &job->mac)
               ? 0
               : fail(OVNK8S_INVALID, "MAC \"%s\": expected one such as 0a:58:0a:01:02:03", text);
}

static int take(struct gateway_job *job, ovnk8s_gateway_host *host,
                const ovnk8s_gateway_host *theirs)
{
    int error = options_take(host, sizeof *host, theirs);

    job->host = host;
    error = error ? error : check_dns_name("node name", host->node);
    error = error ? error : parse_interface(job);
    error = error ? error : parse_addresses("physical ip", host->physical_ips, &job->addresses);
    return error ? error : parse_mac(job);
}

static int tell(int error, const char *doing, const char *node)
{
    return error ? fail_during(error, "gateway-host", node, "%s %s", doing, node ? node : "") : 0;
}

/* Looking. */

int ovnk8s_gateway_host_look(char **chassis, char **mac, ovnk8s_vswitch *vswitch,
                             const ovnk8s_gateway_host *theirs)
{
    ovnk8s_gateway_host host = OVNK8S_GATEWAY_HOST_INIT;
    struct gateway_job job = {0};
    struct deadline deadline;
    char text[MAC_TEXT];
    int error = take(&job, &host, theirs);

    *chassis = *mac = NULL;
    if (!error) {
        deadline = conn_deadline(vswitch_conn(vswitch), host.timeout_ms);
        error = gateway_look(&job, vswitch, &deadline, chassis, &job.mac);
    }
    if (!error) {
        *mac = strdup(mac_to_text(&job.mac, text));
        error = *mac ? 0 : fail_nomem();
    }
    if (error) {
        free(*chassis);
        *chassis = NULL;
    }
    return tell(error, "looking at the host of gateway", host.node);
}

int ovnk8s_gateway_host_plan(ovnk8s_plan *plan, const ovnk8s_gateway_host *theirs)
{
    ovnk8s_gateway_host host = OVNK8S_GATEWAY_HOST_INIT;
    struct gateway_job job = {0};
    int error = take(&job, &host, theirs);

    if (!error && job.is_bridge && !host.mac) {
        error = fail(OVNK8S_INVALID, "the MAC address of bridge %s is missing", job.interface);
    }
    error = error ? error : gateway_wiring_add(plan, &job);
    return tell(error, "planning the host of gateway", host.node);
}

/* The kernel's side: only an interface of its own is touched. */

static int remove_addresses(const struct gateway_job *job, struct netns *netns,
                            const struct gateway_link *link)
{
    int error = 0;

    for (size_t i = 0; i < link->n_addresses && !error; i++) {
        error = address_del(netns, job->interface, &link->addresses[i].prefix);
        error = error == OVNK8S_NOTFOUND ? 0 : error; /* Gone with another one. */
    }
    return error;
}

static int strip(const struct gateway_job *job, struct netns *netns)
{
    struct gateway_link link = {.n_addresses = 0};
    int error = gateway_link_look(job, netns, &link);

    error = error ? error : remove_addresses(job, netns, &link);
    free(link.addresses);
    return error;
}

/* ovs-vswitchd reads the flags of a device and writes them back with one more. So the device is up
 * before it is handed over; should it have been set up just meanwhile, that is lost, and is done
 * again. */
static int verify_up(const struct gateway_job *job, struct netns *netns)
{
    struct link_info link;
    int error = link_get(netns, job->interface, &link);

    if (!error && !link.up) {
        error = link_set_up(netns, job->interface, true);
        error = error ? error : link_get(netns, job->interface, &link);
    }
    if (!error && !link.up) {
        error = fail(OVNK8S_SYSTEM, "link %s does not stay up", job->interface);
    }
    return error;
}

/* Setting up. */

struct setup {
    struct gateway_job job;
    ovnk8s_vswitch *vswitch;
    struct deadline deadline;
};

static int change_vswitch(const struct setup *setup)
{
    _cleanup_plan_ ovnk8s_plan *plan = NULL;
    int error = ovnk8s_plan_new(&plan, NULL);

    error = error ? error : gateway_wiring_add(plan, &setup->job);
    return error ? error : integration_bridge_apply(plan, setup->vswitch, &setup->deadline);
}

static int wait_ports(const struct setup *setup)
{
    struct arena arena = {0};
    struct row_id ids[2];
    size_t n;
    int error = 0;

    gateway_wiring_ids(&setup->job, &arena, ids, &n);
    error = arena.failed ? fail_nomem() : 0;
    for (size_t i = 0; i < n && !error; i++) {
        error = ovs_port_wait(setup->vswitch, ids[i], &setup->deadline);
    }
    arena_clear(&arena);
    return error ? fail_during(error, "ports", setup->job.interface, "waiting for the port of %s",
                               setup->job.interface)
                 : 0;
}

static int connect_interface(const struct setup *setup)
{
    const struct gateway_job *job = &setup->job;
    _cleanup_netns_ struct netns *netns = NULL;
    int error = netns_open(&netns, NULL);

    error = error ? error : link_set_up(netns, job->interface, true);
    error = error ? error : change_vswitch(setup);
    error = error ? error : wait_ports(setup);
    error = error ? error : strip(job, netns);
    return error ? error : verify_up(job, netns);
}

static int connect_bridge(const struct setup *setup)
{
    const int error = change_vswitch(setup);

    return error ? error : wait_ports(setup);
}

static int set_up(struct setup *setup)
{
    const char *given = setup->job.host->mac;
    char *chassis = NULL;
    struct mac mac;
    int error = gateway_look(&setup->job, setup->vswitch, &setup->deadline, &chassis, &mac);

    free(chassis);
    if (!error && !given) {
        setup->job.mac = mac;
    }
    return error ? error : setup->job.is_bridge ? connect_bridge(setup) : connect_interface(setup);
}

int ovnk8s_gateway_host_setup(ovnk8s_vswitch *vswitch, const ovnk8s_gateway_host *theirs)
{
    ovnk8s_gateway_host host = OVNK8S_GATEWAY_HOST_INIT;
    struct setup setup = {.vswitch = vswitch};
    int error = take(&setup.job, &host, theirs);

    if (!error) {
        setup.deadline = conn_deadline(vswitch_conn(vswitch), host.timeout_ms);
        error = set_up(&setup);
    }
    return tell(error, "setting up the host of gateway", host.node);
}

/* Telling. */

static void tell_link(const struct gateway_job *job, const struct gateway_link *link,
                      struct text *out)
{
    char text[PREFIX_TEXT];

    if (!link->link.up) {
        text_printf(out, "~ link \"%s\" up\n", job->interface);
    }
    for (size_t i = 0; i < link->n_addresses; i++) {
        text_printf(out, "- address %s of link \"%s\"\n",
                    prefix_to_text(&link->addresses[i].prefix, text), job->interface);
    }
}

static int preview(const struct gateway_job *job, struct text *out)
{
    _cleanup_netns_ struct netns *netns = NULL;
    struct gateway_link link = {.n_addresses = 0};
    int error = netns_open(&netns, NULL);

    error = error ? error : gateway_link_look(job, netns, &link);
    if (!error) {
        tell_link(job, &link, out);
    }
    free(link.addresses);
    return error;
}

int ovnk8s_gateway_host_preview(char **out, const ovnk8s_gateway_host *theirs)
{
    ovnk8s_gateway_host host = OVNK8S_GATEWAY_HOST_INIT;
    struct gateway_job job = {0};
    struct text text = {0};
    int error = take(&job, &host, theirs);

    *out = NULL;
    error = !error && !job.is_bridge ? preview(&job, &text) : error;
    if (error) {
        text_clear(&text);
    } else {
        error = text_take(&text, out);
    }
    return tell(error, "looking at the host of gateway", host.node);
}

/* Whose it is. */

int ovnk8s_gateway_host_node(char **out, ovnk8s_vswitch *vswitch, const char *bridge)
{
    const struct deadline deadline = conn_deadline(vswitch_conn(vswitch), 0);
    int error;

    *out = NULL;
    if (!bridge || !link_name_valid(bridge)) {
        return fail(OVNK8S_INVALID, "bridge \"%.64s\": expected its name", bridge ? bridge : "");
    }
    error = gateway_wiring_node(out, vswitch, bridge, &deadline);
    return tell(error, "seeking the node of the gateway by", bridge);
}

/* Undoing. */

int ovnk8s_gateway_host_delete_plan(ovnk8s_plan *plan, const char *node)
{
    int error = check_dns_name("node name", node);

    error = error ? error : gateway_wiring_delete(plan, node);
    return tell(error, "planning the host of gateway", node);
}

int ovnk8s_gateway_host_delete(ovnk8s_vswitch *vswitch, const char *node)
{
    const struct deadline deadline = conn_deadline(vswitch_conn(vswitch), 0);
    _cleanup_plan_ ovnk8s_plan *plan = NULL;
    int error = ovnk8s_plan_new(&plan, NULL);

    error = error ? error : check_dns_name("node name", node);
    error = error ? error : gateway_wiring_delete(plan, node);
    error = error ? error : vswitch_apply(vswitch, plan, &deadline);
    return tell(error, "undoing the host of gateway", node);
}
