/* Verbs that move network interfaces onto bridges of Open vSwitch, and back. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

/* What is printed of one interface or bridge. */
struct result {
    const char *name;
    enum ovnk8s_uplink_direction direction;
    char *steps;
};

static void print_json_steps(const char *steps)
{
    bool first = true;

    while (*steps) {
        const int length = (int)strcspn(steps, "\n");
        char line[512];

        snprintf(line, sizeof line, "%.*s", length, steps);
        fputs(first ? "" : ",", stdout);
        cli_print_json_string(line);
        first = false;
        steps += length + (steps[length] == '\n');
    }
}

static void print_json(const struct result *result, bool first)
{
    const bool back = result->direction == OVNK8S_UPLINK_MOVE_BACK;

    printf("%s{\"%s\":", first ? "" : ",", back ? "bridge" : "interface");
    cli_print_json_string(result->name);
    printf(",\"changed\":%s,\"steps\":[", *result->steps ? "true" : "false");
    print_json_steps(result->steps);
    fputs("]}", stdout);
}

static void print_text(const struct command *command, const struct result *result)
{
    const bool back = result->direction == OVNK8S_UPLINK_MOVE_BACK;
    const char *would = command->is_dry_run ? "would be " : "";

    if (command->is_dry_run || command->is_verbose) {
        fputs(result->steps, stdout);
    }
    if (!*result->steps) {
        printf("%s: nothing to do\n", result->name);
    } else if (back) {
        printf("bridge %s: %sgiven back to its interface\n", result->name, would);
    } else {
        printf("interface %s: %smoved onto its bridge\n", result->name, would);
    }
}

/* Returns whether it succeeded. */
static bool do_one(const struct command *command, ovnk8s_vswitch *vswitch,
                   const ovnk8s_uplink *uplink, struct result *result)
{
    int error = ovnk8s_uplink_preview(&result->steps, vswitch, uplink, result->direction);

    if (!error && !command->is_dry_run) {
        error = result->direction == OVNK8S_UPLINK_MOVE_BACK
                    ? ovnk8s_uplink_move_back(vswitch, uplink)
                    : ovnk8s_uplink_move(vswitch, uplink);
    }
    return !error;
}

/* Does one, and prints it. Returns whether it succeeded. */
static bool run_one(const struct command *command, ovnk8s_vswitch *vswitch,
                    const ovnk8s_uplink *uplink, enum ovnk8s_uplink_direction direction, bool first)
{
    struct result result = {uplink->nic && direction == OVNK8S_UPLINK_MOVE ? uplink->nic
                                                                           : uplink->bridge,
                            direction, NULL};

    if (!do_one(command, vswitch, uplink, &result)) {
        ovnk8s_free(result.steps);
        return false;
    }
    if (command->is_json) {
        print_json(&result, first);
    } else {
        print_text(command, &result);
        fflush(stdout);
    }
    ovnk8s_free(result.steps);
    return true;
}

/* What was done before is told all the same. */
static _Noreturn void stop(const struct command *command)
{
    if (command->is_json) {
        puts("]}");
    }
    fflush(stdout);
    cli_failed();
}

static void run_named(const struct command *command, ovnk8s_vswitch *vswitch)
{
    for (char **name = command->names; *name; name++) {
        ovnk8s_uplink uplink = OVNK8S_UPLINK_INIT;

        if (command->verb->direction == OVNK8S_UPLINK_MOVE) {
            uplink.nic = *name;
        } else {
            uplink.bridge = *name;
        }
        if (!run_one(command, vswitch, &uplink, command->verb->direction, name == command->names)) {
            stop(command);
        }
    }
}

/* An interface that fails keeps no other from its network. Returns the exit code. */
static int run_recorded(const struct command *command, ovnk8s_vswitch *vswitch)
{
    ovnk8s_uplink_record **records;
    size_t n, n_done = 0;
    int status = CLI_OK;

    cli_check(ovnk8s_uplink_records(vswitch, &records, &n));
    for (size_t i = 0; i < n; i++) {
        ovnk8s_uplink uplink = OVNK8S_UPLINK_INIT;

        uplink.nic = records[i]->nic;
        uplink.bridge = records[i]->bridge;
        uplink.flags = OVNK8S_UPLINK_RESTORE;
        if (run_one(command, vswitch, &uplink,
                    records[i]->state == OVNK8S_UPLINK_RETURNING ? OVNK8S_UPLINK_MOVE_BACK
                                                                 : OVNK8S_UPLINK_MOVE,
                    n_done == 0)) {
            n_done++;
        } else {
            fprintf(stderr, "%s: %s\n", program_invocation_short_name,
                    ovnk8s_last_error()->message);
            status = CLI_FAILED;
        }
    }
    ovnk8s_free(records);
    return status;
}

int run_uplink(const struct command *command)
{
    ovnk8s_vswitch *vswitch;
    int status = CLI_OK;

    cli_check(ovnk8s_settings_open_vswitch(command->cli.settings, &vswitch));
    if (command->is_json) {
        fputs("{\"uplinks\":[", stdout);
    }
    if (command->is_restore) {
        status = run_recorded(command, vswitch);
    } else {
        run_named(command, vswitch);
    }
    if (command->is_json) {
        puts("]}");
    }
    ovnk8s_vswitch_close(vswitch);
    return status;
}
