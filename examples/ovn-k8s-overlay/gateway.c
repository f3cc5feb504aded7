/* gateway-init and gateway-del: where the cluster's traffic leaves and enters. */

#include <stdio.h>

#include "overlay.h"

/* Parameters of the library's calls. */

static ovnk8s_gateway gateway_of(const struct command *command, const char *chassis,
                                 const char *mac)
{
    ovnk8s_gateway gateway = OVNK8S_GATEWAY_INIT;

    gateway.node = command->node;
    gateway.chassis = chassis;
    gateway.interface =
        command->physical_interface ? command->physical_interface : command->bridge_interface;
    gateway.mac = mac;
    gateway.physical_ips = command->physical_ips;
    gateway.default_gateways = command->default_gateways;
    gateway.rampout_subnets = command->rampout_subnets;
    gateway.single_default = command->has_single_default;
    gateway.is_shared = command->bridge_interface != NULL;
    gateway.cluster_subnet = command->cluster_subnet;
    return gateway;
}

static ovnk8s_gateway_host host_of(const struct command *command)
{
    ovnk8s_gateway_host host = OVNK8S_GATEWAY_HOST_INIT;

    host.node = command->node;
    host.physical_interface = command->physical_interface;
    host.bridge_interface = command->bridge_interface;
    host.physical_ips = command->physical_ips;
    return host;
}

static bool is_told(const struct command *command)
{
    return command->is_dry_run || command->is_verbose;
}

/* Printing. 'host' and 'kernel' are NULL when nothing is to be told of this host. */

static void print_json(const char *node, const ovnk8s_plan *plan, const ovnk8s_plan *host,
                       char *kernel)
{
    fputs("{\"node\":", stdout);
    cli_print_json_string(node);
    putchar(',');
    print_plan_members(plan);
    if (host) {
        fputs(",\"host\":{", stdout);
        print_plan_members(host);
        print_lines("kernel", kernel);
        putchar('}');
    }
    puts("}");
}

static void print_result(const struct command *command, const char *node, const char *done,
                         const ovnk8s_plan *plan, const ovnk8s_plan *host, char *kernel)
{
    if (command->format == FORMAT_JSON) {
        print_json(node, plan, host, kernel);
        return;
    }
    if (is_told(command)) {
        print_plan_text(plan);
    }
    if (host) {
        print_plan_text(host);
        fputs(kernel, stdout);
    }
    printf("gateway %s: %s%s", node, command->is_dry_run ? "would be " : "", done);
    print_count(command, plan);
}

/* Making one. */

static void change_northbound(const struct command *command, ovnk8s_plan *plan, const char *chassis,
                              const char *mac)
{
    const ovnk8s_gateway gateway = gateway_of(command, chassis, mac);
    ovnk8s_nb *nb;

    cli_check(ovnk8s_gateway_add(plan, &gateway));
    nb = open_nb(command);
    do_plan(command, plan, nb);
    ovnk8s_nb_close(nb);
}

static ovnk8s_plan *preview_host(ovnk8s_vswitch *vswitch, const ovnk8s_gateway_host *host,
                                 char **kernel)
{
    ovnk8s_plan *plan;

    cli_check(ovnk8s_plan_new(&plan, NULL));
    cli_check(ovnk8s_gateway_host_plan(plan, host));
    cli_check(ovnk8s_vswitch_compute(vswitch, plan, NULL));
    cli_check(ovnk8s_gateway_host_preview(kernel, host));
    return plan;
}

/* Whatever is wrong with the host is found out before anything is changed anywhere. */
static void init_with_host(const struct command *command, ovnk8s_plan *plan)
{
    ovnk8s_gateway_host host = host_of(command);
    char *chassis, *mac, *kernel = NULL;
    ovnk8s_plan *preview = NULL;
    ovnk8s_vswitch *vswitch;

    cli_check(ovnk8s_settings_open_vswitch(command->cli.settings, &vswitch));
    cli_check(ovnk8s_gateway_host_look(&chassis, &mac, vswitch, &host));
    host.mac = mac;
    if (is_told(command)) {
        preview = preview_host(vswitch, &host, &kernel);
    }
    change_northbound(command, plan, chassis, mac);
    if (!command->is_dry_run) {
        cli_check(ovnk8s_gateway_host_setup(vswitch, &host));
    }
    print_result(command, command->node, "ready", plan, preview, kernel);
    ovnk8s_plan_free(preview);
    ovnk8s_free(kernel);
    ovnk8s_free(chassis);
    ovnk8s_free(mac);
    ovnk8s_vswitch_close(vswitch);
}

int run_gateway_init(const struct command *command)
{
    ovnk8s_plan *plan = new_plan(command);

    if (command->is_logical_only) {
        change_northbound(command, plan, command->chassis, command->mac);
        print_result(command, command->node, "added", plan, NULL, NULL);
    } else {
        init_with_host(command, plan);
    }
    ovnk8s_plan_free(plan);
    return CLI_OK;
}

/* Deleting one. */

static void delete_northbound(const struct command *command, ovnk8s_plan *plan)
{
    ovnk8s_nb *nb;

    cli_check(ovnk8s_gateway_delete(plan, command->argument));
    nb = open_nb(command);
    do_plan(command, plan, nb);
    ovnk8s_nb_close(nb);
}

static void delete_with_host(const struct command *command, ovnk8s_plan *plan)
{
    char no_change[] = "";
    ovnk8s_vswitch *vswitch;
    ovnk8s_plan *host;

    cli_check(ovnk8s_settings_open_vswitch(command->cli.settings, &vswitch));
    cli_check(ovnk8s_plan_new(&host, NULL));
    cli_check(ovnk8s_gateway_host_delete_plan(host, command->argument));
    cli_check(ovnk8s_vswitch_compute(vswitch, host, NULL));
    delete_northbound(command, plan);
    if (!command->is_dry_run) {
        cli_check(ovnk8s_gateway_host_delete(vswitch, command->argument));
    }
    print_result(command, command->argument, "deleted", plan, is_told(command) ? host : NULL,
                 no_change);
    ovnk8s_plan_free(host);
    ovnk8s_vswitch_close(vswitch);
}

int run_gateway_del(const struct command *command)
{
    ovnk8s_plan *plan = new_plan(command);

    if (command->is_logical_only) {
        delete_northbound(command, plan);
        print_result(command, command->argument, "deleted", plan, NULL, NULL);
    } else {
        delete_with_host(command, plan);
    }
    ovnk8s_plan_free(plan);
    return CLI_OK;
}
