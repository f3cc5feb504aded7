/* A real ovsdb-server with an empty Northbound database, for tests that see the library from the
 * outside. */

#ifndef GUEST_SERVER_H
#define GUEST_SERVER_H

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NB_SCHEMA "/usr/share/ovn/ovn-nb.ovsschema"

static struct {
    pid_t pid;
    char folder[64], database[96], socket[96], listen[128], remote[128];
} server;

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void nap(long ms)
{
    const struct timespec pause = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&pause, NULL);
}

/* Runs a program that dies with the test. */
static pid_t spawn(char *const argv[])
{
    const pid_t pid = fork();

    if (!pid) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execvp(argv[0], argv);
        _exit(127);
    }
    return pid;
}

static bool server_answers(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool answers;

    strcpy(address.sun_path, server.socket);
    answers = !connect(fd, (struct sockaddr *)&address, sizeof address);
    close(fd);
    return answers;
}

static bool server_start(void)
{
    char *argv[] = {"ovsdb-server",
                    "--unixctl=none",
                    "-vconsole:off",
                    "-vsyslog:off",
                    server.listen,
                    server.database,
                    NULL};

    server.pid = spawn(argv);
    for (int i = 0; i < 500 && !server_answers(); i++) {
        nap(20);
    }
    return server_answers();
}

static void server_kill(void)
{
    if (server.pid > 0) {
        kill(server.pid, SIGKILL);
        waitpid(server.pid, NULL, 0);
        server.pid = 0;
    }
    unlink(server.socket);
}

/* A group set-up function of cmocka. */
static int server_create(void **state)
{
    char *argv[] = {"ovsdb-tool", "create", server.database, NB_SCHEMA, NULL};
    int status;

    (void)state;
    strcpy(server.folder, "/tmp/ovnk8s-guest-XXXXXX");
    if (!mkdtemp(server.folder)) {
        return -1;
    }
    sprintf(server.database, "%s/nb.db", server.folder);
    sprintf(server.socket, "%s/nb.sock", server.folder);
    sprintf(server.listen, "--remote=punix:%s", server.socket);
    sprintf(server.remote, "unix:%s", server.socket);
    if (waitpid(spawn(argv), &status, 0) < 0 || status) {
        return -1;
    }
    return server_start() ? 0 : -1;
}

/* A group tear-down function of cmocka. */
static int server_remove(void **state)
{
    DIR *folder = opendir(server.folder);
    struct dirent *entry;

    (void)state;
    server_kill();
    while (folder && (entry = readdir(folder)) != NULL) {
        unlinkat(dirfd(folder), entry->d_name, 0);
    }
    if (folder) {
        closedir(folder);
    }
    return rmdir(server.folder);
}

/* Skips all tests where there is no server to start. */
static void server_require(void)
{
    char path[4096];

    snprintf(path, sizeof path, "%s:/usr/sbin:/usr/bin", getenv("PATH") ? getenv("PATH") : "");
    setenv("PATH", path, 1);
    if (access(NB_SCHEMA, R_OK) || system("command -v ovsdb-server ovsdb-tool >/dev/null")) {
        fprintf(stderr, "skipped: no ovsdb-server, ovsdb-tool or %s\n", NB_SCHEMA);
        exit(77);
    }
}

#endif /* guest_server.h */
