#include <ovnk8s/gateway_helper.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/log.h"
#include "base/options.h"
#include "base/wait.h"
#include "base/wake.h"
#include "kube/kube.h"
#include "node/flows.h"
#include "openflow/bridge.h"
#include "watch/health.h"
#include "watch/published.h"
#include "watch/service_cache.h"

enum {
    FIRST_PAUSE_MS = 200, /* After a failure. */
    MOST_PAUSE_MS = 10000,
    SHORTEST_TURN_MS = 100, /* From one look to the next: others may change much at once. */
};

struct ovnk8s_gateway_helper {
    ovnk8s_bridge *bridge;
    ovnk8s_kube *kube;
    struct log log;
    ovnk8s_gateway_flows gateway;
    char *physical_port, *patch_port, *given_mac; /* What 'gateway' points to. */
    char *node;                                   /* What 'health' points to. */
    char mac[MAC_TEXT];                           /* That 'flows' were made with. */
    int epoll, bridge_fd;
    short bridge_events;

    struct kube_reflector *reflector;
    struct service_cache services;
    size_t n_publishing; /* Of them. */
    struct health health;
    bool is_synced, is_dry;
    ovnk8s_flows *flows; /* Wanted. */
    bool is_stale;       /* 'flows' are not made of what is known now. */

    bool is_due;       /* The bridge may have other flows than wanted. */
    int64_t at;        /* When to look, then. */
    int64_t looked_at; /* When that was done last. */
    bool is_installed;
    size_t foreign;
    unsigned int failed; /* In a row. */
    uint64_t bundles, failures;
    char reason[512];
};

void ovnk8s_gateway_helper_options_init(ovnk8s_gateway_helper_options *options)
{
    *options = (ovnk8s_gateway_helper_options)OVNK8S_GATEWAY_HELPER_OPTIONS_INIT;
}

/* When to look at the bridge. */

static void look_soon(ovnk8s_gateway_helper *helper)
{
    helper->is_due = true;
    helper->is_installed = false;
    helper->failed = 0;
    helper->at = helper->looked_at + SHORTEST_TURN_MS;
}

static void look_later(ovnk8s_gateway_helper *helper)
{
    int64_t pause = FIRST_PAUSE_MS;

    for (unsigned int i = 0; i < helper->failed && pause < MOST_PAUSE_MS; i++) {
        pause *= 2;
    }
    helper->failed++;
    helper->is_due = true;
    helper->at = now_ms() + (pause < MOST_PAUSE_MS ? pause : MOST_PAUSE_MS);
}

/* Tells of a failure, unless it is the one that was told last. */
static void tell_failure(ovnk8s_gateway_helper *helper)
{
    const char *message = ovnk8s_last_error()->message;

    helper->failures++;
    if (strcmp(helper->reason, message) != 0) {
        snprintf(helper->reason, sizeof helper->reason, "%s", message);
        log_line(&helper->log, OVNK8S_LOG_WARN, "%s: %s", bridge_remote(helper->bridge), message);
    }
}

/* What the API server says. */

static void services_changed(ovnk8s_gateway_helper *helper)
{
    helper->is_stale = true;
    look_soon(helper);
}

static void service_changed(struct cached_service *service, const struct service_spec *before,
                            void *payload)
{
    ovnk8s_gateway_helper *helper = payload;

    health_changed(&helper->health, service, before);
    if (before != service->spec && !published_equal(before, service->spec)) {
        helper->n_publishing += publishes(service->spec);
        helper->n_publishing -= publishes(before);
        if (helper->is_synced) {
            services_changed(helper);
        }
    }
}

/* Once all Services are known. */
static void begin_if_synced(ovnk8s_gateway_helper *helper)
{
    if (helper->is_synced || !helper->services.services_synced) {
        return;
    }
    log_line(&helper->log, OVNK8S_LOG_INFO,
             "following the services of %s, %zu of which publish ports", kube_server(helper->kube),
             helper->n_publishing);
    helper->is_synced = true;
    services_changed(helper);
}

