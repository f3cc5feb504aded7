/* What the files of ovn-k8s-util share. */

#ifndef UTIL_H
#define UTIL_H

#include <ovnk8s/ovnk8s.h>

#include "cli.h"

/* What the command line says. */
struct command {
    const struct verb *verb;
    char **names; /* Interfaces or bridges; ends with NULL. */
    bool is_dry_run, is_verbose, is_json, is_restore;
    struct cli cli;
};

struct verb {
    const char *name;
    const char *argument; /* What its arguments are called. */
    const char *help;
    enum ovnk8s_uplink_direction direction;
};

extern const struct verb verbs[]; /* Ends with a name that is NULL. */
extern const char util_help[];

/* Fills in 'command', whose settings exist. A wrong command line ends the program. */
void parse_command_line(struct command *command, int argc, char *argv[]);

#endif /* util.h */
