#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* The library has a function of this name. */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <ovnk8s/error.h>

#include "node/daemon.h"

/* A daemon "d" with the pid 7, which answers one request. */
struct daemon {
    char folder[64], pid_file[128], socket[128], request[256];
    const char *answers[3]; /* In pieces; none: it hangs up. NULL: it says nothing, and waits. */
    int fd;
    pthread_t thread;
};

static void *serve(void *payload)
{
    struct daemon *daemon = payload;
    const int fd = accept(daemon->fd, NULL, NULL);

    if (fd < 0 || read(fd, daemon->request, sizeof daemon->request - 1) < 0) {
        return NULL;
    }
    for (size_t i = 0; i < 3 && daemon->answers[i]; i++) {
        if (write(fd, daemon->answers[i], strlen(daemon->answers[i])) < 0) {
            return NULL;
        }
    }
    if (!daemon->answers[0]) {
        char byte;

        /* Until the other side is tired of it. */
        while (read(fd, &byte, 1) > 0) {
        }
    }
    close(fd);
    return NULL;
}

static int start(void **state)
{
    struct daemon *daemon = calloc(1, sizeof *daemon);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    FILE *file;

    strcpy(daemon->folder, "/tmp/ovnk8s-daemon-XXXXXX");
    assert_non_null(mkdtemp(daemon->folder));
    snprintf(daemon->pid_file, sizeof daemon->pid_file, "%s/d.pid", daemon->folder);
    snprintf(daemon->socket, sizeof daemon->socket, "%s/d.7.ctl", daemon->folder);
    file = fopen(daemon->pid_file, "we");
    assert_non_null(file);
    fputs("7\n", file);
    fclose(file);
    strcpy(address.sun_path, daemon->socket);
    daemon->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(daemon->fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(daemon->fd, 1), 0);
    *state = daemon;
    return 0;
}

static int stop(void **state)
{
    struct daemon *daemon = *state;

    close(daemon->fd);
    unlink(daemon->socket);
    unlink(daemon->pid_file);
    rmdir(daemon->folder);
    free(daemon);
    return 0;
}

static int ask(const struct daemon *daemon, unsigned int timeout_ms, struct text *out)
{
    const struct deadline deadline = deadline_in(timeout_ms, NULL);

    return daemon_ask(daemon->folder, "d", "connection-status", &deadline, out);
}

static int ask_served(struct daemon *daemon, unsigned int timeout_ms, struct text *out)
{
    int error;

    assert_int_equal(pthread_create(&daemon->thread, NULL, serve, daemon), 0);
    error = ask(daemon, timeout_ms, out);
    pthread_join(daemon->thread, NULL);
    return error;
}

static void takes_an_answer_in_pieces(void **state)
{
    struct daemon *daemon = *state;
    _cleanup_text_ struct text answer = {0};

    daemon->answers[0] = "{\"id\":0,\"error\":null,";
    daemon->answers[1] = "\"result\":\"connected\\n\"}";
    assert_int_equal(ask_served(daemon, 30000, &answer), 0);
    assert_string_equal(answer.bytes, "connected\n");
    assert_string_equal(daemon->request,
                        "{\"id\":0,\"method\":\"connection-status\",\"params\":[]}");
}

static void tells_what_is_wrong(void **state)
{
    static const struct {
        const char *answer;
        unsigned int timeout_ms;
        int error;
        const char *message;
    } cases[] = {
        {"{\"id\":0,\"error\":\"no such command\",\"result\":null}", 30000, OVNK8S_UNAVAILABLE,
         "it refuses"},
        {"{\"id\":0", 30000, OVNK8S_UNAVAILABLE, "it hangs up"},
        {NULL, 1, OVNK8S_TIMEOUT, "it does not answer"},
    };
    struct daemon *daemon = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        _cleanup_text_ struct text answer = {0};

        daemon->answers[0] = cases[i].answer;
        assert_int_equal(ask_served(daemon, cases[i].timeout_ms, &answer), cases[i].error);
        assert_non_null(strstr(ovnk8s_last_error()->message, "asking d for its connection-status"));
        assert_non_null(strstr(ovnk8s_last_error()->message, cases[i].message));
    }
}

static void tells_that_nobody_is_there(void **state)
{
    struct daemon *daemon = *state;
    _cleanup_text_ struct text answer = {0};

    unlink(daemon->socket);
    assert_int_equal(ask(daemon, 30000, &answer), OVNK8S_UNAVAILABLE);
    assert_non_null(strstr(ovnk8s_last_error()->message, "it does not answer at /tmp/ovnk8s-"));
    unlink(daemon->pid_file);
    assert_int_equal(ask(daemon, 30000, &answer), OVNK8S_UNAVAILABLE);
    assert_non_null(strstr(ovnk8s_last_error()->message, "it is not running"));
}

#define WITH_DAEMON(TEST) cmocka_unit_test_setup_teardown(TEST, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DAEMON(takes_an_answer_in_pieces),
        WITH_DAEMON(tells_what_is_wrong),
        WITH_DAEMON(tells_that_nobody_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
