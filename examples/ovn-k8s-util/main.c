/* ovn-k8s-util: moves network interfaces of this host onto bridges of Open vSwitch, and back; and
 * tells whether packets can go from one place to another. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

int main(int argc, char *argv[])
{
    struct command command = {.cli.help = util_help};
    int status;

    cli_check(ovnk8s_settings_new(&command.cli.settings));
    parse_command_line(&command, argc, argv);
    status = command.verb->run(&command);
    ovnk8s_settings_free(command.cli.settings);
    if (fflush(stdout)) {
        fprintf(stderr, "%s: writing the result: %s\n", program_invocation_short_name,
                strerror(errno));
        return CLI_FAILED;
    }
    return status;
}
