#include "ovsd.h"

#include <poll.h>
#include <stdlib.h>

#include <ovnk8s/version.h>

#include "command-line.h"
#include "openvswitch/poll-loop.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(ovnk8s);

void ovsd_begin(struct ovsd *ovsd, int argc, char *argv[])
{
    ovs_cmdl_proctitle_init(argc, argv);
    ovs_set_program_name(argv[0], OVNK8S_VERSION);
    cli_check(ovnk8s_settings_new(&ovsd->cli.settings));
}

void ovsd_end(struct ovsd *ovsd)
{
    unixctl_server_destroy(ovsd->unixctl);
    ovnk8s_settings_free(ovsd->cli.settings);
}

static void take_option(struct ovsd *ovsd, int option)
{
    switch (option) {
    case OVSD_OPTION_UNIXCTL:
        ovsd->unixctl_path = optarg;
        break;
        VLOG_OPTION_HANDLERS
        DAEMON_OPTION_HANDLERS
    default:
        cli_option(&ovsd->cli, option);
    }
}

void ovsd_parse(struct ovsd *ovsd, int argc, char *argv[], const struct option *options,
                bool (*take)(int option, void *payload), void *payload)
{
    char *short_options = ovs_cmdl_long_options_to_short_options(options);
    int option;

    while ((option = getopt_long(argc, argv, short_options, options, NULL)) != -1) {
        if (!take(option, payload)) {
            take_option(ovsd, option);
        }
    }
    free(short_options);
    cli_options_end(&ovsd->cli, argv + optind);
}

void ovsd_log(enum ovnk8s_log_level level, const char *message, void *payload)
{
    static const enum vlog_level levels[] = {
        [OVNK8S_LOG_ERROR] = VLL_ERR,
        [OVNK8S_LOG_WARN] = VLL_WARN,
        [OVNK8S_LOG_INFO] = VLL_INFO,
        [OVNK8S_LOG_DEBUG] = VLL_DBG,
    };

    (void)payload;
    VLOG(levels[level], "%s", message);
}

static void handle_exit(struct unixctl_conn *conn, int argc, const char *argv[], void *payload)
{
    struct ovsd *ovsd = payload;

    (void)argc;
    (void)argv;
    ovsd->exits = true;
    unixctl_command_reply(conn, NULL);
}

void ovsd_listen(struct ovsd *ovsd)
{
    if (unixctl_server_create(ovsd->unixctl_path, &ovsd->unixctl)) {
        exit(CLI_FAILED); /* The log has told why. */
    }
    unixctl_command_register("exit", "", 0, 0, handle_exit, ovsd);
}

void ovsd_run(struct ovsd *ovsd, const struct ovsd_work *work)
{
    VLOG_INFO("%s %s started", program_name, ovnk8s_version());
    while (!ovsd->exits) {
        int timeout;

        work->step(work->object);
        unixctl_server_run(ovsd->unixctl);
        unixctl_server_wait(ovsd->unixctl);
        poll_fd_wait(work->fd(work->object), POLLIN);
        timeout = work->timeout(work->object);
        if (timeout >= 0) {
            poll_timer_wait(timeout);
        }
        if (ovsd->exits) {
            poll_immediate_wake();
        }
        poll_block();
    }
    unixctl_server_run(ovsd->unixctl); /* Sends the reply to "exit". */
    VLOG_INFO("told to exit");
}
