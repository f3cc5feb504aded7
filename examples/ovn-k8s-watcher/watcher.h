/* What the files of ovn-k8s-watcher share. */

#ifndef WATCHER_H
#define WATCHER_H

#include <ovnk8s/ovnk8s.h>

#include "ovsd.h"

/* The exit code of --check when something is not as it should be. */
enum { WATCHER_DIFFERENCES = 3 };

/* What the daemon consists of. */
struct daemon {
    struct ovsd ovsd;
    bool is_overlay, checks, elects;
    const char *lease_name, *lease_namespace;
    char *lease; /* Of 'options'. */
    ovnk8s_watcher_options options;
    ovnk8s_nb *nb;
    ovnk8s_kube *kube;
    ovnk8s_watcher *watcher;
};

extern const char watcher_help[];

/* Fills in what the command line says. A wrong one ends the program. */
void parse_command_line(struct daemon *daemon, int argc, char *argv[]);

/* Opens all connections, and makes the watcher. A failure ends the program. */
void connect_all(struct daemon *daemon);

/* Registers the commands of the control socket. */
void listen_for_control(struct daemon *daemon);

/* The pages of HTTP. */
void tell_metrics(struct http_reply *reply, void *daemon);
void tell_ready(struct http_reply *reply, void *daemon);

/* Compares everything instead of running, and prints the differences. Returns the exit code. */
int check(struct daemon *daemon);

/* The pieces of the main loop; of the check, too. */
void step(void *watcher);
int fd_of(void *watcher);
int timeout_of(void *watcher);

ovnk8s_watcher_status status_of(const struct daemon *daemon);

#endif /* watcher.h */
