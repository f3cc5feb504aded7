/* What the files of ovn-k8s-util share. */

#ifndef UTIL_H
#define UTIL_H

#include <ovnk8s/ovnk8s.h>

#include "cli.h"

/* The exit code of "trace" when packets do not get there. */
enum { UTIL_NOT_REACHABLE = 3 };

/* What the command line says. */
struct command {
    const struct verb *verb;
    char **names;      /* Interfaces, bridges or places; ends with NULL. */
    const char *owner; /* NULL: the default. */
    bool is_dry_run, is_verbose, is_json, is_restore, has_sb;
    struct cli cli;
};

struct verb {
    const char *name;
    const char *argument; /* What its arguments are called. */
    const char *help;
    int (*run)(const struct command *command); /* Returns the exit code. */
    enum ovnk8s_uplink_direction direction;    /* Of run_uplink(). */
};

extern const struct verb verbs[]; /* Ends with a name that is NULL. */
extern const char util_help[];

/* Fills in 'command', whose settings exist. A wrong command line ends the program. */
void parse_command_line(struct command *command, int argc, char *argv[]);

/* The verbs. */
int run_uplink(const struct command *command);
int run_trace(const struct command *command);

#endif /* util.h */
