/* The command line. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "overlay.h"

enum {
    OPTION_CLUSTER_SUBNET = CLI_OPTION_OWN,
    OPTION_MASTER_SUBNET,
    OPTION_MINION_SUBNET,
    OPTION_NODE_NAME,
    OPTION_MTU,
    OPTION_JOIN_SUBNET,
    OPTION_SERVICE_RANGE,
    OPTION_PHYSICAL_INTERFACE,
    OPTION_BRIDGE_INTERFACE,
    OPTION_PHYSICAL_IP,
    OPTION_DEFAULT_GATEWAY,
    OPTION_RAMPOUT_SUBNETS,
    OPTION_SINGLE_DEFAULT,
    OPTION_CHASSIS,
    OPTION_MAC,
    OPTION_LOGICAL_ONLY,
    OPTION_FORCE,
    OPTION_PORTS,
    OPTION_WAIT,
    OPTION_DRY_RUN,
    OPTION_FORMAT,
    OPTION_OWNER,
    OPTION_SB,
};

enum { MOST_VERBS = 4 };

/* Which verbs an option of the first kind goes with. Others go with all. */
static const struct {
    int option;
    const char *flag, *verbs[MOST_VERBS];
} particular[] = {
    {OPTION_CLUSTER_SUBNET, "--cluster-ip-subnet", {"master-init", "minion-init", "gateway-init"}},
    {OPTION_JOIN_SUBNET, "--join-subnet", {"master-init"}},
    {OPTION_SERVICE_RANGE, "--service-cluster-ip-range", {"master-init"}},
    {OPTION_PHYSICAL_INTERFACE, "--physical-interface", {"gateway-init"}},
    {OPTION_BRIDGE_INTERFACE, "--bridge-interface", {"gateway-init"}},
    {OPTION_PHYSICAL_IP, "--physical-ip", {"gateway-init"}},
    {OPTION_DEFAULT_GATEWAY, "--default-gw", {"gateway-init"}},
    {OPTION_RAMPOUT_SUBNETS, "--rampout-ip-subnets", {"gateway-init"}},
    {OPTION_SINGLE_DEFAULT, "--single-default", {"gateway-init"}},
    {OPTION_CHASSIS, "--chassis", {"gateway-init"}},
    {OPTION_MAC, "--mac", {"gateway-init"}},
    {OPTION_MASTER_SUBNET, "--master-switch-subnet", {"master-init"}},
    {OPTION_MINION_SUBNET, "--minion-switch-subnet", {"minion-init"}},
    {OPTION_NODE_NAME, "--node-name", {"master-init", "minion-init", "gateway-init"}},
    {OPTION_MTU, "--mtu", {"master-init", "minion-init"}},
    {OPTION_LOGICAL_ONLY,
     "--logical-only",
     {"master-init", "minion-init", "gateway-init", "gateway-del"}},
    {OPTION_FORCE, "--force", {"cluster-del", "network-del"}},
    {OPTION_PORTS, "--ports", {"topology"}},
    {OPTION_SB, "--sb", {"status"}},
};

enum { N_PARTICULAR = sizeof particular / sizeof *particular };

static const struct option long_options[] = {
    {"cluster-ip-subnet", required_argument, NULL, OPTION_CLUSTER_SUBNET},
    {"master-switch-subnet", required_argument, NULL, OPTION_MASTER_SUBNET},
    {"minion-switch-subnet", required_argument, NULL, OPTION_MINION_SUBNET},
    {"node-name", required_argument, NULL, OPTION_NODE_NAME},
    {"mtu", required_argument, NULL, OPTION_MTU},
    {"join-subnet", required_argument, NULL, OPTION_JOIN_SUBNET},
    {"service-cluster-ip-range", required_argument, NULL, OPTION_SERVICE_RANGE},
    {"physical-interface", required_argument, NULL, OPTION_PHYSICAL_INTERFACE},
    {"bridge-interface", required_argument, NULL, OPTION_BRIDGE_INTERFACE},
    {"physical-ip", required_argument, NULL, OPTION_PHYSICAL_IP},
    {"default-gw", required_argument, NULL, OPTION_DEFAULT_GATEWAY},
    {"rampout-ip-subnets", required_argument, NULL, OPTION_RAMPOUT_SUBNETS},
    {"single-default", no_argument, NULL, OPTION_SINGLE_DEFAULT},
    {"chassis", required_argument, NULL, OPTION_CHASSIS},
    {"mac", required_argument, NULL, OPTION_MAC},
    {"logical-only", no_argument, NULL, OPTION_LOGICAL_ONLY},
    {"force", no_argument, NULL, OPTION_FORCE},
    {"ports", no_argument, NULL, OPTION_PORTS},
    {"wait", required_argument, NULL, OPTION_WAIT},
    {"dry-run", no_argument, NULL, OPTION_DRY_RUN},
    {"verbose", no_argument, NULL, 'v'},
    {"format", required_argument, NULL, OPTION_FORMAT},
    {"owner", required_argument, NULL, OPTION_OWNER},
    {"sb", required_argument, NULL, OPTION_SB},
    CLI_LONG_OPTIONS,
    {NULL, 0, NULL, 0},
};

