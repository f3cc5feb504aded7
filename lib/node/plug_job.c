#include "node/plug_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/options.h"
#include "ovsdb/vswitch.h"

void ovnk8s_plug_init(ovnk8s_plug *plug)
{
    *plug = (ovnk8s_plug)OVNK8S_PLUG_INIT;
}

int plug_identity(const char *container_id, const char *interface, struct plug_identity *out)
{
    if (!container_id || !*container_id || strlen(container_id) > PLUG_ID_LENGTH) {
        return fail(OVNK8S_INVALID, "container id \"%.32s\": expected 1 to %d characters",
                    container_id ? container_id : "", PLUG_ID_LENGTH);
    }
    if (!interface || !link_name_valid(interface)) {
        return fail(OVNK8S_INVALID, "interface \"%.32s\": no valid name of a network interface",
                    interface ? interface : "");
    }
    /* A zero byte between them would be clearer, but the name of a link has no space anyway. */
    snprintf(out->key, sizeof out->key, "cni %s %s", container_id, interface);
    link_name_from_hash(out->host_interface, "veth", container_id, interface);
    return 0;
}

static int parse_mac(struct plug_job *job)
{
    const char *text = job->plug.mac;

    if (text && (!mac_from_text(text, &job->mac) || job->mac.bytes[0] & 1)) {
        return fail(OVNK8S_INVALID, "MAC \"%s\": expected a unicast one such as 0a:58:0a:01:02:03",
                    text);
    }
    return 0;
}

static int parse_addresses(struct plug_job *job)
{
    const char *text = job->plug.addresses;

    return !text || prefixes_from_text(text, &job->addresses)
               ? 0
               : fail(OVNK8S_INVALID, "addresses \"%s\": expected ADDRESS/LENGTH, or two", text);
}

static int check_mtu(const ovnk8s_plug *plug)
{
    return plug->mtu && (plug->mtu < 68 || plug->mtu > 65535)
               ? fail(OVNK8S_INVALID, "MTU %u: expected 68 to 65535", plug->mtu)
               : 0;
}

/* Limits. */

enum { LEAST_RATE = 1000, LEAST_BURST = 128000, MOST_BURST_S = 60 };

/* Without a burst that is given, that of a tenth of a second, and some packets at least: TCP hardly
 * gets the rate otherwise. More than some packets it must be in any case, and more than a minute
 * the clocks of kernels cannot count. */
static uint64_t burst_of(uint64_t rate, uint64_t burst)
{
    const uint64_t wanted = burst ? burst : rate / 10;
    const uint64_t most = rate * MOST_BURST_S;

    return wanted < LEAST_BURST ? LEAST_BURST : wanted > most ? most : wanted;
}

static int parse_limit(const char *what, uint64_t rate, uint64_t burst, struct plug_limit *out)
{
    if (rate ? rate < LEAST_RATE || rate > UINT64_MAX / MOST_BURST_S : burst != 0) {
        return fail(OVNK8S_INVALID, "%s: %s", what,
                    rate ? "a rate out of range" : "a burst without a rate");
    }
    *out = (struct plug_limit){rate, rate ? burst_of(rate, burst) : 0};
    return 0;
}

static int parse_limits(struct plug_job *job)
{
    const ovnk8s_plug *plug = &job->plug;
    const int error = parse_limit("ingress", plug->ingress_rate, plug->ingress_burst, &job->to);

    return error ? error : parse_limit("egress", plug->egress_rate, plug->egress_burst, &job->from);
}

/* Gateways, one of each family at most. */

struct gateways {
    struct ip of[2];
    size_t n;
};

static const struct ip *gateway_of(const struct gateways *gateways, unsigned int family)
{
    for (size_t i = 0; i < gateways->n; i++) {
        if (gateways->of[i].family == family) {
            return &gateways->of[i];
        }
    }
    return NULL;
}

static bool is_within(const struct prefixes *addresses, const struct ip *gateway)
{
    const struct prefix *subnet = prefixes_of(addresses, gateway->family);

    return subnet && prefix_contains(subnet, gateway);
}

