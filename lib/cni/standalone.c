/* Containers without Kubernetes: the plugin makes the logical port itself, on a network that it
 * makes too when nobody has yet. What a container has is found again from the names of the network
 * and of the host, the container id and the interface. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ovnk8s/memory.h>
#include <ovnk8s/network.h>

#include "base/mem.h"
#include "base/plan.h"
#include "cni/config.h"
#include "cni/port.h"
#include "node/settings.h"

/* The configuration: the network, and what this container wishes for, as the library wants it. */
struct standalone {
    struct text subnet, gateway, ranges, addresses;
    bool is_routed;
    char mac[MAC_TEXT];
};

static void standalone_clear(struct standalone *config)
{
    text_clear(&config->subnet);
    text_clear(&config->gateway);
    text_clear(&config->ranges);
    text_clear(&config->addresses);
}

#define _cleanup_standalone_ __attribute__((cleanup(standalone_clear)))

/* A list of texts: one, or an array with one of each family. */
static const char *item_of(const cJSON *value, int i)
{
    return cJSON_GetStringValue(cJSON_IsArray(value) ? cJSON_GetArrayItem(value, i)
                                : i == 0             ? value
                                                     : NULL);
}

static int check_list(const char *key, const cJSON *value)
{
    const int n = cJSON_IsArray(value) ? cJSON_GetArraySize(value) : 1;

    for (int i = 0; i < n || i == 0; i++) {
        const char *item = item_of(value, i);

        if (!item || !*item || i == 2) {
            return cni_fail_value(key, value, "a text, or one for each of IPv4 and IPv6");
        }
    }
    return 0;
}

static int read_list(const struct cni_call *call, const char *key, struct text *out)
{
    const cJSON *value = cni_find(call->config, key);
    const int error = value ? check_list(key, value) : 0;
    const char *item;

    for (int i = 0; value && !error && (item = item_of(value, i)); i++) {
        text_printf(out, "%s%s", i ? "," : "", item);
    }
    return error;
}

static int read_subnet(const struct cni_call *call, struct standalone *out)
{
    const bool has_one = cni_find(call->config, "subnet");

    if (has_one == (cni_find(call->config, "subnets") != NULL)) {
        return cni_fail(
            CNI_BAD_CONFIG,
            "network configuration: \"mode\": \"standalone\" needs either \"subnet\", or"
            " \"subnets\" for IPv4 and IPv6");
    }
    return read_list(call, has_one ? "subnet" : "subnets", &out->subnet);
}

/* Puts the ends of ranges together. */
static int read_ranges(const struct cni_call *call, struct standalone *out)
{
    const cJSON *start = cni_find(call->config, "rangeStart");
    const cJSON *end = cni_find(call->config, "rangeEnd");
    int error;

    if (!start != !end) {
        return cni_fail(CNI_BAD_CONFIG, "network configuration: \"%s\" is missing",
                        start ? "rangeEnd" : "rangeStart");
    }
    if (!start) {
        return 0;
    }
    error = check_list("rangeStart", start);
    error = error ? error : check_list("rangeEnd", end);
    if (!error && !item_of(start, 1) != !item_of(end, 1)) {
        error = cni_fail_value("rangeEnd", end, "as many as \"rangeStart\" has");
    }
    for (int i = 0; !error && item_of(start, i); i++) {
        text_printf(&out->ranges, "%s%s-%s", i ? "," : "", item_of(start, i), item_of(end, i));
    }
    return error;
}

static int read_routed(const struct cni_call *call, struct standalone *out)
{
    const cJSON *value = cni_find(call->config, "routed");

    out->is_routed = cJSON_IsTrue(value);
    return !value || cJSON_IsBool(value) ? 0 : cni_fail_value("routed", value, "true or false");
}

static void read_wishes(const struct cni_wishes *wishes, struct standalone *out)
{
    char text[PREFIX_TEXT];

    for (size_t i = 0; i < wishes->n_ips; i++) {
        text_printf(&out->addresses, "%s%s", i ? "," : "",
                    wishes->ips[i].length ? prefix_to_text(&wishes->ips[i], text)
                                          : ip_to_text(&wishes->ips[i].ip, text));
    }
    if (wishes->mac_from) {
        mac_to_text(&wishes->mac, out->mac);
    }
}

static int read_config(const struct cni_call *call, struct standalone *out)
{
    int error = read_subnet(call, out);

    error = error ? error : read_list(call, "gateway", &out->gateway);
    error = error ? error : read_ranges(call, out);
    error = error ? error : read_routed(call, out);
    if (!error) {
        read_wishes(&call->wishes, out);
    }
    return error || !(out->subnet.failed || out->gateway.failed || out->ranges.failed ||
                      out->addresses.failed)
               ? error
               : CNI_INTERNAL;
}

