/* master-init and minion-init: a cluster, its nodes, and their hosts. */

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "overlay.h"

/* Parameters of the library's calls. */

static unsigned int mtu_of(const struct command *command)
{
    return (unsigned int)atoi(ovnk8s_settings_get(command->cli.settings, "mtu"));
}

static ovnk8s_host host_of(const struct command *command, const ovnk8s_plan *plan)
{
    ovnk8s_host host = OVNK8S_HOST_INIT;

    host.node = command->node;
    host.subnet = ovnk8s_plan_node_subnet(plan, command->node);
    host.service_range = ovnk8s_plan_service_range(plan);
    host.join_subnet = ovnk8s_plan_join_subnet(plan);
    host.cluster_subnet = command->cluster_subnet;
    host.mtu = mtu_of(command);
    return host;
}

static ovnk8s_cni_install_options cni_of(const struct command *command, const char *plugin)
{
    ovnk8s_cni_install_options cni = OVNK8S_CNI_INSTALL_OPTIONS_INIT;
    const ovnk8s_settings *settings = command->cli.settings;

    cni.conf_path = ovnk8s_settings_get(settings, "cni-conf-path");
    cni.link_path = ovnk8s_settings_get(settings, "cni-link-path");
    cni.plugin = plugin;
    cni.mtu = mtu_of(command);
    /* The plugin shall find what this command was told to use. */
    cni.ovs = ovnk8s_settings_flag(settings, "ovs");
    cni.kubeconfig = ovnk8s_settings_flag(settings, "kubeconfig");
    cni.config = ovnk8s_settings_flag(settings, "config");
    cni.log_file = ovnk8s_settings_get(settings, "log-path");
    return cni;
}

