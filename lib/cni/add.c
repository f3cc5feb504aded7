#include <stdio.h>
#include <string.h>

#include <ovnk8s/plug.h>

#include "base/env.h"
#include "base/mem.h"
#include "cni/config.h"
#include "cni/env.h"
#include "cni/port.h"
#include "cni/previous.h"
#include "cni/result.h"
#include "cni/wishes.h"
#include "net/link.h"
#include "net/netns.h"
#include "node/plug_mtu.h"
#include "node/settings.h"

/* What is cheap to find out is found out before any server is asked. */

static bool may_be_own_netns(const struct cni_call *call)
{
    const char *override = env_get(call->env, "CNI_NETNS_OVERRIDE");

    return override && (!strcmp(override, "1") || !strcasecmp(override, "true"));
}

static int open_netns(const struct cni_call *call, struct netns **pod, struct netns **own)
{
    int error = netns_open(pod, call->netns);

    error = error ? error : netns_open(own, NULL);
    if (error) {
        fail_during(error, "netns", call->netns, "CNI_NETNS");
        return CNI_BAD_ENV;
    }
    return 0;
}

static int check_netns(const struct cni_call *call)
{
    _cleanup_netns_ struct netns *pod = NULL, *own = NULL;
    struct link_info there;
    const int error = open_netns(call, &pod, &own);

    if (error) {
        return error;
    }
    if (netns_same(pod, own) && !may_be_own_netns(call)) {
        return cni_fail(CNI_INVALID_NETNS,
                        "plugin's netns and netns from CNI_NETNS should not be the same: \"%s\"",
                        call->netns);
    }
    return link_get(pod, call->ifname, &there)
               ? 0 /* What else can be wrong is told by who makes it. */
               : cni_fail(CNI_CONTAINER, "interface %s exists already in network namespace %s",
                          call->ifname, call->netns);
}

static int check(struct cni_call *call)
{
    int error = cni_args_parse(env_get(call->env, "CNI_ARGS"), &call->args);

    error = error ? error : cni_port_check(call);
    error = error ? error : cni_wishes_read(call);
    error = error ? error : cni_previous_check(cni_find(call->config, "prevResult"));
    return error ? error : check_netns(call);
}

/* Plugging. */

/* The addresses and gateways of a port as the node's side wants them. */
struct plug_texts {
    char addresses[PREFIXES_TEXT], gateways[PREFIXES_TEXT], mac[MAC_TEXT];
};

static void make_texts(const struct pod_network *network, struct plug_texts *texts)
{
    char text[PREFIX_TEXT];
    size_t addresses = 0, gateways = 0;

    *texts = (struct plug_texts){0};
    for (size_t i = 0; i < network->addresses.n; i++) {
        addresses += (size_t)sprintf(texts->addresses + addresses, "%s%s", addresses ? "," : "",
                                     prefix_to_text(&network->addresses.of[i], text));
        if (network->gateways[i].family) {
            gateways += (size_t)sprintf(texts->gateways + gateways, "%s%s", gateways ? "," : "",
                                        ip_to_text(&network->gateways[i], text));
        }
    }
    mac_to_text(&network->mac, texts->mac);
}

static const char *or_null(const char *text)
{
    return *text ? text : NULL;
}

static ovnk8s_plug plug_of(const struct cni_call *call, const struct cni_port *port,
                           const struct plug_texts *texts)
{
    ovnk8s_plug plug = OVNK8S_PLUG_INIT;

    plug.container_id = call->container_id;
    plug.interface = call->ifname;
    plug.netns = call->netns;
    plug.network = call->network;
    plug.iface_id = port->iface_id;
    plug.iface_id_ver = or_null(port->iface_id_ver);
    plug.mac = texts->mac;
    plug.addresses = texts->addresses;
    plug.gateways = or_null(texts->gateways);
    plug.routes = or_null(port->routes);
    plug.mtu = port->mtu;
    plug.ingress_rate = call->wishes.ingress_rate;
    plug.ingress_burst = call->wishes.ingress_burst;
    plug.egress_rate = call->wishes.egress_rate;
    plug.egress_burst = call->wishes.egress_burst;
    return plug;
}

static void write_result(struct cni_call *call, const struct cni_port *port,
                         const char *host_interface)
{
    const struct cni_result result = {.version = call->version,
                                      .host_interface = host_interface,
                                      .interface = call->ifname,
                                      .netns = call->netns,
                                      .network = &port->network,
                                      .routes = port->routes,
                                      .mtu = port->mtu,
                                      .previous = cni_find(call->config, "prevResult"),
                                      .dns = call->wishes.dns};

    cni_write_result(&call->output, &result);
}

/* Unless something says what it is, it is what fits into a tunnel: known here for the result. */
static unsigned int choose_mtu(const struct cni_call *call, ovnk8s_vswitch *vswitch)
{
    _cleanup_netns_ struct netns *host = NULL;
    const unsigned int mtu = settings_mtu(call->settings);

    return mtu || netns_open(&host, NULL) ? mtu : plug_mtu(vswitch, host);
}

static int add(struct cni_call *call, ovnk8s_vswitch *vswitch, const struct deadline *deadline)
{
    struct cni_port port;
    struct plug_texts texts;
    char host_interface[16];
    ovnk8s_plug plug;
    const int error = cni_port_find(call, vswitch, deadline, &port);

    if (error) {
        return error;
    }
    cni_stage(call, "plug");
    port.mtu = port.mtu ? port.mtu : choose_mtu(call, vswitch);
    make_texts(&port.network, &texts);
    plug = plug_of(call, &port, &texts);
    plug.timeout_ms = (unsigned int)deadline_left(deadline) + 1;
    if (ovnk8s_plug_add(vswitch, &plug, host_interface)) {
        return cni_code_of_plug();
    }
    write_result(call, &port, host_interface);
    return 0;
}

int cni_add(struct cni_call *call)
{
    const int64_t start = now_ms();
    struct deadline deadline;
    ovnk8s_vswitch *vswitch;
    int error = check(call);

    error = error ? error : cni_open_vswitch(call, &vswitch);
    if (error) {
        return error;
    }
    /* One deadline for all: how long it is, is known only now, since a file may say so. */
    deadline = (struct deadline){start + settings_timeout_ms(call->settings), call->cancel};
    error = add(call, vswitch, &deadline);
    ovnk8s_vswitch_close(vswitch);
    return error;
}
