/* Verbs that change the Northbound database, or would: node-del, cluster-del, repair, check. */

#include <stdio.h>

#include "overlay.h"

static void apply_to_nb(const struct command *command, ovnk8s_plan *plan)
{
    ovnk8s_nb *nb = open_nb(command);

    do_plan(command, plan, nb);
    ovnk8s_nb_close(nb);
}

int run_node_del(const struct command *command)
{
    ovnk8s_plan *plan = new_plan(command);
    char what[300];

    cli_check(ovnk8s_node_delete(plan, command->argument));
    apply_to_nb(command, plan);
    snprintf(what, sizeof what, "node %s", command->argument);
    print_changes(command, plan, what, "deleted");
    ovnk8s_plan_free(plan);
    return CLI_OK;
}

int run_cluster_del(const struct command *command)
{
    ovnk8s_plan *plan = new_plan(command);

    cli_check(ovnk8s_cluster_delete(plan, command->is_forced ? OVNK8S_FORCE : 0));
    apply_to_nb(command, plan);
    print_changes(command, plan, "cluster", "deleted");
    ovnk8s_plan_free(plan);
    return CLI_OK;
}

int run_repair(const struct command *command)
{
    ovnk8s_plan *plan = new_plan(command);

    cli_check(ovnk8s_topology_repair(plan));
    apply_to_nb(command, plan);
    print_changes(command, plan, "cluster", "repaired");
    ovnk8s_plan_free(plan);
    return CLI_OK;
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