/* A file by its path from the folder of this program, which may have been moved with its prefix. */
static void find_beside(const char *file, char path[static PATH_MAX])
{
    char found[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", found, sizeof found - 1);
    char *slash;

    found[length > 0 ? length : 0] = '\0';
    slash = strrchr(found, '/');
    slash = slash ? slash + 1 : found;
    snprintf(slash, (size_t)(found + sizeof found - slash), "%s", file);
    if (!realpath(found, path)) {
        snprintf(path, PATH_MAX, "%s", found);
    }
}

/* The plugin is found where plugins are installed, or beside this program, as it is built; or where
 * the setting "cni-plugin" says. */
static void find_plugin(const struct command *command, char path[static PATH_MAX])
{
    const char *plugin = ovnk8s_settings_get(command->cli.settings, "cni-plugin");
    char installed[PATH_MAX];

    if (strchr(plugin, '/')) {
        snprintf(path, PATH_MAX, "%s", plugin);
    } else {
        find_beside(plugin, path);
        snprintf(installed, sizeof installed, PLUGIN_FOLDER "/%s", plugin);
        if (access(path, X_OK)) {
            find_beside(installed, path);
        }
    }
    if (access(path, X_OK)) {
        fprintf(stderr, "ovn-k8s-overlay: CNI plugin %s: not an executable file\n", path);
        exit(CLI_FAILED);
    }
}

/* Doing. */

static ovnk8s_plan *make_plan(const struct command *command)
{
    ovnk8s_cluster cluster = OVNK8S_CLUSTER_INIT;
    ovnk8s_node node = OVNK8S_NODE_INIT;
    ovnk8s_plan *plan = new_plan(command);

    cluster.name = node.name = command->node;
    cluster.subnet = node.cluster_subnet = command->cluster_subnet;
    cluster.join_subnet = command->join_subnet;
    cluster.service_range = command->service_range;
    node.subnet = command->node_subnet;
    if (command->verb->run == run_master_init) {
        cli_check(ovnk8s_cluster_add(plan, &cluster));
    }
    cli_check(ovnk8s_node_add(plan, &node));
    return plan;
}

/* What is to be done to this host. */
struct preview {
    ovnk8s_plan *plan; /* Of Open vSwitch. */
    char *kernel, *files;
};

static struct preview preview_host(ovnk8s_vswitch *vswitch, const ovnk8s_host *host,
                                   const ovnk8s_cni_install_options *cni)
{
    struct preview preview;

    cli_check(ovnk8s_plan_new(&preview.plan, NULL));
    cli_check(ovnk8s_host_plan(preview.plan, host));
    cli_check(ovnk8s_vswitch_compute(vswitch, preview.plan, NULL));
    cli_check(ovnk8s_host_preview(&preview.kernel, host));
    cli_check(ovnk8s_cni_install_preview(&preview.files, cni));
    return preview;
}

static void free_preview(struct preview *preview)
{
    ovnk8s_plan_free(preview->plan);
    ovnk8s_free(preview->kernel);
    ovnk8s_free(preview->files);
}

/* Printing. */

static void print_json(const struct command *command, const ovnk8s_plan *plan, const char *subnet,
                       struct preview *preview)
{
    fputs("{\"node\":", stdout);
    cli_print_json_string(command->node);
    fputs(",\"subnet\":", stdout);
    cli_print_json_string(subnet);
    putchar(',');
    print_plan_members(plan);
    if (preview) {
        fputs(",\"host\":{", stdout);
        print_plan_members(preview->plan);
        print_lines("kernel", preview->kernel);
        print_lines("files", preview->files);
        putchar('}');
    }
    puts("}");
}

static void print_text(const struct command *command, const ovnk8s_plan *plan, const char *subnet,
                       const struct preview *preview)
{
    if (command->is_dry_run || command->is_verbose) {
        print_plan_text(plan);
    }
    if (preview) {
        print_plan_text(preview->plan);
        fputs(preview->kernel, stdout);
        fputs(preview->files, stdout);
    }
    printf("node %s: %s%s, subnet %s", command->node, command->is_dry_run ? "would be " : "",
           command->is_logical_only ? "added" : "ready", subnet);
    print_count(command, plan);
}

static void print_result(const struct command *command, const ovnk8s_plan *plan, const char *subnet,
                         struct preview *preview)
{
    if (command->format == FORMAT_JSON) {
        print_json(command, plan, subnet, preview);
    } else {
        print_text(command, plan, subnet, preview);
    }
}

/* Both. */

static void change_northbound(const struct command *command, ovnk8s_plan *plan)
{
    ovnk8s_nb *nb = open_nb(command);

    do_plan(command, plan, nb);
    ovnk8s_nb_close(nb);
}

static void init_host(const struct command *command, ovnk8s_vswitch *vswitch,
                      const ovnk8s_plan *plan, const char *plugin)
{
    const char *subnet = ovnk8s_plan_node_subnet(plan, command->node);
    const ovnk8s_host host = host_of(command, plan);
    const ovnk8s_cni_install_options cni = cni_of(command, plugin);
    const bool is_told = command->is_dry_run || command->is_verbose;
    struct preview preview = {0};

    if (is_told) {
        preview = preview_host(vswitch, &host, &cni);
    }
    if (!command->is_dry_run) {
        cli_check(ovnk8s_host_setup(vswitch, &host));
        cli_check(ovnk8s_cni_install(&cni));
    }
    print_result(command, plan, subnet, is_told ? &preview : NULL);
    free_preview(&preview);
}

static void init_with_host(const struct command *command, ovnk8s_plan *plan)
{
    ovnk8s_vswitch *vswitch;
    char plugin[PATH_MAX];
    ovnk8s_nb *nb;

    cli_check(ovnk8s_settings_open_vswitch(command->cli.settings, &vswitch));
    find_plugin(command, plugin);
    cli_check(ovnk8s_settings_open_nb(command->cli.settings, &nb));
    do_plan(command, plan, nb);
    ovnk8s_nb_close(nb);
    init_host(command, vswitch, plan, plugin);
    ovnk8s_vswitch_close(vswitch);
}

static int run_init(const struct command *command)
{
    ovnk8s_plan *plan = make_plan(command);

    if (command->is_logical_only) {
        change_northbound(command, plan);
        print_result(command, plan, ovnk8s_plan_node_subnet(plan, command->node), NULL);
    } else {
        init_with_host(command, plan);
    }
    ovnk8s_plan_free(plan);
    return CLI_OK;
}

int run_master_init(const struct command *command)
{
    return run_init(command);
}

int run_minion_init(const struct command *command)
{
    return run_init(command);
}
