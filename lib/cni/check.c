/* Whether all is as ADD has left it. "prevResult" is what the whole list of plugins has made, so
 * what later ones have changed is expected, and what they have added is not looked for. No server
 * but this host's Open vSwitch is asked: runtimes check often. */

#include <string.h>

#include <ovnk8s/plug.h>

#include "base/env.h"
#include "base/ip.h"
#include "base/mem.h"
#include "cni/config.h"
#include "cni/env.h"
#include "cni/port.h"
#include "cni/previous.h"

/* What is expected, taken from the result. The MTU is not: plugins that change it do not say so. */
struct expected {
    const char *mac;
    struct prefixes addresses;
    char addresses_text[PREFIXES_TEXT];
    struct text routes;
};

static const char *text_in(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cni_find(object, key));

    return text ? text : "";
}

/* The first address of each family is this plugin's. */
static int expect_addresses(struct expected *expected, const cJSON *previous, int interface)
{
    const cJSON *ip;

    cJSON_ArrayForEach (ip, cni_find(previous, "ips")) {
        const cJSON *index = cni_find(ip, "interface");
        struct prefix address;

        if (index && (!cJSON_IsNumber(index) || index->valueint != interface)) {
            continue;
        }
        if (!prefix_from_text(text_in(ip, "address"), &address)) {
            return cni_fail_value("address", ip, "ADDRESS/LENGTH in \"prevResult\"");
        }
        if (!prefixes_of(&expected->addresses, address.ip.family)) {
            expected->addresses.of[expected->addresses.n++] = address;
        }
    }
    prefixes_to_text(&expected->addresses, expected->addresses_text);
    return 0;
}

/* Routes by way of this interface, in the main table: this plugin's all have such a gateway. */
static bool is_own_route(const struct expected *expected, const cJSON *route)
{
    enum { MAIN = 254 };
    const cJSON *table = cni_find(route, "table");
    struct ip gateway;
    struct prefix to;

    if (!ip_from_text(text_in(route, "gw"), &gateway) ||
        !prefix_from_text(text_in(route, "dst"), &to) || (table && table->valueint != MAIN)) {
        return false;
    }
    for (size_t i = 0; i < expected->addresses.n; i++) {
        if (prefix_contains(&expected->addresses.of[i], &gateway)) {
            return true;
        }
    }
    return false;
}

static void expect_routes(struct expected *expected, const cJSON *previous)
{
    const cJSON *route;

    cJSON_ArrayForEach (route, cni_find(previous, "routes")) {
        if (is_own_route(expected, route)) {
            text_printf(&expected->routes, "%s%s %s", expected->routes.length ? "," : "",
                        text_in(route, "dst"), text_in(route, "gw"));
        }
    }
}

static int expect(const struct cni_call *call, struct expected *expected)
{
    const cJSON *previous = cni_find(call->config, "prevResult");
    const int interface = cni_previous_index(previous, call->ifname, call->netns);
    const cJSON *own = cJSON_GetArrayItem(cni_find(previous, "interfaces"), interface);
    int error = cni_previous_check(previous);

    if (error) {
        return error;
    }
    if (!previous) {
        return cni_fail(CNI_BAD_CONFIG, "Required prevResult missing");
    }
    if (interface < 0) {
        return cni_fail(CNI_BAD_CONFIG,
                        "network configuration: \"prevResult\" has no interface %s in %s",
                        call->ifname, call->netns);
    }
    expected->mac = text_in(own, "mac");
    error = expect_addresses(expected, previous, interface);
    if (!error) {
        expect_routes(expected, previous);
    }
    return error;
}

static const char *or_null(const char *text)
{
    return text && *text ? text : NULL;
}

static int look(struct cni_call *call, ovnk8s_vswitch *vswitch, const struct expected *expected)
{
    char iface_id[CNI_IFACE_ID_LENGTH];
    ovnk8s_plug plug = OVNK8S_PLUG_INIT;
    int error;

    cni_stage(call, "check");
    error = cni_port_name(call, vswitch, iface_id);
    if (error) {
        return error;
    }
    plug.container_id = call->container_id;
    plug.interface = call->ifname;
    plug.netns = call->netns;
    plug.network = call->network;
    plug.iface_id = or_null(iface_id);
    plug.mac = or_null(expected->mac);
    plug.addresses = or_null(expected->addresses_text);
    plug.routes = or_null(expected->routes.bytes);
    error = ovnk8s_plug_check(vswitch, &plug);
    if (error == OVNK8S_NOTFOUND || error == OVNK8S_CONFLICT) {
        return CNI_NOT_AS_ADDED;
    }
    return error ? cni_code_of_plug() : 0;
}

static int check(struct cni_call *call, struct expected *expected)
{
    ovnk8s_vswitch *vswitch;
    int error = cni_args_parse(env_get(call->env, "CNI_ARGS"), &call->args);

    error = error ? error : expect(call, expected);
    error = error ? error : cni_open_vswitch(call, &vswitch);
    if (error) {
        return error;
    }
    error = look(call, vswitch, expected);
    ovnk8s_vswitch_close(vswitch);
    return error;
}

int cni_check(struct cni_call *call)
{
    struct expected expected = {0};
    const int error = check(call, &expected);

    text_clear(&expected.routes);
    return error;
}
