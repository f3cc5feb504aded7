/* ovn-k8s-gateway-helper: the daemon that keeps the OpenFlow flows of a gateway. */

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "helper.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(gateway_helper);

/* Connecting. */

static void connect_bridge(struct daemon *daemon)
{
    cli_check(ovnk8s_settings_open_bridge(daemon->ovsd.cli.settings, daemon->bridge_name,
                                          &daemon->bridge));
}

/* As gateway-init has written it down. Where it was not that which has connected the bridges,
 * nobody sends packets for Services here. */
static void learn_node(struct daemon *daemon, ovnk8s_vswitch *vswitch)
{
    const int error = ovnk8s_gateway_host_node(&daemon->node, vswitch, daemon->bridge_name);

    if (error == OVNK8S_NOTFOUND) {
        VLOG_INFO("no health checks are answered: %s", ovnk8s_last_error()->message);
    } else {
        cli_check(error);
    }
}

static void create_helper(struct daemon *daemon)
{
    ovnk8s_gateway_helper_options options = OVNK8S_GATEWAY_HELPER_OPTIONS_INIT;
    ovnk8s_gateway_flows gateway = OVNK8S_GATEWAY_FLOWS_INIT;
    char *patch = xasprintf("k8s-patch-%s-br-int", daemon->bridge_name);

    options.log = ovsd_log;
    options.dry_run = daemon->is_dry;
    options.node = daemon->node;
    gateway.physical_port = daemon->nic;
    gateway.patch_port = patch;
    gateway.zone =
        (unsigned int)atoi(ovnk8s_settings_get(daemon->ovsd.cli.settings, "conntrack-zone"));
    cli_check(ovnk8s_gateway_helper_new(&daemon->helper, daemon->bridge, daemon->kube, &gateway,
                                        &options));
    free(patch);
}

static void connect_all(struct daemon *daemon)
{
    ovnk8s_vswitch *vswitch;

    ovnk8s_settings_set_log(daemon->ovsd.cli.settings, ovsd_log, NULL);
    cli_check(ovnk8s_settings_open_vswitch(daemon->ovsd.cli.settings, &vswitch));
    if (!daemon->is_dry) {
        learn_node(daemon, vswitch);
    }
    ovnk8s_vswitch_close(vswitch); /* Its external_ids are known now. */
    cli_check(ovnk8s_settings_open_kube(daemon->ovsd.cli.settings, &daemon->kube));
    connect_bridge(daemon);
    create_helper(daemon);
}

/* A wrong address or token is told now, and not only to the log. But a node starts before its API
 * server can be reached, and its pods need their flows. */
static void check_api_server(struct daemon *daemon)
{
    const int error = ovnk8s_kube_get(daemon->kube, "/api/v1/services?limit=1", NULL);

    if (error == OVNK8S_UNAVAILABLE || error == OVNK8S_TIMEOUT) {
        VLOG_WARN("going on without Services: %s", ovnk8s_last_error()->message);
    } else {
        cli_check(error);
    }
}

/* Waits for the flows of the gateway, which do not need the API server; or for all of them. */
static void wait_for_flows(struct daemon *daemon, bool of_services)
{
    const char *timeout = ovnk8s_settings_get(daemon->ovsd.cli.settings, "timeout");
    const time_t until = time(NULL) + atoi(timeout);

    for (;;) {
        struct pollfd fd = {.fd = ovnk8s_gateway_helper_fd(daemon->helper), .events = POLLIN};
        ovnk8s_gateway_helper_status status;
        int wait;

        ovnk8s_gateway_helper_step(daemon->helper);
        status = status_of(daemon);
        if (status.installed && (status.synced || !of_services)) {
            return;
        }
        if (*status.reason || time(NULL) >= until) {
            ovs_fatal(0, "%s",
                      *status.reason ? status.reason : "the Services did not come in time");
        }
        wait = ovnk8s_gateway_helper_timeout(daemon->helper);
        poll(&fd, 1, wait < 0 || wait > 1000 ? 1000 : wait);
    }
}

/* What is done instead of running. */

static void remove_flows(struct daemon *daemon)
{
    ovnk8s_flows_result result = {.size = sizeof result};

    connect_bridge(daemon);
    cli_check(ovnk8s_flows_delete(daemon->bridge, &result));
    printf("%zu flows deleted\n", result.deleted);
    ovnk8s_bridge_close(daemon->bridge);
}

static void print_flows(struct daemon *daemon)
{
    char *text;

    vlog_set_levels(NULL, VLF_CONSOLE, VLL_ERR);
    connect_all(daemon);
    cli_check(ovnk8s_kube_get(daemon->kube, "/api/v1/services?limit=1", NULL));
    wait_for_flows(daemon, true);
    cli_check(ovnk8s_gateway_helper_flows_text(daemon->helper, &text));
    fputs(text, stdout);
    ovnk8s_free(text);
}

/* Running. */

static void step(void *payload)
{
    struct daemon *daemon = payload;

    ovnk8s_gateway_helper_step(daemon->helper);
    answer_health_checks(daemon);
}

static int fd_of(void *payload)
{
    const struct daemon *daemon = payload;

    return ovnk8s_gateway_helper_fd(daemon->helper);
}

static int timeout_of(void *payload)
{
    const struct daemon *daemon = payload;

    return ovnk8s_gateway_helper_timeout(daemon->helper);
}

/* Each health check has a socket, and connections: they shall not be in the way of all else. */
static void allow_many_descriptors(void)
{
    struct rlimit limit;

    if (!getrlimit(RLIMIT_NOFILE, &limit)) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void disconnect_all(struct daemon *daemon)
{
    forget_health_checks(daemon);
    ovnk8s_gateway_helper_free(daemon->helper);
    ovnk8s_kube_close(daemon->kube);
    ovnk8s_bridge_close(daemon->bridge);
    ovnk8s_free(daemon->node);
    ovsd_end(&daemon->ovsd);
}

static void serve(struct daemon *daemon)
{
    const struct ovsd_health health = {tell_metrics, tell_ready, daemon};

    allow_many_descriptors();
    daemonize_start(false);
    ovsd_listen(&daemon->ovsd);
    connect_all(daemon);
    wait_for_flows(daemon, false);
    check_api_server(daemon);
    listen_for_control(daemon);
    ovsd_answer(&daemon->ovsd, &health);
    daemonize_complete();
    ovsd_run(&daemon->ovsd, &(struct ovsd_work){daemon, step, fd_of, timeout_of});
}

int main(int argc, char *argv[])
{
    struct daemon daemon = {.ovsd.cli.help = helper_help};

    shash_init(&daemon.checks);
    ovsd_begin(&daemon.ovsd, argc, argv);
    parse_command_line(&daemon, argc, argv);
    if (daemon.removes) {
        remove_flows(&daemon);
        ovsd_end(&daemon.ovsd);
        return CLI_OK;
    }
    if (daemon.is_dry) {
        print_flows(&daemon);
    } else {
        serve(&daemon);
    }
    disconnect_all(&daemon);
    return CLI_OK;
}