static int parse_gateways(const struct plug_job *job, struct gateways *out)
{
    const char *text = job->plug.gateways;
    char one[IP_TEXT];

    while (text && *text) {
        const size_t length = strcspn(text, ",");
        struct ip gateway;

        snprintf(one, sizeof one, "%.*s", (int)length, text);
        if (length >= sizeof one || !ip_from_text(one, &gateway) ||
            !is_within(&job->addresses, &gateway) || gateway_of(out, gateway.family)) {
            return fail(OVNK8S_INVALID, "gateways \"%s\": expected an address within each subnet",
                        job->plug.gateways);
        }
        out->of[out->n++] = gateway;
        text += length + (text[length] == ',');
    }
    return 0;
}

/* Routes. */

enum { ROUTE_ITEM = PREFIX_TEXT + IP_TEXT + 1 };

/* "DESTINATION" or "DESTINATION GATEWAY". */
static bool parse_route(char *text, const struct gateways *gateways, struct route *out)
{
    char *gateway = strchr(text, ' ');
    const struct ip *usual;

    if (gateway) {
        *gateway++ = '\0';
    }
    if (!prefix_from_text(text, &out->to) || !prefix_is_network(&out->to)) {
        return false;
    }
    usual = gateway_of(gateways, out->to.ip.family);
    if (!gateway && usual) {
        out->via = *usual;
    }
    return !gateway || (ip_from_text(gateway, &out->via) && out->via.family == out->to.ip.family);
}

static int parse_routes(struct plug_job *job, const struct gateways *gateways)
{
    const char *text = job->plug.routes;
    char one[ROUTE_ITEM];

    while (text && *text) {
        const size_t length = strcspn(text, ",");

        snprintf(one, sizeof one, "%.*s", (int)length, text);
        if (length >= sizeof one || !parse_route(one, gateways, &job->routes[job->n_routes])) {
            return fail(OVNK8S_INVALID,
                        "routes: \"%.*s\": expected NETWORK/LENGTH, or that and a gateway",
                        (int)(length < ROUTE_ITEM ? length : ROUTE_ITEM), text);
        }
        job->n_routes++;
        text += length + (text[length] == ',');
    }
    return 0;
}

static bool has_default(const struct plug_job *job, unsigned int family)
{
    for (size_t i = 0; i < job->n_routes; i++) {
        if (!job->routes[i].to.length && job->routes[i].to.ip.family == family) {
            return true;
        }
    }
    return false;
}

static void add_defaults(struct plug_job *job, const struct gateways *gateways)
{
    for (size_t i = 0; i < gateways->n; i++) {
        const struct ip *via = &gateways->of[i];

        if (!has_default(job, via->family)) {
            job->routes[job->n_routes++] = (struct route){.to.ip.family = via->family, .via = *via};
        }
    }
}

static size_t count_items(const char *text)
{
    size_t n = text && *text;

    for (; text && *text; text++) {
        n += *text == ',';
    }
    return n;
}

static int parse_ways(struct plug_job *job)
{
    struct gateways gateways = {0};
    int error = parse_gateways(job, &gateways);

    if (!error) {
        job->routes = calloc(count_items(job->plug.routes) + 2, sizeof *job->routes);
        error = job->routes ? parse_routes(job, &gateways) : fail_nomem();
    }
    if (!error) {
        add_defaults(job, &gateways);
    }
    return error;
}

int plug_job_take(struct plug_job *job, ovnk8s_vswitch *vswitch, const ovnk8s_plug *theirs)
{
    int error;

    *job = (struct plug_job){.plug = OVNK8S_PLUG_INIT, .vswitch = vswitch};
    error = options_take(&job->plug, sizeof job->plug, theirs);
    error =
        error ? error : plug_identity(job->plug.container_id, job->plug.interface, &job->identity);
    error = error ? error : parse_mac(job);
    error = error ? error : parse_addresses(job);
    error = error ? error : check_mtu(&job->plug);
    error = error ? error : parse_limits(job);
    error = error ? error : parse_ways(job);
    job->deadline = conn_deadline(vswitch_conn(vswitch), job->plug.timeout_ms);
    return error;
}

void plug_job_clear(struct plug_job *job)
{
    free(job->routes);
}