/* Finds 'value' among the names; -1 if it is none of them. */
static int find_name(const char *value, const char *const *names, int n)
{
    for (int i = 0; i < n; i++) {
        if (!strcmp(names[i], value)) {
            return i;
        }
    }
    return -1;
}

static enum ovnk8s_wait parse_wait(const char *value)
{
    static const char *const names[] = {"none", "sb", "hv"};
    const int i = find_name(value, names, 3);

    if (i < 0) {
        cli_usage("--wait \"%s\": expected none, sb or hv", value);
    }
    return (enum ovnk8s_wait)i;
}

static enum format parse_format(const char *value)
{
    static const char *const names[] = {"text", "json", "dot", "svg"};
    const int i = find_name(value, names, 4);

    if (i < 0) {
        cli_usage("--format \"%s\": expected text or json; for topology also dot or svg", value);
    }
    return (enum format)i;
}

static void take_setting(struct command *command, const char *key, const char *value)
{
    cli_check(ovnk8s_settings_set(command->cli.settings, key, value));
}

/* Adds to a list with commas. */
static void append(char **list, const char *more)
{
    char *longer;

    if (asprintf(&longer, "%s%s%s", *list ? *list : "", *list ? "," : "", more) < 0) {
        cli_usage("memory ran out");
    }
    free(*list);
    *list = longer;
}

/* Those of gateways. Returns whether it is one. */
static bool take_gateway(struct command *command, int option, const char *value)
{
    switch (option) {
    case OPTION_PHYSICAL_INTERFACE:
        command->physical_interface = value;
        return true;
    case OPTION_BRIDGE_INTERFACE:
        command->bridge_interface = value;
        return true;
    case OPTION_PHYSICAL_IP:
        append(&command->physical_ips, value);
        return true;
    case OPTION_DEFAULT_GATEWAY:
        append(&command->default_gateways, value);
        return true;
    case OPTION_RAMPOUT_SUBNETS:
        command->rampout_subnets = value;
        return true;
    case OPTION_SINGLE_DEFAULT:
        command->has_single_default = true;
        return true;
    case OPTION_CHASSIS:
        command->chassis = value;
        return true;
    case OPTION_MAC:
        command->mac = value;
        return true;
    default:
        return false;
    }
}

/* Those that go with some verbs alone. */
static void take_particular(struct command *command, int option, const char *value)
{
    if (take_gateway(command, option, value)) {
        return;
    }
    switch (option) {
    case OPTION_JOIN_SUBNET:
        command->join_subnet = value;
        break;
    case OPTION_SERVICE_RANGE:
        command->service_range = value;
        break;
    case OPTION_CLUSTER_SUBNET:
        command->cluster_subnet = value;
        break;
    case OPTION_MASTER_SUBNET:
    case OPTION_MINION_SUBNET:
        command->node_subnet = value;
        break;
    case OPTION_NODE_NAME:
        command->node = value;
        break;
    case OPTION_MTU:
        take_setting(command, "mtu", value);
        break;
    case OPTION_LOGICAL_ONLY:
        command->is_logical_only = true;
        break;
    case OPTION_FORCE:
        command->is_forced = true;
        break;
    case OPTION_PORTS:
        command->has_ports = true;
        break;
    default:
        take_setting(command, "sb", value);
    }
}

