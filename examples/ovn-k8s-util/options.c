/* The command line. */

#include <stdio.h>
#include <string.h>

#include "util.h"

enum { OPTION_DRY_RUN = CLI_OPTION_OWN, OPTION_FORMAT, OPTION_OWNER, OPTION_RESTORE, OPTION_SB };

static const struct option long_options[] = {
    {"dry-run", no_argument, NULL, OPTION_DRY_RUN},
    {"verbose", no_argument, NULL, 'v'},
    {"format", required_argument, NULL, OPTION_FORMAT},
    {"owner", required_argument, NULL, OPTION_OWNER},
    {"restore", no_argument, NULL, OPTION_RESTORE},
    {"sb", required_argument, NULL, OPTION_SB},
    CLI_LONG_OPTIONS,
    {NULL, 0, NULL, 0},
};

static const struct verb *find_verb(const char *name)
{
    const struct verb *verb = verbs;

    while (verb->name && strcmp(verb->name, name) != 0) {
        verb++;
    }
    return verb->name ? verb : NULL;
}

/* Help is about the verb that is named before it is asked for, if any. */
static const char *find_help(int argc, char *argv[])
{
    for (int i = 1; i < argc; i++) {
        if (find_verb(argv[i])) {
            return find_verb(argv[i])->help;
        }
    }
    return util_help;
}

static bool parse_format(const char *value)
{
    if (strcmp(value, "text") != 0 && strcmp(value, "json") != 0) {
        cli_usage("--format \"%s\": expected text or json", value);
    }
    return *value == 'j';
}

static void take_option(struct command *command, int option)
{
    switch (option) {
    case OPTION_DRY_RUN:
        command->is_dry_run = true;
        break;
    case OPTION_FORMAT:
        command->is_json = parse_format(optarg);
        break;
    case OPTION_OWNER:
        command->owner = optarg;
        break;
    case OPTION_SB:
        command->has_sb = true;
        cli_check(ovnk8s_settings_set(command->cli.settings, "sb", optarg));
        break;
    case OPTION_RESTORE:
        command->is_restore = true;
        break;
    case 'v':
        command->is_verbose = true;
        break;
    default:
        cli_option(&command->cli, option);
    }
}

static void check_trace(const struct command *command)
{
    char **names = command->names;

    if (command->is_restore || command->is_dry_run || command->is_verbose) {
        cli_usage("--restore, --dry-run and --verbose do not go with trace");
    }
    if (!names[0] || !names[1]) {
        cli_usage("trace: %s is missing", names[0] ? "DST" : "SRC");
    }
    if (names[2] && names[3]) {
        cli_usage("trace: unexpected argument \"%s\"", names[3]);
    }
}

static void check(const struct command *command)
{
    const struct verb *verb = command->verb;

    if (verb->run == run_trace) {
        check_trace(command);
        return;
    }
    if (command->owner || command->has_sb) {
        cli_usage("--owner and --sb do not go with %s", verb->name);
    }
    if (command->is_restore && verb->direction != OVNK8S_UPLINK_MOVE) {
        cli_usage("--restore does not go with %s", verb->name);
    }
    if (command->is_restore && *command->names) {
        cli_usage("--restore: unexpected argument \"%s\"", *command->names);
    }
    if (!command->is_restore && !*command->names) {
        cli_usage("%s: %s is missing", verb->name, verb->argument);
    }
}

void parse_command_line(struct command *command, int argc, char *argv[])
{
    int option;

    command->cli.help = find_help(argc, argv);
    while ((option = getopt_long(argc, argv, CLI_SHORT_OPTIONS "v", long_options, NULL)) != -1) {
        take_option(command, option);
    }
    argv += optind;
    if (command->cli.shows_config) {
        cli_options_end(&command->cli, argv);
    }
    if (!*argv) {
        cli_usage("no command: expected nics-to-bridge, bridges-to-nic or trace");
    }
    command->verb = find_verb(*argv);
    if (!command->verb) {
        cli_usage("unknown command \"%s\": expected nics-to-bridge, bridges-to-nic or trace",
                  *argv);
    }
    command->names = argv + 1;
    check(command);
}
