/* ovn-k8s-overlay: makes the logical network of a cluster and the hosts of its nodes. */

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ovnk8s/ovnk8s.h>

#include "cli.h"

static const char help[] =
    "usage: ovn-k8s-overlay master-init --cluster-ip-subnet SUBNET --master-switch-subnet SUBNET\n"
    "                                   --node-name NAME [OPTION...]\n"
    "       ovn-k8s-overlay minion-init --cluster-ip-subnet SUBNET --minion-switch-subnet SUBNET\n"
    "                                   --node-name NAME [OPTION...]\n"
    "\n"
    "Sets up the network of a Kubernetes cluster on OVN.\n"
    "\n"
    "  master-init   makes the cluster's logical router, and this host its first node\n"
    "  minion-init   makes this host a node of the cluster\n"
    "\n"
    "Each may be run again at any time: what is as it should be is left alone.\n"
    "\n"
    "  --cluster-ip-subnet SUBNET     of all pods, such as 192.168.0.0/16; for both families:\n"
    "                                 192.168.0.0/16,fd01::/48\n"
    "  --master-switch-subnet SUBNET, --minion-switch-subnet SUBNET\n"
    "                                 of the pods of this node, such as 192.168.2.0/24\n"
    "  --node-name NAME               as Kubernetes calls this node\n"
    "  --wait none|sb|hv              how far to wait for the effect: not at all, for\n"
    "                                 ovn-northd, or for all chassis (default: none)\n" //
    CLI_OPTIONS_HELP "\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage. The Northbound database is changed as a whole "
    "or\n"
    "not at all; a failure while \"setting up the host\" or \"installing the CNI plugin\" comes "
    "after\n"
    "that, and the command may then simply be run again.\n"
    "\n"
    "examples:\n"
    "  ovn-k8s-overlay master-init --cluster-ip-subnet=192.168.0.0/16 \\\n"
    "      --master-switch-subnet=192.168.1.0/24 --node-name=kube-master\n"
    "  ovn-k8s-overlay minion-init --cluster-ip-subnet=192.168.0.0/16 \\\n"
    "      --minion-switch-subnet=192.168.2.0/24 --node-name=kube-minion1 --nb=tcp:10.0.0.1:6641\n";

enum {
    OPTION_CLUSTER_SUBNET = CLI_OPTION_OWN,
    OPTION_MASTER_SUBNET,
    OPTION_MINION_SUBNET,
    OPTION_NODE_NAME,
    OPTION_WAIT,
};

static const struct option long_options[] = {
    {"cluster-ip-subnet", required_argument, NULL, OPTION_CLUSTER_SUBNET},
    {"master-switch-subnet", required_argument, NULL, OPTION_MASTER_SUBNET},
    {"minion-switch-subnet", required_argument, NULL, OPTION_MINION_SUBNET},
    {"node-name", required_argument, NULL, OPTION_NODE_NAME},
    {"wait", required_argument, NULL, OPTION_WAIT},
    CLI_LONG_OPTIONS,
    {NULL, 0, NULL, 0},
};

/* What the command line says. */
struct command {
    const char *verb;
    bool is_master;
    const char *cluster_subnet, *master_subnet, *minion_subnet, *node;
    enum ovnk8s_wait wait;
    struct cli cli;
};

/* Parsing. */

static enum ovnk8s_wait parse_wait(const char *value)
{
    static const char *const names[] = {"none", "sb", "hv"};

    for (int i = 0; i < 3; i++) {
        if (!strcmp(names[i], value)) {
            return (enum ovnk8s_wait)i;
        }
    }
    cli_usage("--wait \"%s\": expected none, sb or hv", value);
}

static void take_option(struct command *command, int option, const char *value)
{
    switch (option) {
    case OPTION_CLUSTER_SUBNET:
        command->cluster_subnet = value;
        break;
    case OPTION_MASTER_SUBNET:
        command->master_subnet = value;
        break;
    case OPTION_MINION_SUBNET:
        command->minion_subnet = value;
        break;
    case OPTION_NODE_NAME:
        command->node = value;
        break;
    case OPTION_WAIT:
        command->wait = parse_wait(value);
        break;
    default:
        cli_option(&command->cli, option);
    }
}

static void require(const char *flag, const char *value)
{
    if (!value) {
        cli_usage("%s is missing", flag);
    }
}

static void check_command(struct command *command)
{
    if (!command->verb) {
        cli_usage("no command: expected master-init or minion-init");
    }
    command->is_master = !strcmp(command->verb, "master-init");
    if (!command->is_master && strcmp(command->verb, "minion-init") != 0) {
        cli_usage("unknown command \"%s\": expected master-init or minion-init", command->verb);
    }
    require("--cluster-ip-subnet", command->cluster_subnet);
    require("--node-name", command->node);
    if (command->is_master) {
        require("--master-switch-subnet", command->master_subnet);
    } else {
        require("--minion-switch-subnet", command->minion_subnet);
    }
}

