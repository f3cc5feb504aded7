/* What the programs have in common on their command lines: where things are, and how they fail. */

#ifndef CLI_H
#define CLI_H

#include <getopt.h>
#include <stdbool.h>

#include <ovnk8s/settings.h>

/* Exit codes. */
enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

/* The values of options start here where they have no letter. */
enum {
    CLI_OPTION_OVS = 1000,
    CLI_OPTION_NB,
    CLI_OPTION_TIMEOUT,
    CLI_OPTION_CONFIG,
    CLI_OPTION_KUBECONFIG,
    CLI_OPTION_SHOW_CONFIG,
    CLI_OPTION_OWN, /* The program's own from here on. */
};

#define CLI_LONG_OPTIONS                                                                           \
    {"ovs", required_argument, NULL, CLI_OPTION_OVS},                                              \
        {"nb", required_argument, NULL, CLI_OPTION_NB},                                            \
        {"timeout", required_argument, NULL, CLI_OPTION_TIMEOUT},                                  \
        {"config", required_argument, NULL, CLI_OPTION_CONFIG},                                    \
        {"kubeconfig", required_argument, NULL, CLI_OPTION_KUBECONFIG},                            \
        {"private-key", required_argument, NULL, 'p'},                                             \
        {"certificate", required_argument, NULL, 'c'}, {"ca-cert", required_argument, NULL, 'C'},  \
        {"show-config", no_argument, NULL, CLI_OPTION_SHOW_CONFIG},                                \
        {"help", no_argument, NULL, 'h'},                                                          \
    {                                                                                              \
        "version", no_argument, NULL, 'V'                                                          \
    }

#define CLI_SHORT_OPTIONS "p:c:C:hV"

#define CLI_OPTIONS_HELP                                                                           \
    "  --ovs REMOTE           database of Open vSwitch\n"                                          \
    "                         (default: unix:$OVS_RUNDIR/db.sock)\n"                               \
    "  --nb REMOTE[,REMOTE]   OVN Northbound database (default: external_ids:ovn-nb of\n"          \
    "                         Open vSwitch, then unix:$OVN_RUNDIR/ovnnb_db.sock)\n"                \
    "  -p, --private-key FILE, -c, --certificate FILE, -C, --ca-cert FILE\n"                       \
    "                         for ssl: remotes\n"                                                  \
    "  --kubeconfig FILE      where the Kubernetes API server is\n"                                \
    "  --timeout SECONDS      for each step that waits (default: 10)\n"                            \
    "  --config FILE          settings (default: /etc/openvswitch/ovn_k8s.conf)\n"                 \
    "  --show-config          print each setting and where it comes from, and exit\n"              \
    "  -h, --help             print this, and exit\n"                                              \
    "  -V, --version          print the version, and exit\n"

/* What the common options say. */
struct cli {
    ovnk8s_settings *settings;
    const char *help; /* Of the program. */
    bool shows_config;
};

/* Handles an option that is not the program's own, with its value in optarg. One that is unknown,
 * or has a bad value, ends the program, as do --help and --version. */
void cli_option(struct cli *cli, int option);

/* To be called after the last option: checks that no argument is left from 'argv' on, and does what
 * --show-config asks for, which ends the program. */
void cli_options_end(struct cli *cli, char *argv[]);

/* Prints the failure of the latest call, and exits. */
_Noreturn void cli_failed(void);

/* Prints what is wrong with the command line, and exits. */
_Noreturn void cli_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Exits by cli_failed() unless 'error' is 0. */
void cli_check(int error);

/* Prints 'text' in quotes, as JSON has it. */
void cli_print_json_string(const char *text);

#endif /* cli.h */
