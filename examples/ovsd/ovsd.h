/* Being a daemon the way those of Open vSwitch are: their options, log, control socket and main
 * loop, by a copy of libopenvswitch that is the program's own. */

#ifndef OVSD_H
#define OVSD_H

#include <ovnk8s/log.h>

#include "cli.h"
#include "daemon.h"
#include "http.h"
#include "openvswitch/vlog.h"
#include "unixctl.h"

enum {
    OVSD_OPTION_UNIXCTL = CLI_OPTION_OWN + 100, /* Behind the program's own. */
    OVSD_OPTION_METRICS,
    VLOG_OPTION_ENUMS,
    DAEMON_OPTION_ENUMS,
};

#define OVSD_LONG_OPTIONS                                                                          \
    {"unixctl", required_argument, NULL, OVSD_OPTION_UNIXCTL},                                     \
        {"metrics-address", required_argument, NULL, OVSD_OPTION_METRICS}, VLOG_LONG_OPTIONS,      \
        DAEMON_LONG_OPTIONS, CLI_LONG_OPTIONS

#define OVSD_OPTIONS_HELP                                                                          \
    "  --metrics-address ADDRESS\n"                                                                \
    "                         answer HTTP at IP:PORT or [IPv6]:PORT: /metrics, /healthz and\n"     \
    "                         /readyz (default: nowhere)\n"

struct ovsd {
    struct cli cli;
    const char *unixctl_path;
    struct unixctl_server *unixctl;
    const char *metrics_address; /* NULL: nobody is to be told. */
    struct http *http;
    int signals; /* A descriptor that tells of them. */
    bool exits;  /* Somebody has told it to. */
};

/* Names the process, and makes settings, which are freed by ovsd_end(). */
void ovsd_begin(struct ovsd *ovsd, int argc, char *argv[]);
void ovsd_end(struct ovsd *ovsd);

/* Parses the command line. 'take' is offered each option, with its value in optarg, and returns
 * whether it was one of the program's own. */
void ovsd_parse(struct ovsd *ovsd, int argc, char *argv[], const struct option *options,
                bool (*take)(int option, void *payload), void *payload);

/* Writes what the library tells into the log. */
void ovsd_log(enum ovnk8s_log_level level, const char *message, void *payload);

/* Makes the control socket, which knows the command "exit". SIGTERM and SIGINT mean the same from
 * here on: what the program has taken, such as a Lease, it gives back. */
void ovsd_listen(struct ovsd *ovsd);

/* Answers over HTTP, if an address was given: '/healthz' says that the loop runs, which it does
 * when it answers; the other pages are the program's. Both must outlive the loop. */
struct ovsd_health {
    void (*metrics)(struct http_reply *reply, void *payload);
    void (*ready)(struct http_reply *reply, void *payload); /* Status 503 unless it is. */
    void *payload;
};

void ovsd_answer(struct ovsd *ovsd, const struct ovsd_health *health);

/* The type of the page of metrics. */
#define OVSD_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* What runs: an object of the library with a step function, a descriptor and a next deadline. */
struct ovsd_work {
    void *object;
    void (*step)(void *object);
    int (*fd)(void *object);
    int (*timeout)(void *object); /* In ms; negative: none. */
};

/* Lets it work until the program is told to exit. */
void ovsd_run(struct ovsd *ovsd, const struct ovsd_work *work);

#endif /* ovsd.h */
