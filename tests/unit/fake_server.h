/* Starting and stopping tests/kube/fake_server.py, once for all tests of a program. */

#ifndef FAKE_SERVER_H
#define FAKE_SERVER_H

#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVER_SCRIPT TEST_DATA "/../../kube/fake_server.py"

extern char **environ;

static struct {
    pid_t pid;
    int lifeline; /* The server ends when this is closed. */
    int port, tls_port;
    char folder[128]; /* With cert.pem and key.pem. */
} server;

static int start_server(void **state)
{
    char *argv[] = {"python3", SERVER_SCRIPT, NULL};
    posix_spawn_file_actions_t actions;
    int in[2], out[2];
    FILE *answer;

    (void)state;
    if (pipe(in) || pipe(out) || posix_spawn_file_actions_init(&actions)) {
        return -1;
    }
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_addclose(&actions, in[1]);
    if (posix_spawnp(&server.pid, "python3", &actions, NULL, argv, environ)) {
        return -1;
    }
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    server.lifeline = in[1];
    answer = fdopen(out[0], "r");
    if (fscanf(answer, "%d %d %127s", &server.port, &server.tls_port, server.folder) != 3) {
        return -1;
    }
    fclose(answer);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    close(server.lifeline);
    return waitpid(server.pid, NULL, 0) == server.pid ? 0 : -1;
}

#endif /* fake_server.h */
