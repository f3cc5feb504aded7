/* ovn-k8s-watcher: the daemon that gives the pods of a cluster their ports. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "util.h"
#include "watcher.h"

/* Its external_ids tell what nothing else does. A host that needs no more of it, or a pod, need not
 * have one. */
static void ask_vswitch(ovnk8s_settings *settings)
{
    ovnk8s_vswitch *vswitch;

    cli_check(ovnk8s_settings_read_file(settings));
    if (ovnk8s_settings_asks_vswitch(settings, "nb") ||
        ovnk8s_settings_asks_vswitch(settings, "api-server")) {
        cli_check(ovnk8s_settings_open_vswitch(settings, &vswitch));
        ovnk8s_vswitch_close(vswitch);
    }
}

void connect_all(struct daemon *daemon)
{
    ovnk8s_settings_set_log(daemon->ovsd.cli.settings, ovsd_log, NULL);
    daemon->options.log = ovsd_log;
    ask_vswitch(daemon->ovsd.cli.settings);
    cli_check(ovnk8s_settings_open_nb(daemon->ovsd.cli.settings, &daemon->nb));
    cli_check(ovnk8s_settings_open_kube(daemon->ovsd.cli.settings, &daemon->kube));
    /* A wrong address or token is told now, and not only to the log. */
    cli_check(ovnk8s_kube_get(daemon->kube, "/api/v1/pods?limit=1", NULL));
    cli_check(ovnk8s_watcher_new(&daemon->watcher, daemon->nb, daemon->kube, &daemon->options));
}

static void disconnect_all(struct daemon *daemon)
{
    ovnk8s_watcher_free(daemon->watcher);
    ovnk8s_kube_close(daemon->kube);
    ovnk8s_nb_close(daemon->nb);
    free(daemon->lease);
    ovsd_end(&daemon->ovsd);
}

void step(void *watcher)
{
    ovnk8s_watcher_step(watcher);
}

int fd_of(void *watcher)
{
    return ovnk8s_watcher_fd(watcher);
}

int timeout_of(void *watcher)
{
    return ovnk8s_watcher_timeout(watcher);
}

static int serve(struct daemon *daemon)
{
    const struct ovsd_health health = {tell_metrics, tell_ready, daemon};

    daemonize_start(false);
    ovsd_listen(&daemon->ovsd);
    connect_all(daemon);
    listen_for_control(daemon);
    ovsd_answer(&daemon->ovsd, &health);
    daemonize_complete();
    ovsd_run(&daemon->ovsd, &(struct ovsd_work){daemon->watcher, step, fd_of, timeout_of});
    return CLI_OK;
}

int main(int argc, char *argv[])
{
    struct daemon daemon = {.ovsd.cli.help = watcher_help};
    int status;

    ovsd_begin(&daemon.ovsd, argc, argv);
    parse_command_line(&daemon, argc, argv);
    status = daemon.checks ? check(&daemon) : serve(&daemon);
    disconnect_all(&daemon);
    if (fflush(stdout)) {
        ovs_fatal(errno, "writing the result");
    }
    return status;
}
