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

void cli_version(void)
{
    printf("%s %s\n", program_invocation_short_name, ovnk8s_version());
    exit(CLI_OK);
}

bool cli_setting(ovnk8s_settings *settings, int option, const char *value)
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
            cli_check(ovnk8s_settings_set(settings, keys[i].key, value));
            return true;
        }
    }
    return false;
}

void cli_show_config(ovnk8s_settings *settings)
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