static void parse(struct command *command, int argc, char *argv[])
{
    int option;

    while ((option = getopt_long(argc, argv, CLI_SHORT_OPTIONS, long_options, NULL)) != -1) {
        take_option(command, option, optarg);
    }
    command->verb = argv[optind];
    cli_options_end(&command->cli, argv + optind + (command->verb ? 1 : 0));
    check_command(command);
}

/* Doing. */

/* The plugin is found beside this program, or where the setting "cni-plugin" says. */
static void find_plugin(const struct command *command, char path[static PATH_MAX])
{
    const char *plugin = ovnk8s_settings_get(command->cli.settings, "cni-plugin");
    ssize_t length;
    char *slash;

    if (strchr(plugin, '/')) {
        snprintf(path, PATH_MAX, "%s", plugin);
    } else {
        length = readlink("/proc/self/exe", path, PATH_MAX - 1);
        path[length > 0 ? length : 0] = '\0';
        slash = strrchr(path, '/');
        slash = slash ? slash + 1 : path;
        snprintf(slash, (size_t)(PATH_MAX - (slash - path)), "%s", plugin);
    }
    if (access(path, X_OK)) {
        fprintf(stderr, "ovn-k8s-overlay: CNI plugin %s: not an executable file\n", path);
        exit(CLI_FAILED);
    }
}

static const char *subnet_of(const struct command *command)
{
    return command->is_master ? command->master_subnet : command->minion_subnet;
}

static unsigned int mtu_of(const struct command *command)
{
    return (unsigned int)atoi(ovnk8s_settings_get(command->cli.settings, "mtu"));
}

static ovnk8s_plan *make_plan(const struct command *command)
{
    ovnk8s_cluster cluster = OVNK8S_CLUSTER_INIT;
    ovnk8s_node node = OVNK8S_NODE_INIT;
    ovnk8s_plan *plan;

    cluster.name = command->node;
    cluster.subnet = node.cluster_subnet = command->cluster_subnet;
    node.name = command->node;
    node.subnet = subnet_of(command);
    cli_check(ovnk8s_plan_new(&plan, NULL));
    if (command->is_master) {
        cli_check(ovnk8s_cluster_add(plan, &cluster));
    }
    cli_check(ovnk8s_node_add(plan, &node));
    return plan;
}

static void apply(const struct command *command, ovnk8s_plan *plan)
{
    ovnk8s_apply_options options = OVNK8S_APPLY_OPTIONS_INIT;
    ovnk8s_nb *nb;

    options.wait = command->wait;
    cli_check(ovnk8s_settings_open_nb(command->cli.settings, &nb));
    cli_check(ovnk8s_plan_apply(plan, nb, &options));
    ovnk8s_nb_close(nb);
}

static void make_host(const struct command *command, ovnk8s_vswitch *vswitch)
{
    ovnk8s_host host = OVNK8S_HOST_INIT;

    host.node = command->node;
    host.subnet = subnet_of(command);
    host.cluster_subnet = command->cluster_subnet;
    host.mtu = mtu_of(command);
    cli_check(ovnk8s_host_setup(vswitch, &host));
}

static void install_plugin(const struct command *command, const char *plugin)
{
    ovnk8s_cni_install_options cni = OVNK8S_CNI_INSTALL_OPTIONS_INIT;

    cni.conf_path = ovnk8s_settings_get(command->cli.settings, "cni-conf-path");
    cni.link_path = ovnk8s_settings_get(command->cli.settings, "cni-link-path");
    cni.plugin = plugin;
    cni.mtu = mtu_of(command);
    /* The plugin shall find what this command was told to use. */
    cni.ovs = ovnk8s_settings_flag(command->cli.settings, "ovs");
    cni.kubeconfig = ovnk8s_settings_flag(command->cli.settings, "kubeconfig");
    cni.config = ovnk8s_settings_flag(command->cli.settings, "config");
    cni.log_file = ovnk8s_settings_get(command->cli.settings, "log-path");
    cli_check(ovnk8s_cni_install(&cni));
}

int main(int argc, char *argv[])
{
    struct command command = {.cli.help = help};
    ovnk8s_vswitch *vswitch;
    char plugin[PATH_MAX];
    ovnk8s_plan *plan;

    cli_check(ovnk8s_settings_new(&command.cli.settings));
    parse(&command, argc, argv);
    plan = make_plan(&command);
    cli_check(ovnk8s_settings_open_vswitch(command.cli.settings, &vswitch));
    find_plugin(&command, plugin);
    apply(&command, plan);
    make_host(&command, vswitch);
    install_plugin(&command, plugin);
    printf("node %s: ready (%zu rows of the Northbound database changed)\n", command.node,
           ovnk8s_plan_changes(plan));
    ovnk8s_plan_free(plan);
    ovnk8s_vswitch_close(vswitch);
    ovnk8s_settings_free(command.cli.settings);
    return CLI_OK;
}
