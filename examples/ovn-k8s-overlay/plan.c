/* What the verbs do with plans, and how they print them. */

#include <stdio.h>
#include <string.h>

#include "overlay.h"

ovnk8s_nb *open_nb(const struct command *command)
{
    ovnk8s_settings *settings = command->cli.settings;
    ovnk8s_nb *nb;

    if (ovnk8s_settings_asks_vswitch(settings, "nb")) {
        ovnk8s_vswitch *vswitch;

        cli_check(ovnk8s_settings_open_vswitch(settings, &vswitch));
        ovnk8s_vswitch_close(vswitch); /* It was for its external_ids. */
    }
    cli_check(ovnk8s_settings_open_nb(settings, &nb));
    return nb;
}

ovnk8s_plan *new_plan(const struct command *command)
{
    ovnk8s_plan_options options = OVNK8S_PLAN_OPTIONS_INIT;
    ovnk8s_plan *plan;

    options.owner = command->owner;
    cli_check(ovnk8s_plan_new(&plan, &options));
    return plan;
}

void do_plan(const struct command *command, ovnk8s_plan *plan, ovnk8s_nb *nb)
{
    ovnk8s_apply_options options = OVNK8S_APPLY_OPTIONS_INIT;

    options.wait = command->wait;
    cli_check(command->is_dry_run ? ovnk8s_plan_compute(plan, nb, &options)
                                  : ovnk8s_plan_apply(plan, nb, &options));
}

/* Printing. */

void print_plan_text(const ovnk8s_plan *plan)
{
    char *text;

    cli_check(ovnk8s_plan_text(plan, &text));
    fputs(text, stdout);
    ovnk8s_free(text);
}

void print_plan_members(const ovnk8s_plan *plan)
{
    char *json;

    cli_check(ovnk8s_plan_json(plan, &json));
    *strrchr(json, '}') = '\0';
    fputs(json + 1, stdout);
    ovnk8s_free(json);
}

void print_count(const struct command *command, const ovnk8s_plan *plan)
{
    printf(" (%zu rows of the Northbound database %s)\n", ovnk8s_plan_changes(plan),
           command->is_dry_run ? "would change" : "changed");
}

void print_changes(const struct command *command, const ovnk8s_plan *plan, const char *what,
                   const char *done)
{
    if (command->format == FORMAT_JSON) {
        putchar('{');
        print_plan_members(plan);
        puts("}");
        return;
    }
    if (command->is_dry_run || command->is_verbose) {
        print_plan_text(plan);
    }
    printf("%s: %s%s", what, command->is_dry_run ? "would be " : "", done);
    print_count(command, plan);
}

void print_lines(const char *key, char *lines)
{
    const char *between = "";

    printf(",\"%s\":[", key);
    for (char *end; (end = strchr(lines, '\n')); lines = end + 1) {
        *end = '\0';
        fputs(between, stdout);
        cli_print_json_string(lines);
        between = ",";
    }
    putchar(']');
}