/* What the bridge says. */

static void bridge_has_changed(void *payload)
{
    look_soon(payload);
}

static void told(ovnk8s_gateway_helper *helper, const struct bridge_result *result)
{
    if (result->added || result->changed || result->deleted) {
        helper->bundles++;
        log_line(
            &helper->log, OVNK8S_LOG_INFO, "flows: %zu wanted, %zu added, %zu changed, %zu deleted",
            ovnk8s_flows_count(helper->flows), result->added, result->changed, result->deleted);
    }
    helper->foreign = result->foreign;
    helper->failed = 0;
    helper->reason[0] = '\0';
    helper->is_installed = !helper->is_due;
}

static void done(void *payload, int error, const struct bridge_result *result)
{
    ovnk8s_gateway_helper *helper = payload;

    if (error) {
        tell_failure(helper);
        look_later(helper);
    } else {
        told(helper, result);
    }
}

/* The flows that are wanted. */

struct building {
    ovnk8s_gateway_helper *helper;
    ovnk8s_flows *flows;
    int error;
};

static void add_published(const struct published *published, void *payload)
{
    struct building *building = payload;
    const ovnk8s_gateway_flows *gateway = &building->helper->gateway;
    const unsigned int family = published->address ? published->address->family : 0;
    char text[IP_TEXT];

    if (building->error || (family == 4 && !gateway->ipv4) || (family == 6 && !gateway->ipv6)) {
        return;
    }
    building->error = ovnk8s_flows_add_service(building->flows, protocol_text(published->protocol),
                                               family ? ip_to_text(published->address, text) : NULL,
                                               published->port);
}

static void add_service(struct cached_service *service, void *payload)
{
    published_each(service->spec, add_published, payload);
}

static int build(ovnk8s_gateway_helper *helper, const char *mac)
{
    struct building building = {.helper = helper};
    ovnk8s_gateway_flows gateway = helper->gateway;

    gateway.mac = *mac ? mac : NULL;
    building.error = ovnk8s_flows_new(&building.flows, &gateway);
    if (!building.error) {
        service_cache_each(&helper->services, add_service, &building);
    }
    if (building.error) {
        ovnk8s_flows_free(building.flows);
        return building.error;
    }
    ovnk8s_flows_free(helper->flows);
    helper->flows = building.flows;
    memmove(helper->mac, mac, strlen(mac) + 1);
    helper->is_stale = false;
    return 0;
}

/* Makes 'flows' what is known now. */
static int update(ovnk8s_gateway_helper *helper)
{
    const struct mac *local = helper->given_mac ? NULL : bridge_mac(helper->bridge);
    char mac[MAC_TEXT] = "";

    if (helper->given_mac) {
        snprintf(mac, sizeof mac, "%s", helper->given_mac);
    } else if (local) {
        mac_to_text(local, mac);
    }
    return helper->is_stale || strcmp(mac, helper->mac) != 0 ? build(helper, mac) : 0;
}

static void look(ovnk8s_gateway_helper *helper)
{
    const struct bridge_work work = {
        .wanted = flows_list(helper->flows),
        .cookie = OVNK8S_FLOWS_COOKIE,
        .keeps = !helper->is_synced, /* What is there may be of Services that are not known yet. */
        .done = done,
        .payload = helper,
    };

    helper->is_due = false;
    helper->looked_at = now_ms();
    bridge_apply(helper->bridge, &work);
    bridge_step(helper->bridge); /* Sends the question. */
}

static void look_if_due(ovnk8s_gateway_helper *helper)
{
    if (!helper->is_due || bridge_is_busy(helper->bridge) || !bridge_is_ready(helper->bridge) ||
        now_ms() < helper->at) {
        return;
    }
    if (update(helper)) {
        tell_failure(helper);
        look_later(helper);
    } else if (helper->is_dry) {
        helper->is_due = false;
        helper->is_installed = true;
    } else {
        look(helper);
    }
}

