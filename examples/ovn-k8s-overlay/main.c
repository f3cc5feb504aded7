/* ovn-k8s-overlay: makes the logical network of a cluster and the hosts of its nodes, shows it,
 * checks it and repairs it. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "overlay.h"

int main(int argc, char *argv[])
{
    struct command command = {.cli.help = overlay_help};
    int status;

    cli_check(ovnk8s_settings_new(&command.cli.settings));
    parse_command_line(&command, argc, argv);
    status = command.verb->run(&command);
    ovnk8s_settings_free(command.cli.settings);
    free(command.physical_ips);
    free(command.default_gateways);
    if (fflush(stdout)) {
        fprintf(stderr, "%s: writing the result: %s\n", program_invocation_short_name,
                strerror(errno));
        return CLI_FAILED;
    }
    return status;
}
