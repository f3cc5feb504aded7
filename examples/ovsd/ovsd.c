#include "ovsd.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

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
    http_close(ovsd->http);
    unixctl_server_destroy(ovsd->unixctl);
    ovnk8s_settings_free(ovsd->cli.settings);
}

static void take_option(struct ovsd *ovsd, int option)
{
    switch (option) {
    case OVSD_OPTION_UNIXCTL:
        ovsd->unixctl_path = optarg;
        break;
    case OVSD_OPTION_METRICS:
        ovsd->metrics_address = optarg;
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

/* One that was ignored when the program started, as a shell has it for what runs in its background,
 * stays so. */
static void add_signal(sigset_t *signals, int number)
{
    struct sigaction action;

    if (!sigaction(number, NULL, &action) && action.sa_handler != SIG_IGN) {
        sigaddset(signals, number);
    }
}

/* libopenvswitch would end the process by the signal itself. That gives nothing back, and does not
 * even end the first process of a container, on which no signal has an effect by default. */
static int catch_signals(void)
{
    sigset_t signals;
    int fd;

    sigemptyset(&signals);
    add_signal(&signals, SIGINT);
    add_signal(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) {
        ovs_fatal(errno, "waiting for signals");
    }
    return fd;
}

void ovsd_listen(struct ovsd *ovsd)
{
    ovsd->signals = catch_signals();
    if (unixctl_server_create(ovsd->unixctl_path, &ovsd->unixctl)) {
        exit(CLI_FAILED); /* The log has told why. */
    }
    unixctl_command_register("exit", "", 0, 0, handle_exit, ovsd);
}

/* HTTP. */

static void tell_metrics(struct http_reply *reply, void *payload)
{
    const struct ovsd_health *health = payload;

    reply->type = OVSD_METRICS_TYPE;
    health->metrics(reply, health->payload);
}

static void tell_health(struct http_reply *reply, void *payload)
{
    (void)reply;
    (void)payload;
}

static void tell_ready(struct http_reply *reply, void *payload)
{
    const struct ovsd_health *health = payload;

    health->ready(reply, health->payload);
}

void ovsd_answer(struct ovsd *ovsd, const struct ovsd_health *health)
{
    static const struct http_page pages[] = {
        {"/metrics", tell_metrics},
        {"/healthz", tell_health},
        {"/readyz", tell_ready},
        {NULL, NULL},
    };
    char *why;

    if (ovsd->metrics_address) {
        ovsd->http = http_listen(ovsd->metrics_address, pages, CONST_CAST(void *, health), &why);
        if (!ovsd->http) {
            ovs_fatal(0, "--metrics-address: %s", why);
        }
    }
}

/* Running. */

static void take_signal(struct ovsd *ovsd)
{
    struct signalfd_siginfo signal;

    if (read(ovsd->signals, &signal, sizeof signal) == sizeof signal) {
        VLOG_INFO("signal %u", signal.ssi_signo);
        ovsd->exits = true;
    }
    poll_fd_wait(ovsd->signals, POLLIN);
}

void ovsd_run(struct ovsd *ovsd, const struct ovsd_work *work)
{
    VLOG_INFO("%s %s started", program_name, ovnk8s_version());
    while (!ovsd->exits) {
        int timeout;

        work->step(work->object);
        unixctl_server_run(ovsd->unixctl);
        unixctl_server_wait(ovsd->unixctl);
        take_signal(ovsd);
        if (ovsd->http) {
            http_run(ovsd->http);
            http_wait(ovsd->http);
        }
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
