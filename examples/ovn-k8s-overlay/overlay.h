/* What the files of ovn-k8s-overlay share. Each verb parses nothing and knows no table of OVN: it
 * makes library calls and prints what they tell. */

#ifndef OVERLAY_H
#define OVERLAY_H

#include <ovnk8s/ovnk8s.h>

#include "cli.h"

/* The exit code of "check" when something is not as it should be. */
enum { OVERLAY_DIFFERENCES = 3 };

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_DOT, FORMAT_SVG };

/* What the command line says. */
struct command {
    const struct verb *verb;
    const char *argument; /* Of a verb that has one. */
    const char *cluster_subnet, *join_subnet, *service_range, *node_subnet, *node, *owner;
    const char *physical_interface, *bridge_interface, *rampout_subnets, *chassis, *mac;
    char *physical_ips, *default_gateways; /* Each may be given several times. */
    enum ovnk8s_wait wait;
    enum format format;
    bool is_logical_only, has_single_default, is_dry_run, is_verbose, is_forced, has_ports;
    struct cli cli;
};

struct verb {
    const char *name;
    const char *argument; /* What its argument is called; NULL: it has none. */
    const char *help;
    int (*run)(const struct command *command); /* Returns the exit code. */
};

extern const struct verb verbs[]; /* Ends with a name that is NULL. */
extern const char overlay_help[];

/* Fills in 'command', whose settings exist. A wrong command line ends the program. */
void parse_command_line(struct command *command, int argc, char *argv[]);

/* The verbs. */
int run_master_init(const struct command *command);
int run_minion_init(const struct command *command);
int run_gateway_init(const struct command *command);
int run_gateway_del(const struct command *command);
int run_node_del(const struct command *command);
int run_cluster_del(const struct command *command);
int run_network_del(const struct command *command);
int run_check(const struct command *command);
int run_repair(const struct command *command);
int run_status(const struct command *command);
int run_topology(const struct command *command);

/* Connecting. */

/* Opens the Northbound database; asks Open vSwitch where it is only if nothing else tells. */
ovnk8s_nb *open_nb(const struct command *command);

/* Plans. */

ovnk8s_plan *new_plan(const struct command *command);

/* Applies the plan; on --dry-run computes it alone. */
void do_plan(const struct command *command, ovnk8s_plan *plan, ovnk8s_nb *nb);

/* Printing. */

void print_plan_text(const ovnk8s_plan *plan);

/* Prints the JSON form of a plan, from behind its opening brace on, and without its closing one. */
void print_plan_members(const ovnk8s_plan *plan);

/* Prints what has changed, or would: all for JSON, on --dry-run and on --verbose; and "WHAT DONE (N
 * rows of ... changed)". */
void print_changes(const struct command *command, const ovnk8s_plan *plan, const char *what,
                   const char *done);

/* Ends such a line, which the caller has begun. */
void print_count(const struct command *command, const ovnk8s_plan *plan);

/* Prints a member, after others, that has the lines of a text as an array; they are changed. */
void print_lines(const char *key, char *lines);

#endif /* overlay.h */
