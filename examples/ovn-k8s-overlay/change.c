/* Verbs that change the Northbound database, or would: node-del, cluster-del, network-del,
 * repair, check. */

#include <stdio.h>

#include "overlay.h"

/* Carries out the plan, which is freed, and says that 'what' is 'done'. */
static int change(const struct command *command, ovnk8s_plan *plan, const char *what,
                  const char *done)
{
    ovnk8s_nb *nb = open_nb(command);

    do_plan(command, plan, nb);
    ovnk8s_nb_close(nb);
    print_changes(command, plan, what, done);
    ovnk8s_plan_free(plan);
    return CLI_OK;
}

int run_node_del(const struct command *command)
{
    ovnk8s_plan *plan = new_plan(command);
    char what[300];

    cli_check(ovnk8s_node_delete(plan, command->argument));
    snprintf(what, sizeof what, "node %s", command->argument);
    return change(command, plan, what, "deleted");
}

int run_cluster_del(const struct command *command)
{
    ovnk8s_plan *plan = new_plan(command);

    cli_check(ovnk8s_cluster_delete(plan, command->is_forced ? OVNK8S_FORCE : 0));
    return change(command, plan, "cluster", "deleted");
}

int run_network_del(const struct command *command)
{
    ovnk8s_plan *plan = new_plan(command);
    char what[300];

    cli_check(
        ovnk8s_network_delete(plan, command->argument, command->is_forced ? OVNK8S_FORCE : 0));
    snprintf(what, sizeof what, "network %s", command->argument);
    return change(command, plan, what, "deleted");
}

int run_repair(const struct command *command)
{
    ovnk8s_plan *plan = new_plan(command);

    cli_check(ovnk8s_topology_repair(plan));
    return change(command, plan, "cluster", "repaired");
}

int run_check(const struct command *command)
{
    ovnk8s_plan *plan = new_plan(command);
    ovnk8s_nb *nb = open_nb(command);
    size_t n;

    cli_check(ovnk8s_topology_repair(plan));
    cli_check(ovnk8s_plan_compute(plan, nb, NULL));
    ovnk8s_nb_close(nb);
    n = ovnk8s_plan_changes(plan);
    if (command->format == FORMAT_JSON) {
        putchar('{');
        print_plan_members(plan);
        puts("}");
    } else if (n) {
        print_plan_text(plan);
    } else {
        puts("cluster: as it should be");
    }
    ovnk8s_plan_free(plan);
    return n ? OVERLAY_DIFFERENCES : CLI_OK;
}
