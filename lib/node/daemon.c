#include "node/daemon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cjson/cJSON.h>

#include "base/mem.h"
#include "kube/file.h"

enum { MOST_ANSWER = 1 << 20 };

static const char *slash_after(const char *folder)
{
    return *folder && folder[strlen(folder) - 1] == '/' ? "" : "/";
}

/* The socket is named after the pid, which is in a file. */
static int find_socket(const char *folder, const char *name, struct sockaddr_un *out)
{
    enum { MOST = 32 };
    _cleanup_text_ struct text path = {0};
    _cleanup_free_ char *pid = NULL;
    int error, length;

    text_printf(&path, "%s%s%s.pid", folder, slash_after(folder), name);
    error = path.failed ? fail_nomem() : file_read(path.bytes, MOST, &pid);
    if (error) {
        return fail(OVNK8S_UNAVAILABLE, "it is not running: there is no %.200s",
                    path.bytes ? path.bytes : "");
    }
    out->sun_family = AF_UNIX;
    length = snprintf(out->sun_path, sizeof out->sun_path, "%s%s%s.%ld.ctl", folder,
                      slash_after(folder), name, strtol(pid, NULL, 10));
    return (size_t)length < sizeof out->sun_path
               ? 0
               : fail(OVNK8S_INVALID, "the path of its socket in %.100s is too long", folder);
}

static int dial(const struct sockaddr_un *address, int *out)
{
    *out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*out < 0) {
        return fail_errno(errno, "making a socket");
    }
    if (connect(*out, (const struct sockaddr *)address, sizeof *address)) {
        return fail(OVNK8S_UNAVAILABLE, "it does not answer at %.108s: %s", address->sun_path,
                    strerror(errno));
    }
    return 0;
}

/* Reads until all of a JSON value is there. */
static int read_answer(int fd, const struct deadline *deadline, cJSON **out)
{
    _cleanup_text_ struct text answer = {0};
    struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}};

    for (*out = NULL; !*out;) {
        char bytes[512];
        const ssize_t n = read(fd, bytes, sizeof bytes);

        if (n > 0) {
            text_add_bytes(&answer, bytes, (size_t)n);
            *out = cJSON_ParseWithLength(answer.bytes, answer.length);
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            return fail(OVNK8S_UNAVAILABLE, "it hangs up without an answer");
        }
        if (answer.failed || answer.length > MOST_ANSWER) {
            return fail(OVNK8S_UNAVAILABLE, "its answer is too long");
        }
        if (!*out) {
            const int error = deadline_poll(deadline, fds, 1, INT64_MAX);

            if (error) {
                return error == OVNK8S_TIMEOUT ? fail(error, "it does not answer") : error;
            }
        }
    }
    return 0;
}

static int ask(int fd, const char *command, const struct deadline *deadline, struct text *out)
{
    _cleanup_text_ struct text request = {0};
    cJSON *answer;
    const char *result;
    int error;

    text_printf(&request, "{\"id\":0,\"method\":\"%s\",\"params\":[]}", command);
    if (request.failed) {
        return fail_nomem();
    }
    /* So short a request fits into an empty socket. */
    if (send(fd, request.bytes, request.length, MSG_NOSIGNAL) != (ssize_t)request.length) {
        return fail(OVNK8S_UNAVAILABLE, "it does not listen: %s", strerror(errno));
    }
    error = read_answer(fd, deadline, &answer);
    if (error) {
        return error;
    }
    result = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, "result"));
    if (result) {
        text_add(out, result);
    } else {
        error = fail(OVNK8S_UNAVAILABLE, "it refuses");
    }
    cJSON_Delete(answer);
    return error;
}

int daemon_ask(const char *folder, const char *name, const char *command,
               const struct deadline *deadline, struct text *out)
{
    struct sockaddr_un address = {0};
    _cleanup_close_ int fd = -1;
    int error = find_socket(folder, name, &address);

    error = error ? error : dial(&address, &fd);
    error = error ? error : ask(fd, command, deadline, out);
    return error ? fail_during(error, "daemon", name, "asking %s for its %s", name, command) : 0;
}