static void take_general(struct command *command, int option, const char *value)
{
    switch (option) {
    case OPTION_WAIT:
        command->wait = parse_wait(value);
        break;
    case OPTION_DRY_RUN:
        command->is_dry_run = true;
        break;
    case OPTION_FORMAT:
        command->format = parse_format(value);
        break;
    case OPTION_OWNER:
        command->owner = value;
        break;
    case 'v':
        command->is_verbose = true;
        break;
    default:
        cli_option(&command->cli, option);
    }
}

/* Returns the index of the option among the particular ones; N_PARTICULAR for a general one. */
static size_t find_particular(int option)
{
    size_t i = 0;

    while (i < N_PARTICULAR && particular[i].option != option) {
        i++;
    }
    return i;
}

static const struct verb *find_verb(const char *name)
{
    for (const struct verb *verb = verbs; verb->name; verb++) {
        if (!strcmp(verb->name, name)) {
            return verb;
        }
    }
    return NULL;
}

/* Help is about the verb that is named before it is asked for, if any. */
static const char *find_help(int argc, char *argv[])
{
    for (int i = 1; i < argc; i++) {
        const struct verb *verb = find_verb(argv[i]);

        if (verb) {
            return verb->help;
        }
    }
    return overlay_help;
}

static void check_verb(struct command *command, const char *name)
{
    if (!name) {
        cli_usage("no command: expected master-init, minion-init, gateway-init, gateway-del, "
                  "node-del, cluster-del, network-del, check, repair, status or topology");
    }
    command->verb = find_verb(name);
    if (!command->verb) {
        cli_usage(
            "unknown command \"%s\": expected master-init, minion-init, gateway-init, "
            "gateway-del, node-del, cluster-del, network-del, check, repair, status or topology",
            name);
    }
}

static void check_options(const struct command *command, const bool given[static N_PARTICULAR])
{
    for (size_t i = 0; i < N_PARTICULAR; i++) {
        bool fits = !given[i];

        for (size_t j = 0; j < MOST_VERBS && particular[i].verbs[j]; j++) {
            fits = fits || !strcmp(particular[i].verbs[j], command->verb->name);
        }
        if (!fits) {
            cli_usage("%s does not go with %s", particular[i].flag, command->verb->name);
        }
    }
    if (command->format > FORMAT_JSON && command->verb->run != run_topology) {
        cli_usage("--format: %s has the formats text and json", command->verb->name);
    }
}

/* What is not read from this host must be told. */
static void check_gateway(const struct command *command)
{
    if (!command->physical_interface == !command->bridge_interface) {
        cli_usage("expected either --physical-interface or --bridge-interface");
    }
    if (!command->physical_ips) {
        cli_usage("--physical-ip is missing");
    }
    if (!command->node) {
        cli_usage("--node-name is missing");
    }
    if (command->is_logical_only != (command->chassis && command->mac) ||
        !command->chassis != !command->mac) {
        cli_usage("--chassis and --mac go with --logical-only, and that with both");
    }
}

static void check_required(const struct command *command)
{
    if (command->verb->run == run_gateway_init) {
        check_gateway(command);
    }
    if (command->verb->run != run_master_init && command->verb->run != run_minion_init) {
        return;
    }
    if (!command->cluster_subnet) {
        cli_usage("--cluster-ip-subnet is missing");
    }
    if (!command->node) {
        cli_usage("--node-name is missing");
    }
}

void parse_command_line(struct command *command, int argc, char *argv[])
{
    bool given[N_PARTICULAR] = {false};
    int option;

    command->cli.help = find_help(argc, argv);
    while ((option = getopt_long(argc, argv, CLI_SHORT_OPTIONS "v", long_options, NULL)) != -1) {
        const size_t i = find_particular(option);

        if (i < N_PARTICULAR) {
            given[i] = true;
            take_particular(command, option, optarg);
        } else {
            take_general(command, option, optarg);
        }
    }
    argv += optind;
    if (command->cli.shows_config) {
        cli_options_end(&command->cli, argv);
    }
    check_verb(command, *argv++ ? argv[-1] : NULL);
    if (command->verb->argument) {
        command->argument = *argv;
        if (!*argv++) {
            cli_usage("%s: %s is missing", command->verb->name, command->verb->argument);
        }
    }
    cli_options_end(&command->cli, argv);
    check_options(command, given);
    check_required(command);
}
