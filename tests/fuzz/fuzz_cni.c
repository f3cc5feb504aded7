/* The CNI plugin as a function, on any environment and any standard input.
 *
 * An input is the environment, a line each, then an empty line, then standard input:
 *
 *     CNI_COMMAND=VERSION
 *
 *     {"cniVersion": "1.0.0"}
 *
 * Nothing outside is touched, whatever the input says: no connection comes about, no file is opened
 * for writing, and the call is cancelled before it begins, so that nothing is waited for. Whatever
 * happens, the answer is one that the specification allows, or the process is aborted. */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <cjson/cJSON.h>

#include <ovnk8s/cancel.h>
#include <ovnk8s/cni.h>
#include <ovnk8s/memory.h>

enum { MOST_VARIABLES = 64 };

/* The linker's --wrap sends the library's calls here. */

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_open(const char *path, int flags, ...);
int __real_open(const char *path, int flags, ...);

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length)
{
    (void)fd, (void)address, (void)length;
    errno = ECONNREFUSED;
    return -1;
}

int __wrap_open(const char *path, int flags, ...)
{
    if ((flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT)) {
        errno = EACCES;
        return -1;
    }
    return __real_open(path, flags);
}

static void check(int holds, const char *what, const char *output)
{
    if (!holds) {
        fprintf(stderr, "expected %s: %s\n", what, output ? output : "(null)");
        abort();
    }
}

static int is_listed(const cJSON *code)
{
    static const int codes[] = {1,   4,   5,   6,   7,   8,   50,  51,  100,
                                101, 102, 103, 104, 105, 106, 107, 108, 999};

    for (size_t i = 0; cJSON_IsNumber(code) && i < sizeof codes / sizeof *codes; i++) {
        if (code->valuedouble == codes[i]) {
            return 1;
        }
    }
    return 0;
}

static void check_error(const cJSON *answer, const char *command, const char *output)
{
    const char *message = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, "msg"));

    check(is_listed(cJSON_GetObjectItemCaseSensitive(answer, "code")), "a listed code", output);
    check(cJSON_IsString(cJSON_GetObjectItemCaseSensitive(answer, "cniVersion")), "a version",
          output);
    check(message && *message && !strchr(message, '\n'), "a message of one line", output);
    check(strcmp(command, "DEL") || (!strcasestr(output, "not found") &&
                                     !strcasestr(output, "no such file or directory")),
          "no phrase that means success", output);
}

static void check_answer(const char *command, int exit_code, const char *output)
{
    const char *end = NULL;
    cJSON *answer;

    check(exit_code == 0 || exit_code == 1, "an exit code", output);
    check(output != NULL, "an output", output);
    if (!exit_code && strcmp(command, "VERSION") != 0) {
        /* Nothing can be added or looked up here; there may be nothing to collect. */
        check(!strcmp(command, "GC") && !*output, "silence", output);
        return;
    }
    answer = cJSON_ParseWithOpts(output, &end, 0);
    check(cJSON_IsObject(answer) && !strcmp(end, "\n"), "one object", output);
    if (exit_code) {
        check_error(answer, command, output);
    } else {
        check(cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(answer, "supportedVersions")),
              "versions", output);
    }
    cJSON_Delete(answer);
}

/* Splits the lines up to an empty one off 'text'; returns the rest. */
static char *split(char *text, const char *environment[static MOST_VARIABLES + 1])
{
    size_t n = 0;

    while (*text && *text != '\n') {
        char *line = strsep(&text, "\n");

        if (n < MOST_VARIABLES) {
            environment[n++] = line;
        }
        text = text ? text : "";
    }
    environment[n] = NULL;
    return text + (*text == '\n');
}

/* The first of this name counts, as with getenv(). */
static const char *command_of(const char *const *environment)
{
    for (; *environment; environment++) {
        if (!strncmp(*environment, "CNI_COMMAND=", 12)) {
            return *environment + 12;
        }
    }
    return "";
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length)
{
    static ovnk8s_cancel *cancel;
    const char *environment[MOST_VARIABLES + 1];
    char *text = malloc(length + 1), *input, *output;
    int exit_code;

    if (!cancel) {
        if (ovnk8s_cancel_new(&cancel)) {
            abort();
        }
        ovnk8s_cancel_trigger(cancel);
    }
    memcpy(text, bytes, length);
    text[length] = '\0';
    input = split(text, environment);
    exit_code = ovnk8s_cni_run(environment, input, cancel, &output);
    check_answer(command_of(environment), exit_code, output);
    ovnk8s_free(output);
    free(text);
    return 0;
}
