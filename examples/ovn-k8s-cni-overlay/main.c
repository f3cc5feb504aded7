/* The CNI plugin as a program: environment and standard input in, standard output and exit code
 * out. Container runtimes execute it; see cni.h of the library for what it does. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ovnk8s/cni.h>
#include <ovnk8s/memory.h>
#include <ovnk8s/version.h>

extern char **environ;

static int tell(FILE *stream)
{
    fprintf(stream,
            "CNI plugin ovn-k8s-cni-overlay %s: connects pods to OVN; executed by container"
            " runtimes\nCNI protocol versions supported: %s\n",
            ovnk8s_version(), OVNK8S_CNI_VERSIONS);
    return 0;
}

/* Reads standard input up to its end, or up to more than any sound configuration has. Returns NULL
 * when that fails. */
static char *read_input(void)
{
    static char input[(1 << 20) + 1];
    size_t length = 0;
    ssize_t n;

    while ((n = read(STDIN_FILENO, input + length, sizeof input - 1 - length)) > 0) {
        length += (size_t)n;
    }
    return n < 0 ? NULL : input;
}

int main(int argc, char *argv[])
{
    const char *command = getenv("CNI_COMMAND");
    char *output;
    int exit_code;

    if (argc > 1) {
        const int known = !strcmp(argv[1], "--version") || !strcmp(argv[1], "--help");

        return known ? tell(stdout) : (tell(stderr), 2);
    }
    if (!command || !*command) {
        return tell(stderr);
    }
    exit_code = ovnk8s_cni_run((const char *const *)environ, read_input(), NULL, &output);
    if (output && fputs(output, stdout) == EOF) {
        exit_code = 1;
    }
    ovnk8s_free(output);
    /* libcurl and OpenSSL would put away, piece by piece, what ends with the process anyway. */
    quick_exit(fflush(stdout) ? 1 : exit_code);
}
