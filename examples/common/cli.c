#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <ovnk8s/error.h>
#include <ovnk8s/memory.h>
#include <ovnk8s/version.h>

void cli_failed(void)
{
    fprintf(stderr, "%s: %s\n", program_invocation_short_name, ovnk8s_last_error()->message);
    exit(CLI_FAILED);
}

void cli_check(int error)
{
    if (error) {
        cli_failed();
    }
}

void cli_usage(const char *format, ...)
{
    va_list args;

    fprintf(stderr, "%s: ", program_invocation_short_name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, " (try --help)\n");
    exit(CLI_USAGE);
}

/* Returns the key of the setting that the option stands for; NULL for none. */
static const char *setting_of(int option)
{
    static const struct {
        int option;
        const char *key;
    } keys[] = {
        {CLI_OPTION_OVS, "ovs"},
        {CLI_OPTION_NB, "nb"},
        {CLI_OPTION_TIMEOUT, "timeout"},
        {CLI_OPTION_CONFIG, "config"},
        {'p', "private-key"},
        {'c', "certificate"},
        {'C', "ca-cert"},
        {CLI_OPTION_KUBECONFIG, "kubeconfig"},
    };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (keys[i].option == option) {
            return keys[i].key;
        }
    }
    return NULL;
}

void cli_option(struct cli *cli, int option)
{
    switch (option) {
    case 'h':
        fputs(cli->help, stdout);
        exit(CLI_OK);
    case 'V':
        printf("%s %s\n", program_invocation_short_name, ovnk8s_version());
        exit(CLI_OK);
    case CLI_OPTION_SHOW_CONFIG:
        cli->shows_config = true;
        break;
    default:
        if (!setting_of(option)) {
            exit(CLI_USAGE); /* getopt_long() has told why. */
        }
        cli_check(ovnk8s_settings_set(cli->settings, setting_of(option), optarg));
    }
}

static _Noreturn void show_config(ovnk8s_settings *settings)
{
    ovnk8s_vswitch *vswitch;
    char *text;

    /* A host whose Open vSwitch is down has settings too. */
    cli_check(ovnk8s_settings_read_file(settings));
    if (ovnk8s_settings_open_vswitch(settings, &vswitch)) {
        fprintf(stderr, "%s: without external_ids: %s\n", program_invocation_short_name,
                ovnk8s_last_error()->message);
    } else {
        ovnk8s_vswitch_close(vswitch);
    }
    cli_check(ovnk8s_settings_text(settings, &text));
    fputs(text, stdout);
    ovnk8s_free(text);
    exit(CLI_OK);
}

void cli_options_end(struct cli *cli, char *argv[])
{
    if (cli->shows_config) {
        show_config(cli->settings);
    }
    if (*argv) {
        cli_usage("unexpected argument \"%s\"", *argv);
    }
}

void cli_print_json_string(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if ((unsigned char)*text < ' ') {
            printf("\\u%04x", (unsigned int)*text);
        } else {
            printf("%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
        }
    }
    putchar('"');
}