/* Further routes, as ovnk8s_plug has them. */
static int read_routes(const struct cni_call *call, char out[static CNI_ROUTES_LENGTH])
{
    const cJSON *all = cni_find(call->config, "routes"), *one;
    size_t length = 0;

    *out = '\0';
    if (all && !cJSON_IsArray(all)) {
        return cni_fail_value("routes", all, "an array");
    }
    cJSON_ArrayForEach (one, all) {
        const char *to = cJSON_GetStringValue(cni_find(one, "dst"));
        const cJSON *gateway = cni_find(one, "gw");
        const char *via = cJSON_GetStringValue(gateway);

        if (!to || !*to || (gateway && !via)) {
            return cni_fail_value("routes", one, "an object with \"dst\", and perhaps \"gw\"");
        }
        length += (size_t)snprintf(out + length, CNI_ROUTES_LENGTH - length, "%s%s%s%s",
                                   length ? "," : "", to, via && *via ? " " : "", via ? via : "");
        if (length >= CNI_ROUTES_LENGTH) {
            return cni_fail(CNI_BAD_CONFIG, "network configuration: too many routes");
        }
    }
    return 0;
}

/* Rows of the Northbound database. */

/* Container ids are unique on a host: which one this is, Open vSwitch knows. */
static int find_host(ovnk8s_vswitch *vswitch, char **out)
{
    if (ovnk8s_vswitch_external_id(vswitch, "system-id", out)) {
        fail_during(OVNK8S_UNAVAILABLE, "host", "system-id",
                    "finding out which host this is by external_ids:system-id of Open vSwitch");
        return CNI_VSWITCH;
    }
    return 0;
}

static ovnk8s_attachment attachment_of(const struct cni_call *call, const char *host)
{
    ovnk8s_attachment attachment = OVNK8S_ATTACHMENT_INIT;

    attachment.network = call->network;
    attachment.host = host;
    attachment.container_id = call->container_id;
    attachment.interface = call->ifname;
    return attachment;
}

/* Of the latest failure of a plan. */
static int code_of(int error)
{
    return !error                    ? 0
           : error == OVNK8S_INVALID ? CNI_BAD_CONFIG
           : error == OVNK8S_NOMEM   ? CNI_INTERNAL
                                     : CNI_NORTHBOUND;
}

/* A time of 0: as the settings have it. */
static int apply(struct cni_call *call, ovnk8s_plan *plan, unsigned int timeout_ms)
{
    ovnk8s_apply_options options = OVNK8S_APPLY_OPTIONS_INIT;
    ovnk8s_nb *nb;
    int error = ovnk8s_settings_open_nb(call->settings, &nb);

    if (error) {
        return CNI_NORTHBOUND;
    }
    options.timeout_ms = timeout_ms;
    error = ovnk8s_plan_apply(plan, nb, &options);
    ovnk8s_nb_close(nb);
    return code_of(error);
}

static const char *text_of(const struct text *text)
{
    return text->length ? text->bytes : NULL;
}

static int plan_port(const struct cni_call *call, const struct standalone *config,
                     ovnk8s_attachment *attachment, ovnk8s_plan *plan)
{
    ovnk8s_network network = OVNK8S_NETWORK_INIT;
    int error;

    network.name = call->network;
    network.subnet = text_of(&config->subnet);
    network.gateway = text_of(&config->gateway);
    network.is_routed = config->is_routed;
    attachment->addresses = text_of(&config->addresses);
    attachment->ranges = text_of(&config->ranges);
    attachment->mac = *config->mac ? config->mac : NULL;
    error = ovnk8s_network_add(plan, &network);
    return code_of(error ? error : ovnk8s_attachment_add(plan, attachment));
}

/* What the plan has given. */
static int take_port(const struct cni_call *call, const ovnk8s_plan *plan, struct cni_port *out)
{
    const char *addresses = ovnk8s_plan_attachment_addresses(plan, out->iface_id);
    const char *mac = ovnk8s_plan_attachment_mac(plan, out->iface_id);
    const char *text = ovnk8s_plan_network_gateways(plan, call->network);
    struct prefixes gateways = {.n = 0};

    if (!prefixes_from_text(addresses, &out->network.addresses) ||
        !mac_from_text(mac, &out->network.mac) ||
        (text && *text && !prefixes_from_text(text, &gateways))) {
        return cni_fail(CNI_INTERNAL, "port %s has got no addresses", out->iface_id);
    }
    for (size_t i = 0; i < out->network.addresses.n; i++) {
        const struct prefix *gateway =
            prefixes_of(&gateways, out->network.addresses.of[i].ip.family);

        out->network.gateways[i] = gateway ? gateway->ip : (struct ip){.family = 0};
    }
    return 0;
}

