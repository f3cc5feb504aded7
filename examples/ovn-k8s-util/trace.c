/* The verb "trace". */

#include <errno.h>
#include <stdio.h>

#include "util.h"

/* A trace without them says less, but says it. */
static void go_on_without(const char *what)
{
    fprintf(stderr, "%s: without %s: %s\n", program_invocation_short_name, what,
            ovnk8s_last_error()->message);
}

static ovnk8s_plan *new_plan(const struct command *command)
{
    ovnk8s_plan_options options = OVNK8S_PLAN_OPTIONS_INIT;
    ovnk8s_plan *plan;

    options.owner = command->owner;
    cli_check(ovnk8s_plan_new(&plan, &options));
    return plan;
}

/* What is wrong with the query is wrong usage. */
static ovnk8s_plan *ask(const struct command *command)
{
    ovnk8s_plan *plan = new_plan(command);
    ovnk8s_trace_query query = OVNK8S_TRACE_QUERY_INIT;

    query.source = command->names[0];
    query.destination = command->names[1];
    query.port = command->names[2];
    if (ovnk8s_trace_read_nb(plan, &query)) {
        cli_usage("trace: %s", ovnk8s_last_error()->message);
    }
    return plan;
}

static void read_nb(const struct command *command, ovnk8s_plan *plan)
{
    ovnk8s_nb *nb;

    cli_check(ovnk8s_settings_open_nb(command->cli.settings, &nb));
    cli_check(ovnk8s_plan_compute(plan, nb, NULL));
    ovnk8s_nb_close(nb);
}

/* Returns NULL when there is no Open vSwitch on this host. */
static ovnk8s_plan *read_vswitch(const struct command *command, ovnk8s_vswitch *vswitch)
{
    ovnk8s_plan *plan = vswitch ? new_plan(command) : NULL;

    if (plan && (ovnk8s_trace_read_vswitch(plan) || ovnk8s_vswitch_compute(vswitch, plan, NULL))) {
        go_on_without("Open vSwitch of this host");
        ovnk8s_plan_free(plan);
        return NULL;
    }
    return plan;
}

static ovnk8s_plan *read_sb(const struct command *command, const ovnk8s_plan *nb_plan)
{
    ovnk8s_plan *plan = new_plan(command);
    ovnk8s_sb *sb = NULL;

    if (ovnk8s_trace_read_sb(plan, nb_plan) ||
        ovnk8s_settings_open_sb(command->cli.settings, &sb) || ovnk8s_sb_compute(sb, plan, NULL)) {
        go_on_without("the Southbound database");
        ovnk8s_plan_free(plan);
        plan = NULL;
    }
    ovnk8s_sb_close(sb);
    return plan;
}

static int tell(const struct command *command, const ovnk8s_trace *trace)
{
    char *text;

    cli_check(command->is_json ? ovnk8s_trace_json(trace, &text) : ovnk8s_trace_text(trace, &text));
    fputs(text, stdout);
    fputs(command->is_json ? "\n" : "", stdout);
    ovnk8s_free(text);
    return ovnk8s_trace_is_reachable(trace) ? CLI_OK : UTIL_NOT_REACHABLE;
}

/* Open vSwitch comes first: it may know where the databases are. */
int run_trace(const struct command *command)
{
    ovnk8s_plan *nb_plan = ask(command), *sb_plan, *vswitch_plan;
    ovnk8s_vswitch *vswitch = NULL;
    ovnk8s_trace *trace;
    int status;

    if (ovnk8s_settings_open_vswitch(command->cli.settings, &vswitch)) {
        go_on_without("Open vSwitch of this host");
    }
    vswitch_plan = read_vswitch(command, vswitch);
    read_nb(command, nb_plan);
    sb_plan = read_sb(command, nb_plan);
    cli_check(ovnk8s_trace_new(&trace, nb_plan, sb_plan, vswitch_plan));
    status = tell(command, trace);
    ovnk8s_trace_free(trace);
    ovnk8s_plan_free(sb_plan);
    ovnk8s_plan_free(vswitch_plan);
    ovnk8s_plan_free(nb_plan);
    ovnk8s_vswitch_close(vswitch);
    return status;
}
