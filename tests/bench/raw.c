/* bench-raw SOCKET FILE: sends the bytes of a file, one JSON-RPC request, over a connection that is
 * there already and prints as JSON how long it took until the answer was complete: {"ms": TIME}.
 * This is as fast as anybody can be: nothing is composed and nothing is understood. */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static int connect_to(const char *path)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address)) {
        fail(path);
    }
    return fd;
}

static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "r");
    char *bytes;

    if (!file || fseek(file, 0, SEEK_END)) {
        fail(path);
    }
    *size = (size_t)ftell(file);
    rewind(file);
    bytes = malloc(*size);
    if (!bytes || fread(bytes, 1, *size, file) != *size) {
        fail(path);
    }
    fclose(file);
    return bytes;
}

static void send_all(int fd, const char *bytes, size_t size)
{
    while (size) {
        const ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);

        if (n <= 0) {
            fail("send");
        }
        bytes += n;
        size -= (size_t)n;
    }
}

/* How far one JSON object has come. */
struct scan {
    int depth;
    bool in_string, is_escaped;
};

static bool ends_here(struct scan *scan, char c)
{
    if (scan->in_string) {
        scan->in_string = scan->is_escaped || c != '"';
        scan->is_escaped = !scan->is_escaped && c == '\\';
    } else if (c == '"') {
        scan->in_string = true;
    } else if (c == '{' || c == '[') {
        scan->depth++;
    } else if (c == '}' || c == ']') {
        return --scan->depth == 0;
    }
    return false;
}

/* Reads one answer, of which the last megabytes are left in 'answer'. */
static void receive(int fd, char *answer, size_t size)
{
    struct scan scan = {.depth = 0};
    size_t used = 0;

    for (;;) {
        const ssize_t n = recv(fd, answer + used, size - 1 - used, 0);

        if (n <= 0) {
            fail("recv");
        }
        for (ssize_t i = 0; i < n; i++) {
            if (ends_here(&scan, answer[used + (size_t)i])) {
                answer[used + (size_t)n] = '\0';
                return;
            }
        }
        used += (size_t)n;
    }
}

int main(int argc, char *argv[])
{
    static const char hello[] = "{\"method\":\"list_dbs\",\"params\":[],\"id\":0}";
    static char answer[16 << 20];
    double start;
    size_t size;
    char *bytes;
    int fd;

    if (argc != 3) {
        fputs("usage: bench-raw SOCKET FILE\n", stderr);
        return 2;
    }
    fd = connect_to(argv[1]);
    bytes = read_file(argv[2], &size);
    send_all(fd, hello, sizeof hello - 1);
    receive(fd, answer, sizeof answer);
    start = now();
    send_all(fd, bytes, size);
    receive(fd, answer, sizeof answer);
    printf("{\"ms\": %.4f}\n", now() - start);
    free(bytes);
    close(fd);
    if (strstr(answer, "\"error\":\"")) {
        fprintf(stderr, "bench-raw: %.500s\n", strstr(answer, "\"error\":\""));
        return 1;
    }
    return 0;
}