static int check(const struct cni_call *call)
{
    _cleanup_standalone_ struct standalone config = {.is_routed = false};
    char routes[CNI_ROUTES_LENGTH];
    const int error = read_config(call, &config);

    return error ? error : read_routes(call, routes);
}

static int name_port(const ovnk8s_attachment *attachment, char out[static CNI_IFACE_ID_LENGTH])
{
    _cleanup_free_ char *name = NULL;
    const int error = ovnk8s_attachment_port_name(&name, attachment);

    snprintf(out, CNI_IFACE_ID_LENGTH, "%s", name ? name : "");
    return code_of(error);
}

static int name(const struct cni_call *call, ovnk8s_vswitch *vswitch,
                char out[static CNI_IFACE_ID_LENGTH])
{
    _cleanup_free_ char *host = NULL;
    const int error = find_host(vswitch, &host);
    const ovnk8s_attachment attachment = attachment_of(call, host);

    return error ? error : name_port(&attachment, out);
}

static int find(struct cni_call *call, ovnk8s_vswitch *vswitch, const struct deadline *deadline,
                struct cni_port *out)
{
    _cleanup_standalone_ struct standalone config = {.is_routed = false};
    _cleanup_plan_ ovnk8s_plan *plan = NULL;
    _cleanup_free_ char *host = NULL;
    ovnk8s_attachment attachment;
    int error;

    cni_stage(call, "port");
    error = read_config(call, &config);
    error = error ? error : read_routes(call, out->routes);
    error = error ? error : find_host(vswitch, &host);
    attachment = attachment_of(call, host);
    error = error ? error : name_port(&attachment, out->iface_id);
    error = error ? error : code_of(ovnk8s_plan_new(&plan, NULL));
    error = error ? error : plan_port(call, &config, &attachment, plan);
    error = error ? error : apply(call, plan, (unsigned int)deadline_left(deadline) + 1);
    return error ? error : take_port(call, plan, out);
}

static int release(struct cni_call *call, ovnk8s_vswitch *vswitch)
{
    _cleanup_plan_ ovnk8s_plan *plan = NULL;
    _cleanup_free_ char *host = NULL;
    ovnk8s_attachment attachment;
    int error;

    cni_stage(call, "port");
    error = find_host(vswitch, &host);
    attachment = attachment_of(call, host);
    error = error ? error : code_of(ovnk8s_plan_new(&plan, NULL));
    error = error ? error : code_of(ovnk8s_attachment_delete(plan, &attachment));
    return error ? error : apply(call, plan, 0);
}

static int plan_keep(const struct cni_call *call, const char *host, const cJSON *valid,
                     ovnk8s_plan *plan)
{
    const size_t n = (size_t)cJSON_GetArraySize(valid);
    _cleanup_free_ ovnk8s_attachment *all = calloc(n + 1, sizeof *all);
    _cleanup_free_ const ovnk8s_attachment **kept = calloc(n + 1, sizeof *kept);
    size_t i = 0;
    const cJSON *one;

    if (!all || !kept) {
        return code_of(fail_nomem());
    }
    cJSON_ArrayForEach (one, valid) {
        all[i] = attachment_of(call, host);
        all[i].container_id = cJSON_GetStringValue(cni_find(one, "containerID"));
        all[i].interface = cJSON_GetStringValue(cni_find(one, "ifname"));
        kept[i] = &all[i];
        i++;
    }
    return code_of(ovnk8s_attachments_keep(plan, call->network, host, kept, n));
}

static int collect(struct cni_call *call, ovnk8s_vswitch *vswitch, const cJSON *valid)
{
    _cleanup_plan_ ovnk8s_plan *plan = NULL;
    _cleanup_free_ char *host = NULL;
    int error;

    cni_stage(call, "ports");
    error = find_host(vswitch, &host);
    error = error ? error : code_of(ovnk8s_plan_new(&plan, NULL));
    error = error ? error : plan_keep(call, host, valid, plan);
    return error ? error : apply(call, plan, 0);
}

static int status(struct cni_call *call)
{
    ovnk8s_nb *nb;
    const int error = check(call);

    if (error) {
        return error;
    }
    cni_stage(call, "northbound");
    if (ovnk8s_settings_open_nb(call->settings, &nb)) {
        return CNI_UNAVAILABLE;
    }
    ovnk8s_nb_close(nb);
    return 0;
}

const struct cni_source cni_standalone = {check, name, find, release, collect, status};