/* Waking up. */

static void register_wakes(ovnk8s_gateway_helper *helper)
{
    const int fd = bridge_fd(helper->bridge);

    if (helper->bridge_fd >= 0 && helper->bridge_fd != fd &&
        helper->bridge_fd != kube_fd(helper->kube)) {
        wake_forget(helper->epoll, helper->bridge_fd);
    }
    helper->bridge_fd = fd;
    if (fd >= 0) {
        wake_register(helper->epoll, fd, bridge_events(helper->bridge));
    }
    wake_register(helper->epoll, kube_fd(helper->kube), POLLIN);
}

int ovnk8s_gateway_helper_fd(const ovnk8s_gateway_helper *helper)
{
    return helper->epoll;
}

static int64_t deadline_of(const ovnk8s_gateway_helper *helper)
{
    const int64_t kube = kube_deadline(helper->kube), bridge = bridge_deadline(helper->bridge);
    const bool waits =
        helper->is_due && !bridge_is_busy(helper->bridge) && bridge_is_ready(helper->bridge);
    const int64_t at = kube < bridge ? kube : bridge;

    return waits && helper->at < at ? helper->at : at;
}

int ovnk8s_gateway_helper_timeout(const ovnk8s_gateway_helper *helper)
{
    return wake_timeout(deadline_of(helper));
}

void ovnk8s_gateway_helper_step(ovnk8s_gateway_helper *helper)
{
    if (kube_step(helper->kube)) {
        log_line(&helper->log, OVNK8S_LOG_ERROR, "%s", ovnk8s_last_error()->message);
    }
    if (health_step(&helper->health)) {
        log_line(&helper->log, OVNK8S_LOG_ERROR, "%s", ovnk8s_last_error()->message);
    }
    begin_if_synced(helper);
    bridge_step(helper->bridge);
    look_if_due(helper);
    register_wakes(helper);
}

int ovnk8s_gateway_helper_run(ovnk8s_gateway_helper *helper, ovnk8s_cancel *cancel)
{
    for (;;) {
        const struct deadline deadline = {INT64_MAX, cancel};
        struct pollfd fds[2] = {{.fd = helper->epoll, .events = POLLIN}};
        int error;

        ovnk8s_gateway_helper_step(helper);
        error = deadline_poll(&deadline, fds, 1, deadline_of(helper));
        if (error) {
            return error;
        }
    }
}

/* Life. */

static int copy(char **out, const char *text)
{
    *out = text ? strdup(text) : NULL;
    return text && !*out ? fail_nomem() : 0;
}

static int keep_gateway(ovnk8s_gateway_helper *helper, const ovnk8s_gateway_flows *theirs)
{
    int error = options_take(&helper->gateway, sizeof helper->gateway, theirs);

    error = error ? error : copy(&helper->physical_port, helper->gateway.physical_port);
    error = error ? error : copy(&helper->patch_port, helper->gateway.patch_port);
    error = error ? error : copy(&helper->given_mac, helper->gateway.mac);
    helper->gateway.physical_port = helper->physical_port;
    helper->gateway.patch_port = helper->patch_port;
    helper->gateway.mac = NULL;
    /* What is wrong with it is told now. */
    return error ? error : ovnk8s_flows_new(&helper->flows, &helper->gateway);
}

static int check_mac(const char *text)
{
    struct mac mac;

    return !text || mac_from_text(text, &mac)
               ? 0
               : fail(OVNK8S_INVALID, "MAC address \"%.80s\": expected one", text);
}

static int start(ovnk8s_gateway_helper *helper)
{
    static const struct kube_collection all_services = {.path = "/api/v1/services"};
    const struct kube_handler handler = service_cache_services(&helper->services);
    int error = check_mac(helper->given_mac);

    if (error) {
        return error;
    }
    helper->epoll = descriptor_aside(epoll_create1(EPOLL_CLOEXEC));
    if (helper->epoll < 0) {
        return fail_errno(errno, "epoll_create1");
    }
    error = kube_reflector_start(&helper->reflector, helper->kube, &all_services, &handler);
    if (error) {
        return error;
    }
    bridge_watch(helper->bridge, bridge_has_changed, helper);
    helper->is_stale = true;
    helper->looked_at = now_ms() - SHORTEST_TURN_MS;
    look_soon(helper);
    register_wakes(helper);
    return 0;
}

int ovnk8s_gateway_helper_new(ovnk8s_gateway_helper **out, ovnk8s_bridge *bridge, ovnk8s_kube *kube,
                              const ovnk8s_gateway_flows *gateway,
                              const ovnk8s_gateway_helper_options *theirs)
{
    ovnk8s_gateway_helper_options options = OVNK8S_GATEWAY_HELPER_OPTIONS_INIT;
    int error = options_take(&options, sizeof options, theirs);
    ovnk8s_gateway_helper *helper;

    *out = NULL;
    if (error) {
        return error;
    }
    helper = calloc(1, sizeof *helper);
    if (!helper) {
        return fail_nomem();
    }
    helper->bridge = bridge;
    helper->kube = kube;
    helper->log = (struct log){options.log, options.log_payload};
    helper->services.log = helper->log;
    helper->services.changed = service_changed;
    helper->services.payload = helper;
    helper->epoll = helper->bridge_fd = -1;
    helper->gateway = (ovnk8s_gateway_flows)OVNK8S_GATEWAY_FLOWS_INIT;
    helper->is_dry = options.dry_run;
    error = copy(&helper->node, options.node);
    helper->health =
        (struct health){.kube = kube, .services = &helper->services, .node = helper->node};
    error = error ? error : keep_gateway(helper, gateway);
    error = error ? error : start(helper);
    if (error) {
        ovnk8s_gateway_helper_free(helper);
        return error;
    }
    *out = helper;
    return 0;
}

void ovnk8s_gateway_helper_free(ovnk8s_gateway_helper *helper)
{
    if (!helper) {
        return;
    }
    bridge_watch(helper->bridge, NULL, NULL);
    bridge_forget(helper->bridge);
    kube_reflector_stop(helper->reflector);
    health_stop(&helper->health);
    service_cache_clear(&helper->services);
    ovnk8s_flows_free(helper->flows);
    if (helper->epoll >= 0) {
        close(helper->epoll);
    }
    free(helper->physical_port);
    free(helper->patch_port);
    free(helper->given_mac);
    free(helper->node);
    free(helper);
}

int ovnk8s_gateway_helper_get_status(const ovnk8s_gateway_helper *helper,
                                     ovnk8s_gateway_helper_status *theirs)
{
    const ovnk8s_gateway_helper_status status = {
        .size = theirs->size,
        .synced = helper->is_synced,
        .connected = bridge_is_ready(helper->bridge),
        .installed = helper->is_installed && bridge_is_ready(helper->bridge),
        .services = helper->n_publishing,
        .flows = ovnk8s_flows_count(helper->flows),
        .foreign = helper->foreign,
        .bundles = helper->bundles,
        .failures = helper->failures,
        .reason = helper->reason,
    };

    if (theirs->size < sizeof theirs->size || theirs->size > sizeof status) {
        return fail(OVNK8S_INVALID, "status: size %zu: expected at most %zu", theirs->size,
                    sizeof status);
    }
    memcpy(theirs, &status, theirs->size);
    return 0;
}

int ovnk8s_gateway_helper_flows_text(const ovnk8s_gateway_helper *helper, char **out)
{
    return ovnk8s_flows_text(helper->flows, out);
}

void ovnk8s_gateway_helper_health_checks(const ovnk8s_gateway_helper *helper,
                                         ovnk8s_health_check_fn *tell, void *payload)
{
    health_each(&helper->health, tell, payload);
}

uint64_t ovnk8s_gateway_helper_health_changes(const ovnk8s_gateway_helper *helper)
{
    return helper->health.changes;
}
